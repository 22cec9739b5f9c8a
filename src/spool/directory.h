// The folder `.headrace`: where it is, what lies in it.
#pragma once

#include <filesystem>

#include "base/status.h"

namespace headrace {

struct Directory {
  std::filesystem::path root;  // absolute

  std::filesystem::path spool() const { return root / "spool"; }
  std::filesystem::path store() const { return root / "store.duckdb"; }
  std::filesystem::path quarantine() const { return root / "quarantine"; }
  std::filesystem::path blobs() const { return root / "blobs"; }
};

// HEADRACE_DIR, else the nearest `.headrace` from `from` upward, else `from`/.headrace (which may
// not exist yet). Never creates anything.
Directory find_directory(const std::filesystem::path& from = std::filesystem::current_path());

// Makes the folder, its .gitignore and its spool. Errors say which path and what to set instead.
Status create_directory(const Directory& directory);

}  // namespace headrace
