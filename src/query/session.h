// Questions to one store, read-only.
//
//   Result<Session> session = Session::open(".headrace", {});
//   Result<ResultTable> table =
//       session->sql("SELECT task_id, used.lr FROM task WHERE generated.loss < 0.1");
//
// The file is held open for reading as long as the session or a table that is still being read is
// there; many readers may hold it at once, but while one does, no fold can write. So open late and
// let go early (ResultTable::collect). A session may be shared by threads; a table may not.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/filter_tree.h"
#include "query/result_table.h"
#include "store/store.h"
#include "store/task_view.h"

namespace headrace::query {

class Session {
 public:
  // Opens what was folded so far. `root`: a folder `.headrace`. Errors: kNotFound when it or its
  // store is not there, kUnavailable when another process goes on writing it, kCorrupt when the
  // file is damaged.
  static Result<Session> open(const std::filesystem::path& root,
                              const store::StoreOptions& options = {});
  // Questions to a store that is open already, as a fold leaves it.
  static Session over(std::filesystem::path root, store::Store store);

  // Runs one SELECT (or FROM, WITH, VALUES, DESCRIBE, SHOW, SUMMARIZE, EXPLAIN) as it stands. In
  // the view `task`, `used.KEY` and `generated.KEY` are typed columns: NULL where a task has no
  // such value, an error with the nearest names where no task ever had. Rows come as they are
  // computed. Errors: kInvalidArgument, with DuckDB's words and the place in the text.
  Result<ResultTable> sql(const std::string& text) const;

  // The same, with only those tasks in the view `task` that `filter` takes.
  Result<ResultTable> sql(const std::string& text, const Filter& filter) const;
  // The same, where the caller knows which view `task` the text needs (or none, then it reads the
  // stored views).
  Result<ResultTable> sql(const std::string& text, const store::TaskView* view,
                          const store::Registry& keys) const;
  // The same on a connection of this session, with temporary tables on it that the view may read.
  static Result<ResultTable> sql(const std::string& text, const store::TaskView* view,
                                 const store::Registry& keys, store::Connection connection);

  // The same for SQL of our own that does not read the view `task` and so need not be looked
  // through, however long it is.
  Result<ResultTable> own_sql(const std::string& text) const;

  // Rows at once, for questions that the rooms ask themselves.
  Result<std::vector<std::vector<Cell>>> rows(const std::string& text) const;

  // Every key of `used` or `generated` that any task ever had, sorted.
  Result<std::vector<std::string>> keys(bool generated) const;

  const std::filesystem::path& root() const { return root_; }
  // For questions that need no view `task`: one more connection.
  Result<store::Connection> connect() const { return store_->connect(); }
  const store::Store& store() const { return *store_; }
  // What had to be done to open the store, or why it shows less than there is. Mostly empty.
  const std::string& note() const { return store_->note(); }

 private:
  Result<ResultTable> run(const std::string& text, const Filter* filter) const;
  Session(std::filesystem::path root, store::Store store)
      : root_(std::move(root)),
        store_(std::make_shared<store::Store>(std::move(store))),
        known_(std::make_shared<Known>()) {}
  // What the store held when the first question was asked: while it is open nothing writes to it.
  Result<std::shared_ptr<const store::Registry>> registry(const store::Connection& using_it,
                                                          bool with_keys) const;
  struct Known {
    std::mutex mutex;
    std::shared_ptr<const store::Registry> registry;
  };
  std::filesystem::path root_;
  std::shared_ptr<store::Store> store_;
  std::shared_ptr<Known> known_;
};

// The views that a reader may rely on.
const std::vector<std::string>& view_names();

}  // namespace headrace::query
