// Opens a store's file, waiting for a process that has it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "store/database.h"

namespace headrace::store {

struct StoreOptions {
  // How long to wait for another process that holds the file.
  int wait_ms = 5000;
  // Told once why, when the wait has lasted a second. May be empty.
  std::function<void(const std::string&)> on_wait = nullptr;
  std::string memory_limit = "1GB";
  int threads = 2;
};

// A file that takes another's place (compaction, a store built again) does so while its maker holds
// the old one: what is opened here is the file that has the name.
Result<Database> open_waiting(const std::filesystem::path& file, OpenMode mode,
                              const StoreOptions& options);

}  // namespace headrace::store
