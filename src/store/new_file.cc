#include "store/new_file.h"

#include <atomic>
#include <string>
#include <system_error>
#include <unistd.h>

#include "store/database.h"

namespace headrace::store {

namespace fs = std::filesystem;

Status make_file_if_absent(const fs::path& file) {
  static std::atomic<int> made{0};
  std::error_code error;
  if (fs::exists(file, error)) return {};
  const fs::path beside =
      file.string() + ".new-" + std::to_string(getpid()) + "-" + std::to_string(made++);
  Status opened;
  {
    DatabaseOptions options;
    options.mode = OpenMode::kReadWrite;
    opened = Database::open(beside, options).status();
  }
  if (opened.ok()) static_cast<void>(link(beside.c_str(), file.c_str()));
  fs::remove(beside, error);
  fs::remove(beside.string() + ".wal", error);
  return opened;
}

}  // namespace headrace::store
