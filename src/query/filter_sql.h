// A filter as SQL on one of the store's views.
//
//   FilterSql sql(FilterView::kTask, registry, now_ns);
//   Result<std::string> condition = sql.condition(filter);
//   session.sql("SELECT task_id FROM task WHERE " + *condition, sql.task_view());
//
// Every text of the filter comes into SQL as a literal or a quoted name, never as it stands.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/filter_access.h"
#include "query/filter_fields.h"
#include "query/filter_tree.h"
#include "store/registry.h"
#include "store/task_view.h"

namespace headrace::query {

class FilterSql {
 public:
  // `registry` outlives this. `now_ns`: what `today` and `-2h` count from.
  FilterSql(FilterView view, const store::Registry& registry, int64_t now_ns);

  // True for the rows that the filter takes; NULL or false for the others. A value that no task has
  // is absent in every row. Errors: kInvalidArgument for a field that the view does not have (in a
  // tree that was not read from text).
  Result<std::string> condition(const Filter& filter);

  // A column: {"task_id"}, {"used", "lr"}, {"used"}. As an SQL expression, typed.
  Result<std::string> column(const std::vector<std::string>& path);

  // What stands for the view `task` under all that was given; add columns before it is used.
  const store::TaskView& task_view() const { return task_view_; }
  // What stands after FROM.
  std::string from() const;
  // A column of the stored rows: "ts", "seq", "rowid", as an SQL expression.
  std::string raw(const std::string& column);

 private:
  Result<std::string> field_condition(const Filter& filter);
  std::string search_condition(const Filter& filter);
  std::string task_condition(const FilterField& field, const Filter& filter);
  std::string named_activities(const Filter& filter);
  std::string among(const std::string& column, const std::string& from, const FilterAccess& access,
                    const Filter& filter);
  std::string id_condition(const std::string& column, const Filter& filter) const;
  std::string task_id_condition(const Filter& filter);
  FilterAccess captured(Role role, const std::vector<std::string>& path);
  std::string extra(const std::string& name, const std::string& sql,
                    const std::set<uint16_t>& pages = {}, const std::string& join = "");
  std::string core(const std::string& column);
  std::string energy();

  FilterView view_;
  const store::Registry& registry_;
  int64_t now_ns_;
  store::TaskView task_view_;
  bool counts_tasks_ = false;  // of workflows
};

// SQL that makes the temporary view `task` as `view` has it, of the tasks that the filter takes.
Result<std::string> filtered_view_sql(const store::Registry& registry, const store::TaskView& view,
                                      const Filter& filter);

// The key that a path means and how many of its names it takes: used.cfg.lr is the key "cfg.lr" if
// there is one, else lr inside cfg. Of keys that differ in case only, the one spelt alike. Nothing
// when no task has either.
struct KeyPath {
  std::string key;
  size_t names = 0;
};
std::optional<KeyPath> key_path(const store::Registry& registry, Role role,
                                const std::vector<std::string>& names);

}  // namespace headrace::query
