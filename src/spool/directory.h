// The folder `.headrace`: where it is, what lies in it.
#pragma once

#include <filesystem>
#include <vector>

#include "base/file_system.h"
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
Status create_directory(const Directory& directory, FileSystem& files = FileSystem::current());
// The same; 0 or minus errno. `synced`: the new names are on the medium when it returns.
int make_directory(const Directory& directory, FileSystem& files, bool synced);

// Makes `folder` and what is missing above it; 0 or minus errno.
int make_folders(FileSystem& files, const std::filesystem::path& folder, bool synced);

// The folder below `fallback` that segments of `directory` go to when its own spool refuses.
std::filesystem::path fallback_spool(const Directory& directory,
                                     const std::filesystem::path& fallback);
// Writes into the spool where its second folder is, for collectors that are not told.
int note_fallback(const Directory& directory, const std::filesystem::path& folder,
                  FileSystem& files);
// Every folder that may hold segments of `directory`: its spool, those noted in it, and the one of
// HEADRACE_SPOOL_FALLBACK.
std::vector<std::filesystem::path> spool_folders(const Directory& directory);

}  // namespace headrace
