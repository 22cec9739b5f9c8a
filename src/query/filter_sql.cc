#include "query/filter_sql.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "base/ascii_case.h"
#include "base/clock.h"
#include "model/status.h"
#include "query/task_joules.h"

namespace headrace::query {
namespace {

using store::sql_name;
using store::ValueClass;

bool is_equality(FilterOp op) {
  return op == FilterOp::kIs || op == FilterOp::kEqual || op == FilterOp::kNotEqual;
}

// Do all the values name one thing each?
bool all_names(const Filter& filter) {
  return is_equality(filter.op) &&
         std::all_of(filter.values.begin(), filter.values.end(), [](const FilterValue& v) {
           return v.kind == FilterValue::Kind::kWord || v.kind == FilterValue::Kind::kText;
         });
}

std::string in_list(const std::string& column, FilterOp op, const std::vector<std::string>& items) {
  if (items.empty()) return op == FilterOp::kNotEqual ? column + " IS NOT NULL" : "false";
  std::string out = column + (op == FilterOp::kNotEqual ? " NOT IN (" : " IN (");
  for (size_t i = 0; i < items.size(); ++i) out += (i > 0 ? ", " : "") + items[i];
  return out + ")";
}

std::string status_condition(const std::string& column, const Filter& filter) {
  std::vector<std::string> numbers;
  for (const FilterValue& value : filter.values) {
    const auto& names = status_names();
    const auto found = std::find(names.begin(), names.end(), value.text);
    if (found != names.end()) numbers.push_back(std::to_string(found - names.begin()));
  }
  return in_list(column, filter.op, numbers);
}

bool is_hex(std::string_view text, size_t least) {
  return text.size() >= least &&
         text.find_first_not_of("0123456789abcdefABCDEF-") == std::string_view::npos;
}

// The beginning of `column`, or with ".." its beginning and end.
std::string begins_sql(const std::string& column, const std::string& text) {
  const size_t dots = text.find("..");
  std::string out =
      "starts_with(" + column + ", lower(" + store::sql_text(text.substr(0, dots)) + "))";
  if (dots == std::string::npos) return out;
  return "(" + out + " AND ends_with(" + column + ", lower(" +
         store::sql_text(text.substr(dots + 2)) + ")))";
}

// Words as they are looked for in names.
std::string contains_sql(const std::string& column, const FilterValue& value) {
  if (value.kind == FilterValue::Kind::kPattern) return column + " ILIKE " + like_sql(value.text);
  return "contains(lower(" + column + "), lower(" + store::sql_text(value.text) + "))";
}

std::string error_text(const std::string& json) {
  return "concat_ws(': ', " + json + "->>'$.type', " + json + "->>'$.message')";
}

// The values as SQL, where each is a whole UUID and one of them is to be met; else "".
std::string whole_ids(const Filter& filter) {
  std::string out;
  if (!all_names(filter) || filter.op == FilterOp::kNotEqual) return out;
  for (const FilterValue& value : filter.values) {
    if (value.text.size() != 36 || !Uuid::parse(value.text)) return "";
    out += (out.empty() ? "'" : ", '") + value.text + "'";
  }
  return out;
}

}  // namespace

std::optional<KeyPath> key_path(const store::Registry& registry, Role role,
                                const std::vector<std::string>& names) {
  for (size_t count = names.size(); count > 0; --count) {
    std::string key;
    for (size_t i = 0; i < count; ++i) key += (i > 0 ? "." : "") + names[i];
    if (registry.knows(role, key)) return KeyPath{key, count};
    std::vector<std::string> alike;
    for (const auto& [known, places] : registry.keys(role)) {
      if (same_but_for_case(known, key)) alike.push_back(known);
    }
    if (alike.size() == 1) return KeyPath{alike[0], count};
  }
  return std::nullopt;
}

FilterSql::FilterSql(FilterView view, const store::Registry& registry, int64_t now_ns)
    : view_(view), registry_(registry), now_ns_(now_ns) {
  task_view_.columns = {"attempt"};  // none at all would mean every one
}

Result<std::string> filtered_view_sql(const store::Registry& registry, const store::TaskView& view,
                                      const Filter& filter) {
  FilterSql sql(FilterView::kTask, registry, now_realtime_ns());
  const Result<std::string> condition = sql.condition(filter);
  if (!condition.ok()) return condition;
  store::TaskView whole = view;
  whole.name = "task with filter";
  whole.extra = sql.task_view().extra;
  if (!whole.columns.empty()) {
    whole.columns.insert(sql.task_view().columns.begin(), sql.task_view().columns.end());
  }
  std::string columns;
  for (const std::string& column : store::task_columns()) {
    if (!view.columns.empty() && !view.columns.contains(column)) continue;
    columns += (columns.empty() ? "" : ", ") + sql_name(column);
    if (column != "duration_s") continue;
    if (view.used_json || !view.used.empty()) columns += ", used";
    if (view.generated_json || !view.generated.empty()) columns += ", generated";
  }
  if (columns.find("duration_s") == std::string::npos) {
    if (view.used_json || !view.used.empty()) columns += ", used";
    if (view.generated_json || !view.generated.empty()) columns += ", generated";
  }
  return store::task_view_sql(registry, whole) + "; CREATE OR REPLACE TEMP VIEW task AS SELECT " +
         columns + " FROM " + sql_name(whole.name) + " WHERE " + *condition;
}

Result<std::string> FilterSql::condition(const Filter& filter) {
  switch (filter.kind) {
    case Filter::Kind::kField: return field_condition(filter);
    case Filter::Kind::kSearch: return search_condition(filter);
    case Filter::Kind::kNot: {
      Result<std::string> inner = condition(filter.parts[0]);
      if (!inner.ok()) return inner;
      return "NOT coalesce(" + *inner + ", false)";
    }
    case Filter::Kind::kAll:
    case Filter::Kind::kAny: break;
  }
  const bool any = filter.kind == Filter::Kind::kAny;
  if (filter.parts.empty()) return std::string(any ? "false" : "true");
  std::string out;
  for (const Filter& part : filter.parts) {
    Result<std::string> one = condition(part);
    if (!one.ok()) return one;
    out += (out.empty() ? "(" : any ? " OR " : " AND ") + *one;
  }
  return out + ")";
}

std::string FilterSql::extra(const std::string& name, const std::string& sql,
                             const std::set<uint16_t>& pages, const std::string& join) {
  auto& all = task_view_.extra;
  const auto found = std::find_if(all.begin(), all.end(), [&](const store::ExtraColumn& c) {
    return c.sql == sql && c.join == join;
  });
  if (found != all.end()) return sql_name(found->name);
  // SQL's names are equal whatever their case.
  std::string unique = name;
  const auto taken = [&] {
    return std::any_of(all.begin(), all.end(), [&](const store::ExtraColumn& c) {
      return same_but_for_case(c.name, unique);
    });
  };
  for (int n = 2; taken(); ++n) unique = name + " (" + std::to_string(n) + ")";
  all.push_back({unique, sql, pages, join});
  return sql_name(unique);
}

std::string FilterSql::raw(const std::string& column) { return extra("#" + column, "t." + column); }

std::string FilterSql::core(const std::string& column) {
  task_view_.columns.insert(column);
  return sql_name(column);
}

std::string FilterSql::energy() {
  return extra("energy_j", "en.joules", {}, task_joules_join("true"));
}

FilterAccess FilterSql::captured(Role role, const std::vector<std::string>& path) {
  FilterAccess out;
  const auto key = key_path(registry_, role, {path.begin() + 1, path.end()});
  if (!key) return out;
  const std::string name = path[0] + "." + key->key;
  const auto column = [&](ValueClass wanted, const char* word) -> std::string {
    const store::ClassSql sql = store::class_sql(registry_, role, key->key, wanted);
    if (wanted == ValueClass::kNumber) out.is_real = sql.type == "DOUBLE";
    return sql.sql.empty() ? "" : extra(name + word, sql.sql, sql.pages);
  };
  out.inside.assign(path.begin() + 1 + static_cast<long>(key->names), path.end());
  out.document = column(ValueClass::kNested, " nested");
  if (!out.inside.empty()) return out;
  out.number = column(ValueClass::kNumber, " number");
  out.text = column(ValueClass::kText, " text");
  out.truth = column(ValueClass::kBool, " truth");
  out.time_ns = column(ValueClass::kTime, " time");
  out.recorded = column(ValueClass::kRecorded, " recorded");
  return out;
}

// Rows whose number in `column` is one that a small table gives for the condition.
std::string FilterSql::among(const std::string& column, const std::string& from,
                             const FilterAccess& access, const Filter& filter) {
  const auto found = [&](FilterOp op, const std::vector<FilterValue>& values) {
    return raw(column) + " IN (SELECT " + from + " WHERE " +
           comparison_sql(access, op, values, now_ns_) + ")";
  };
  const auto is_null = [](const FilterValue& v) { return v.kind == FilterValue::Kind::kNull; };
  if (std::none_of(filter.values.begin(), filter.values.end(), is_null)) {
    return found(filter.op, filter.values);
  }
  // A row without is none that the small table has.
  const std::string absent = "NOT coalesce(" + found(FilterOp::kIs, {FilterValue{}}) + ", false)";
  std::vector<FilterValue> others;
  std::remove_copy_if(filter.values.begin(), filter.values.end(), std::back_inserter(others),
                      is_null);
  if (filter.op == FilterOp::kLess || filter.op == FilterOp::kGreater) return "false";
  if (filter.op == FilterOp::kNotEqual) return found(FilterOp::kNotEqual, others);
  return others.empty() ? absent : "(" + absent + " OR " + found(filter.op, others) + ")";
}

std::string FilterSql::named_activities(const Filter& filter) {
  std::vector<std::string> ids;
  for (const FilterValue& value : filter.values) {
    for (const uint32_t id : registry_.activity_ids(value.text)) ids.push_back(std::to_string(id));
  }
  return in_list(raw("activity"), filter.op, ids);
}

std::string FilterSql::id_condition(const std::string& column, const Filter& filter) const {
  if (!all_names(filter)) {
    FilterAccess access;
    access.text = column;
    return comparison_sql(access, filter.op, filter.values, now_ns_);
  }
  std::string out;
  for (const FilterValue& value : filter.values) {
    out += (out.empty() ? "(" : " OR ") + begins_sql(column, value.text);
  }
  out += ")";
  if (filter.op != FilterOp::kNotEqual) return out;
  return "(" + column + " IS NOT NULL AND NOT " + out + ")";
}

// A whole UUID of a task is its producer and number, which are stored so.
std::string FilterSql::task_id_condition(const Filter& filter) {
  std::string numbers;
  std::string pairs;
  bool whole = all_names(filter) && filter.op != FilterOp::kNotEqual && !filter.values.empty();
  if (!whole) return id_condition(core("task_id") + "::VARCHAR", filter);
  for (const FilterValue& value : filter.values) {
    std::string digits = value.text;
    whole &= digits.size() == 36 && is_hex(digits, 36);
    std::erase(digits, '-');
    whole &= digits.size() == 32;
    if (!whole) return id_condition(core("task_id") + "::VARCHAR", filter);
    const uint64_t low = std::strtoull(digits.substr(16).c_str(), nullptr, 16);
    const std::string number = std::to_string(low & ~(uint64_t{1} << 63));
    numbers += (numbers.empty() ? "" : ", ") + number;
    pairs += (pairs.empty() ? "('" : ", ('") + digits.substr(0, 16) + "', " + number + ")";
  }
  // The numbers alone leave out most rows before anything is computed of them.
  return "(" + raw("seq") + " IN (" + numbers + ") AND (" + raw("producer") + ", " + raw("seq") +
         ") IN (SELECT (p.producer, v.seq) FROM (VALUES " + pairs +
         ") v(prefix, seq) JOIN producer_row p ON lower(p.prefix) = lower(v.prefix)))";
}

std::string FilterSql::task_condition(const FilterField& field, const Filter& filter) {
  const auto compared = [&](const FilterAccess& access) {
    return comparison_sql(access, filter.op, filter.values, now_ns_);
  };
  FilterAccess access;
  if (field.name == "activity") {
    if (all_names(filter)) return named_activities(filter);
    access.text = "name";
    return among("activity", "activity FROM activity_row", access, filter);
  }
  if (field.name == "workflow") {
    // Whole ids need no look at names, and leave out whole blocks of tasks.
    if (const std::string ids = whole_ids(filter); !ids.empty()) {
      return raw("wf") + " IN (SELECT wf FROM workflow_row WHERE workflow IN (" + ids + "))";
    }
    access.text = "name";
    std::string out = among("wf", "wf FROM workflow_row", access, filter);
    for (const FilterValue& value : filter.values) {
      if (!all_names(filter) || filter.op == FilterOp::kNotEqual || !is_hex(value.text, 4))
        continue;
      out += " OR " + raw("wf") + " IN (SELECT wf FROM workflow_row WHERE " +
             begins_sql("workflow::VARCHAR", value.text) + ")";
    }
    return "(" + out + ")";
  }
  if (field.name == "campaign") {
    access.text = "c.name";
    return among("wf", "w.wf FROM workflow_row w JOIN campaign_row c ON c.campaign = w.campaign",
                 access, filter);
  }
  if (field.name == "hostname") {
    access.text = "hostname";
    return among("producer", "producer FROM producer_row", access, filter);
  }
  if (field.name == "pid" || field.name == "rank") {
    access.number = field.name;
    return among("producer", "producer FROM producer_row", access, filter);
  }
  if (field.name == "id") return task_id_condition(filter);
  if (field.kind == FieldKind::kStatus && all_names(filter)) {
    return status_condition(raw("status"), filter);
  }
  if (field.name == "started") {
    access.time_ns = raw("ts");
  } else if (field.name == "ended") {
    access.time_ns = extra("#end", "t.ts + t.dur");
  } else if (field.name == "duration") {
    access.number = raw("dur");
    access.scale = 1e9;
  } else if (field.name == "energy") {
    access.number = energy();
    access.is_real = true;
  } else if (field.name == "error") {
    core("error");
    access.text = "nullif(" + error_text("error") + ", '')";
  } else if (field.kind == FieldKind::kNumber) {
    access.number = core(std::string(field.column));
  } else {
    access.text = core(std::string(field.column));
  }
  return compared(access);
}

Result<std::string> FilterSql::field_condition(const Filter& filter) {
  const FilterField* field = filter.path.empty() ? nullptr : find_field(view_, filter.path[0]);
  const bool takes_apart =
      field != nullptr && (field->kind == FieldKind::kValues || field->kind == FieldKind::kTags);
  if (field == nullptr || (filter.path.size() > 1) != takes_apart) {
    return invalid_argument(std::string(plural_of(view_)) + " have no field " +
                            path_text(filter.path));
  }
  if (view_ == FilterView::kTask) {
    if (field->name == "parent") return id_condition(core("parent_task_id") + "::VARCHAR", filter);
    if (!takes_apart) return task_condition(*field, filter);
    return comparison_sql(captured(role_of(field->name), filter.path), filter.op, filter.values,
                          now_ns_);
  }
  FilterAccess access;
  const std::string column = sql_name(field->column);
  counts_tasks_ |= field->name == "tasks";
  switch (field->kind) {
    case FieldKind::kTags:
    case FieldKind::kValues:
      access.document = column;
      access.inside.assign(filter.path.begin() + 1, filter.path.end());
      break;
    case FieldKind::kTime: access.time_ns = "epoch_ns(" + column + ")"; break;
    case FieldKind::kHash: return id_condition(column, filter);
    case FieldKind::kId: return id_condition(column + "::VARCHAR", filter);
    case FieldKind::kNumber:
    case FieldKind::kDuration:
    case FieldKind::kEnergy:
    case FieldKind::kBytes: access.number = column; break;
    default:
      access.text = field->name == "error" ? "nullif(" + error_text(column) + ", '')" : column;
  }
  return comparison_sql(access, filter.op, filter.values, now_ns_);
}

std::string FilterSql::from() const {
  if (view_ != FilterView::kWorkflow || !counts_tasks_) return std::string(name_of(view_));
  return "(SELECT w.*, coalesce(n.tasks, 0)::BIGINT AS tasks FROM workflow w LEFT JOIN (SELECT "
         "r.workflow, sum(t.n) AS tasks FROM (SELECT wf, count(*) AS n FROM task_slots GROUP BY wf "
         "UNION ALL SELECT wf, count(*) FROM open_task GROUP BY wf) t JOIN workflow_row r "
         "ON r.wf = t.wf GROUP BY r.workflow) n ON n.workflow = w.workflow_id)";
}

std::string FilterSql::search_condition(const Filter& filter) {
  const FilterValue& word = filter.values[0];
  const auto contained = [&](std::initializer_list<const char*> columns) {
    std::string out;
    for (const char* column : columns) {
      out +=
          (out.empty() ? "coalesce(" : " OR coalesce(") + contains_sql(column, word) + ", false)";
    }
    return "(" + out + ")";
  };
  switch (view_) {
    case FilterView::kWorkflow: return contained({"name", "campaign", "note"});
    case FilterView::kObject: return contained({"name", "path", "kind"});
    case FilterView::kCampaign: return contained({"name", "note"});
    case FilterView::kTask: break;
  }
  return "(" + raw("activity") + " IN (SELECT activity FROM activity_row WHERE " +
         contained({"name"}) + ") OR " + raw("wf") +
         " IN (SELECT w.wf FROM workflow_row w LEFT JOIN campaign_row c ON "
         "c.campaign = w.campaign WHERE " +
         contained({"w.name", "c.name"}) + "))";
}

Result<std::string> FilterSql::column(const std::vector<std::string>& path) {
  const FilterField* field = path.empty() ? nullptr : find_field(view_, path[0]);
  if (field == nullptr) {
    return invalid_argument(std::string(plural_of(view_)) + " have no column " + path_text(path));
  }
  const bool takes_apart = field->kind == FieldKind::kValues || field->kind == FieldKind::kTags;
  if (!takes_apart && path.size() > 1) {
    return invalid_argument(std::string(field->name) + " has no parts");
  }
  const std::string column_name(field->column);
  const auto inside = [&path](std::string out, size_t from) {
    for (size_t i = from; i < path.size(); ++i) {
      out = "json_extract(" + out + ", " + pointer_sql(path[i]) + ")";
    }
    return out;
  };
  if (view_ != FilterView::kTask) {
    counts_tasks_ |= field->name == "tasks";
    return inside(sql_name(column_name), 1);
  }
  if (path.size() == 1) {
    if (field->name == "used") task_view_.used_json = true;
    if (field->name == "generated") task_view_.generated_json = true;
    const bool is_core = field->kind != FieldKind::kValues || field->name == "attributes";
    if (!is_core) return sql_name(column_name);
    if (field->name == "energy") return energy();
    if (path[0] == "workflow") {
      return extra("workflow", "wn.name", {}, "LEFT JOIN workflow_row wn ON wn.wf = t.wf");
    }
    return core(column_name);
  }
  const Role role = role_of(field->name);
  const auto key = key_path(registry_, role, {path.begin() + 1, path.end()});
  if (!key) return std::string("NULL");
  std::set<uint16_t> pages;
  for (const store::Place& place : *registry_.places(role, key->key)) {
    if (place.page > 0 && place.slot != store::kNoSlot) pages.insert(place.page);
  }
  const std::string out =
      extra(path[0] + "." + key->key, store::value_sql(registry_, role, key->key), pages);
  const size_t from = 1 + key->names;
  return from == path.size() ? out : inside("TRY_CAST(" + out + "::VARCHAR AS JSON)", from);
}

}  // namespace headrace::query
