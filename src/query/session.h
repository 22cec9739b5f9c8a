// Questions to one store, read-only.
//
//   Result<Session> session = Session::open("/work/.headrace", {});
//   Result<ResultTable> table =
//       session->sql("SELECT task_id, used.lr FROM task WHERE generated.loss < 0.1");
//
// The file is held open for reading as long as the session or a table that is still being read is
// there; many readers may hold it at once, but while one does, no fold can write. So open late and
// let go early (ResultTable::collect). A session may be shared by threads; a table may not.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/result_table.h"
#include "store/database.h"

namespace headrace::query {

struct SessionOptions {
  std::string memory_limit = "2GB";
  int threads = 2;
  // How long to try when another process is writing the store.
  int wait_ms = 10'000;
};

class Session {
 public:
  // `root`: a folder `.headrace`. Errors: kNotFound when it or its store is not there, kUnavailable
  // when another process goes on writing it, kCorrupt when the file is damaged.
  static Result<Session> open(const std::filesystem::path& root, const SessionOptions& options = {});
  // Questions to a database that is open already (tests; a collector's own).
  static Session over(std::filesystem::path root, store::Database database);

  // Runs one SELECT (or FROM, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN) as it stands. In the
  // view `task`, `used.KEY` and `generated.KEY` are typed columns: NULL where a task has no such
  // value, an error with the nearest names where no task ever had. Rows come as they are computed.
  // Errors: kInvalidArgument, with DuckDB's words and the place in the text.
  Result<ResultTable> sql(const std::string& text) const;

  // Rows at once, for questions that the rooms ask themselves.
  Result<std::vector<std::vector<Cell>>> rows(const std::string& text) const;

  // Every key of `used` or `generated` that any task ever had, sorted.
  Result<std::vector<std::string>> keys(bool generated) const;

  const std::filesystem::path& root() const { return root_; }
  const store::Database& database() const { return database_; }

 private:
  Session(std::filesystem::path root, store::Database database)
      : root_(std::move(root)), database_(std::move(database)) {}
  std::filesystem::path root_;
  store::Database database_;
};

// The views that a reader may rely on.
const std::vector<std::string>& view_names();

}  // namespace headrace::query
