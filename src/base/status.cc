#include "base/status.h"

#include <cerrno>
#include <system_error>

namespace headrace {

Status io_error(const std::string& what, int error_number) {
  const StatusCode code = error_number == ENOENT ? StatusCode::kNotFound : StatusCode::kIo;
  return {code, what + ": " + std::generic_category().message(error_number)};
}

}  // namespace headrace
