// A store's file that no process writes as long as this object lives, whatever its version.
//
//   Result<HeldStore> held = HeldStore::open(file, options);
//   ... copy what lies beside it ...
//   Status copied = std::move(*held).copy_to(elsewhere);
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "store/open_waiting.h"

namespace headrace::store {

class HeldStore {
 public:
  // Others may read it meanwhile; not with kReadWrite, which also leaves no log beside the file.
  // Errors: those of Store::open read-only, but an older schema version is none; kCorrupt for a
  // file without a version.
  static Result<HeldStore> open(const std::filesystem::path& file, const StoreOptions& options,
                                OpenMode mode = OpenMode::kReadOnly);

  int schema_version() const { return schema_version_; }
  // How many rows each table has.
  Result<std::map<std::string, int64_t>> row_counts() const;
  // The names of the segments that it was folded from.
  Result<std::vector<std::string>> folded_segments() const;
  // Copies the file and its log, and lets go.
  Status copy_to(const std::filesystem::path& to) &&;

 private:
  HeldStore(std::filesystem::path file, Connection connection)
      : file_(std::move(file)), connection_(std::move(connection)) {}
  std::filesystem::path file_;
  Connection connection_;  // keeps the database open
  int schema_version_ = 0;
};

}  // namespace headrace::store
