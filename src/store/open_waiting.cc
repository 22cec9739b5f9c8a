#include "store/open_waiting.h"

#include <algorithm>
#include <chrono>
#include <sys/stat.h>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "store/new_file.h"

namespace headrace::store {
namespace {

constexpr int64_t kSilentWait_ns = 1'000'000'000;

// Which file has this name now; zeros: none.
std::pair<dev_t, ino_t> identity_of(const std::filesystem::path& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return {};
  return {facts.st_dev, facts.st_ino};
}

}  // namespace

Result<Database> open_waiting(const std::filesystem::path& file, OpenMode mode,
                              const StoreOptions& options) {
  DatabaseOptions of_database;
  of_database.mode = mode;
  of_database.memory_limit = options.memory_limit;
  of_database.threads = options.threads;
  const int64_t from_ns = now_monotonic_ns();
  const int64_t until_ns = from_ns + int64_t{options.wait_ms} * 1'000'000;
  bool is_told = options.on_wait == nullptr;
  for (int pause_ms = 5;; pause_ms = std::min(2 * pause_ms, 100)) {
    if (mode == OpenMode::kReadWrite) HEADRACE_RETURN_IF_ERROR(make_file_if_absent(file));
    const auto before = identity_of(file);
    Result<Database> database = Database::open(file, of_database);
    if (database.ok() && before.second != 0 && identity_of(file) != before) continue;
    if (database.ok() || database.status().code() != StatusCode::kUnavailable ||
        now_monotonic_ns() >= until_ns) {
      return database;
    }
    if (!is_told && now_monotonic_ns() - from_ns >= kSilentWait_ns) {
      const std::string& why = database.status().message();
      options.on_wait("waiting: " + why.substr(0, why.rfind("; try again")));
      is_told = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
  }
}

}  // namespace headrace::store
