#include "spool/directory.h"

#include <cstdlib>
#include <fstream>
#include <system_error>

namespace headrace {
namespace fs = std::filesystem;

Directory find_directory(const fs::path& from) {
  std::error_code ignored;
  if (const char* set = std::getenv("HEADRACE_DIR"); set != nullptr && *set != '\0') {
    return {fs::absolute(set, ignored).lexically_normal()};
  }
  for (fs::path at = from;; at = at.parent_path()) {
    if (fs::is_directory(at / ".headrace", ignored)) return {at / ".headrace"};
    if (at == at.parent_path()) break;
  }
  return {from / ".headrace"};
}

Status create_directory(const Directory& directory) {
  std::error_code error;
  fs::create_directories(directory.spool(), error);
  if (error) {
    return {StatusCode::kIo, "cannot create " + directory.spool().string() + ": " +
                                 error.message() + "; set HEADRACE_DIR to a folder you may write"};
  }
  // Captured runs are data, not source: the folder hides itself from git.
  const fs::path ignore = directory.root / ".gitignore";
  if (!fs::exists(ignore, error)) std::ofstream(ignore) << "*\n";
  return {};
}

}  // namespace headrace
