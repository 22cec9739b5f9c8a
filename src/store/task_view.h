// The SQL of the view `task` (or of one that stands in for it during a query).
//
// A view that offers every key of every activity is slow to plan and to run, so a query gets a view
// of the keys it touches:
//
//   TaskView view;
//   view.used = {"lr"}; view.generated = {"loss"}; view.columns = {"task_id", "activity"};
//   connection.run(task_view_sql(*registry, view));     // CREATE OR REPLACE TEMP VIEW task AS ...
//
// then `SELECT task_id, used.lr FROM task WHERE generated.loss < 0.1` runs on plain columns. A key
// must be in the registry (Registry::knows); one that is absent in a row is NULL there.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/id.h"
#include "store/registry.h"

namespace headrace::store {

// A key and the path under which the view offers it: used.a.b for the key "a.b" is the path
// {"a", "b"}. An empty path: the key itself is the name.
struct TouchedKey {
  TouchedKey(std::string key_name) : key(std::move(key_name)) {}  // NOLINT: implicit by design
  TouchedKey(const char* key_name) : key(key_name) {}             // NOLINT
  TouchedKey(std::string key_name, std::vector<std::string> under)
      : key(std::move(key_name)), path(std::move(under)) {}
  std::string key;
  std::vector<std::string> path;
};

// One more column: an expression on rows aliased `t` and on the pages that it needs, aliased
// `p<page>`; what `join` adds to FROM, once for all columns with an equal one.
struct ExtraColumn {
  std::string name;
  std::string sql;
  std::set<uint16_t> pages = {};
  std::string join = {};
};

struct TaskView {
  std::string name = "task";
  bool temporary = true;
  // Core columns that the query touches, of kTaskColumns; empty: all of them. Each that needs a
  // join costs a little.
  std::set<std::string> columns = {};
  // Touched keys. Not empty: the column is a struct of exactly these, typed.
  std::vector<TouchedKey> used = {};
  std::vector<TouchedKey> generated = {};
  // Instead: the column is the JSON object of all values.
  bool used_json = false;
  bool generated_json = false;
  // Only this task, if it is there.
  std::optional<Uuid> only = std::nullopt;
  std::vector<ExtraColumn> extra = {};
  // A condition on the columns producer and seq of `t`, by which rows are left out first of all.
  std::string where = {};
};

// Names of the core columns, in the view's order ("used" and "generated" not among them).
const std::vector<std::string>& task_columns();

// Whether its text depends on which keys were captured: not so when all its columns are core ones
// that are no JSON.
bool needs_keys(const TaskView& view);
std::string task_view_sql(const Registry& registry, const TaskView& view);
// The SELECT of such a view alone, to stand in another query.
std::string task_select_sql(const Registry& registry, const TaskView& view);
// The stored view: every column, values as JSON; it depends on what the registry holds only by the
// number of exclusive columns.
std::string stored_task_view_sql(int exclusive_columns);

// SQL for one captured value on rows aliased `t`, its pages on rows aliased `p<page>`:
// d0, or a CASE over schemas and types. Numbers of different types become DOUBLE, text among
// numbers is read as a number or NULL; else VARCHAR unless all values have one type.
std::string value_sql(const Registry& registry, Role role, const std::string& key);

// How a FROM offers the columns of places, and whether no other key's values stand in one.
struct PlaceColumns {
  std::function<std::string(const Place&)> name;
  std::function<bool(const Place&)> is_alone;
};
// The same of a key that has stood in these places only.
std::string value_sql(const std::vector<Place>& places, Role role, const std::string& key,
                      const PlaceColumns& columns);

// The values of a key that are of one class; a key may have had values of several.
enum class ValueClass : uint8_t {
  kNumber,  // integers and decimals of any size
  kText,
  kBool,
  kTime,     // ns since the epoch
  kNested,   // JSON text of a list or map
  kRecorded  // true where there is an entry, be it null
};

struct ClassSql {
  std::string sql;   // "" when no value of the key is of this class; else NULL in rows without
  std::string type;  // BIGINT, HUGEINT, DOUBLE, VARCHAR or BOOLEAN
  std::set<uint16_t> pages;
};
// As value_sql, of one class only.
ClassSql class_sql(const Registry& registry, Role role, const std::string& key, ValueClass wanted);

}  // namespace headrace::store
