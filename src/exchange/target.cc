#include "exchange/target.h"

#include <system_error>

namespace headrace::exchange {

Status may_write(const std::filesystem::path& path, bool force) {
  std::error_code error;
  if (force || !std::filesystem::exists(std::filesystem::symlink_status(path, error))) return {};
  return invalid_argument(path.string() +
                          " is there already and is left as it is; name another "
                          "place, or say --force to replace it");
}

Result<WholeFile> open_target(const std::filesystem::path& path, bool force) {
  HEADRACE_RETURN_IF_ERROR(may_write(path, force));
  return WholeFile::open(path);
}

}  // namespace headrace::exchange
