// The store: one DuckDB file with the tables and views of schema.h.
//
//   Result<Store> store = Store::open(directory.store(), OpenMode::kReadWrite);
//   Result<QueryResult> rows = store->connection().query("SELECT name FROM workflow");
//
// Reading commands do not call this: collect/open.h folds what is new, then gives them a Store.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "store/open_waiting.h"

namespace headrace::store {

class Store {
 public:
  // Read-write makes the file if there is none; migrates an older one; moves a damaged one aside
  // and starts anew. What was done stands in note(). Errors: kNotFound (read-only, no file),
  // kUnavailable (held by another process), kUnsupported (a newer schema; an older one, read-only
  // or where no migration leads here: collect/rebuild.h), kCorrupt (damaged, read-only), kIo.
  static Result<Store> open(const std::filesystem::path& file, OpenMode mode,
                            const StoreOptions& options = {});
  // In memory, with the schema. For a folder that cannot be written, and for tests.
  static Result<Store> open_in_memory(const StoreOptions& options = {});

  // Renames a store file that is of no use to "<name>.damaged-<n>", its log with it, and says so in
  // a sentence. No Store may have it open.
  static Result<std::string> move_aside(const std::filesystem::path& file, const Status& why);

  const Connection& connection() const { return connection_; }
  // One more, for another thread.
  Result<Connection> connect() const { return database_.connect(); }
  const std::filesystem::path& file() const { return file_; }
  OpenMode mode() const { return mode_; }
  // For a person: what had to be done to open it, or why it shows less than there is. Mostly empty.
  const std::string& note() const { return note_; }
  void add_note(const std::string& sentence);
  // Something that goes only after the file is closed.
  void keep(std::shared_ptr<void> until_closed) { kept_ = std::move(until_closed); }

 private:
  Store(Database database, Connection connection, std::filesystem::path file, OpenMode mode)
      : database_(std::move(database)),
        connection_(std::move(connection)),
        file_(std::move(file)),
        mode_(mode) {}
  Status check_version();

  std::shared_ptr<void> kept_;  // first: goes last
  Database database_;
  Connection connection_;
  std::filesystem::path file_;
  OpenMode mode_;
  std::string note_;
};

}  // namespace headrace::store
