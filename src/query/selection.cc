#include "query/selection.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/clock.h"
#include "query/filter_lexer.h"
#include "query/filter_sql.h"
#include "query/nearest.h"
#include "query/units.h"

namespace headrace::query {
namespace {

using store::sql_name;

constexpr uint64_t kMostReached = 100'000;  // a sort of so many is quick
constexpr size_t kMostColumns = 2048;       // a plan of 1,640 takes 35 ms

std::string joined(const FieldPath& path, const char* between) {
  std::string out;
  for (const std::string& part : path) out += (out.empty() ? "" : between) + part;
  return out;
}

// One selection on its way to SQL.
class Plan {
 public:
  Plan(const Selection& selection, const store::Registry& registry)
      : selection_(selection),
        registry_(registry),
        sql_(selection.view, registry, now_realtime_ns()) {}

  Status read_filter() {
    if (!selection_.filter.is_everything()) {
      Result<std::string> condition = sql_.condition(selection_.filter);
      if (!condition.ok()) return condition.status();
      where_ = " WHERE (" + *condition + ")";
    }
    if (selection_.after_row) {
      where_ += (where_.empty() ? " WHERE (" : " AND (") + sql_.raw("producer") + ", " +
                sql_.raw("seq") + ") IN (SELECT (producer, seq) FROM task_slots WHERE rowid > " +
                std::to_string(*selection_.after_row) +
                " UNION ALL SELECT (producer, seq) FROM open_task)";
    }
    return {};
  }

  // SQL that gives how far the rows shown reach in the first thing they are sorted by, and how many
  // have it; "" where it is no plain column. With it known most rows need not be computed at all.
  std::string reach() {
    const std::string key = first_key();
    if (key.empty()) return "";
    const bool descending = selection_.sort.front().descending;
    return "SELECT " + std::string(descending ? "min" : "max") + "(k), count(*) FROM (SELECT " +
           key + " AS k FROM " + sql_.from() + where_ + (where_.empty() ? " WHERE " : " AND ") +
           key + " IS NOT NULL ORDER BY k" + (descending ? " DESC" : "") + " LIMIT " +
           std::to_string(selection_.limit + selection_.offset) + ")";
  }
  void reaches(const std::string& value) {
    where_ += (where_.empty() ? " WHERE " : " AND ") + first_key() +
              (selection_.sort.front().descending ? " >= " : " <= ") + value;
  }

  std::string counted() const { return "SELECT count(*) FROM " + sql_.from() + where_; }
  // The schemas of the rows, for the columns that they have.
  std::string schemas() {
    const std::string schema = sql_.raw("schema");
    return "SELECT DISTINCT " + schema + " FROM " + sql_.from() + where_;
  }

  // Names each once; a name may be asked for as {"used", "*"}.
  Result<std::string> rows(const std::vector<FieldPath>& columns) {
    std::string out;
    for (const FieldPath& path : columns) {
      HEADRACE_RETURN_IF_ERROR(add_column(path, joined(path, "."), &out));
    }
    Result<std::string> order = order_by();
    if (!order.ok()) return order;
    return "SELECT " + out + " FROM " + sql_.from() + where_ + *order + window();
  }

  Result<std::string> groups() {
    std::string out;
    std::string names;
    for (const FieldPath& path : selection_.group_by) {
      HEADRACE_RETURN_IF_ERROR(add_column(path, joined(path, "."), &out));
      names += (names.empty() ? "" : ", ") + sql_name(joined(path, "."));
    }
    for (const Aggregate& aggregate : selection_.aggregates) {
      Result<std::string> value = aggregated(aggregate);
      if (!value.ok()) return value;
      out += (out.empty() ? "" : ", ") + *value;
    }
    std::string order = group_order();
    if (order.empty() && !names.empty()) order = " ORDER BY " + names;
    return "SELECT " + out + " FROM " + sql_.from() + where_ +
           (names.empty() ? "" : " GROUP BY ALL") + order + window();
  }

  const store::TaskView* task_view() const {
    return selection_.view == FilterView::kTask ? &sql_.task_view() : nullptr;
  }

 private:
  // The stored column that rows are sorted by first, as an expression; "" when it is none or a sort
  // is not worth it.
  std::string first_key() {
    if (selection_.view != FilterView::kTask || selection_.sort.empty() || selection_.limit == 0 ||
        selection_.limit + selection_.offset > kMostReached || selection_.absent_first) {
      return "";
    }
    const FieldPath& path = selection_.sort.front().path;
    const FilterField* field = path.size() == 1 ? find_field(FilterView::kTask, path[0]) : nullptr;
    if (field == nullptr) return "";
    return field->name == "started"    ? sql_.raw("ts")
           : field->name == "duration" ? sql_.raw("dur")
                                       : "";
  }

  Status add_column(const FieldPath& path, const std::string& name, std::string* out) {
    Result<std::string> value = sql_.column(path);
    if (!value.ok()) return value.status();
    *out += (out->empty() ? "" : ", ") + *value + " AS " + sql_name(name);
    return {};
  }

  Result<std::string> aggregated(const Aggregate& aggregate) {
    static const std::vector<std::string> known = {"avg",   "sum",    "min", "max",
                                                   "count", "median", "p95"};
    const std::string& function = aggregate.function;
    if (std::find(known.begin(), known.end(), function) == known.end()) {
      return invalid_argument("there is no aggregate " + function + "; there are " + listed(known));
    }
    const std::string plain_name =
        function + (aggregate.path.empty() ? "" : "_" + joined(aggregate.path, "_"));
    const std::string name = sql_name(aggregate.name.empty() ? plain_name : aggregate.name);
    if (aggregate.path.empty()) {
      if (function != "count") return invalid_argument(function + " of what? Name a field");
      return "count(*) AS " + name;
    }
    Result<std::string> value = sql_.column(aggregate.path);
    if (!value.ok()) return value;
    if (function == "p95") return "quantile_cont(" + *value + ", 0.95) AS " + name;
    return function + "(" + *value + ") AS " + name;
  }

  // Rows of one group are sorted by what it shows.
  std::string group_order() const {
    std::string out;
    for (const SortKey& key : selection_.sort) {
      out += (out.empty() ? " ORDER BY " : ", ") + sql_name(joined(key.path, ".")) +
             (key.descending ? " DESC NULLS LAST" : " NULLS LAST");
    }
    return out;
  }

  Result<std::string> order_by() {
    std::string out;
    for (const SortKey& key : selection_.sort) {
      Result<std::string> value = sql_.column(key.path);
      if (!value.ok()) return value;
      if (*value == "NULL") continue;  // no row has it, so it orders none
      const std::string number = "TRY_CAST(" + *value + " AS DOUBLE)";
      const std::string direction = key.descending ? " DESC" : "";
      out += out.empty() ? " ORDER BY " : ", ";
      if (selection_.absent_first) {
        out += "CASE WHEN " + *value + " IS NULL THEN 0 WHEN isnan(coalesce(" + number +
               ", 0)) THEN 1 ELSE 2 END" + direction + ", " + *value + direction;
      } else if (key.descending && is_real(key.path)) {
        out += "CASE WHEN NOT isnan(" + *value + ") THEN " + *value + " END DESC NULLS LAST";
      } else {
        out += *value + direction + " NULLS LAST";
      }
    }
    return out;
  }

  // May a value be NaN, which DuckDB takes for the largest?
  bool is_real(const FieldPath& path) const {
    if (selection_.view != FilterView::kTask || path.size() < 2) return false;
    const Role role = role_of(path[0]);
    const auto key = key_path(registry_, role, {path.begin() + 1, path.end()});
    if (!key || key->names + 1 != path.size()) return false;
    const auto* places = registry_.places(role, key->key);
    bool real = false;
    for (const store::Place& place : *places) {
      if (place.type == ValueTag::kFloat) real = true;
      if (place.type != ValueTag::kFloat && place.type != ValueTag::kInt &&
          place.type != ValueTag::kNull && place.type != ValueTag::kPlaceholder) {
        return false;
      }
    }
    return real;
  }

  std::string window() const {
    std::string out;
    if (selection_.limit > 0) out += " LIMIT " + std::to_string(selection_.limit);
    if (selection_.offset > 0) out += " OFFSET " + std::to_string(selection_.offset);
    return out;
  }

  const Selection& selection_;
  const store::Registry& registry_;
  FilterSql sql_;
  std::string where_;
};

// The values that these schemas have, in the order captured.
std::vector<FieldPath> keys_of(const store::Registry& registry, const std::set<int64_t>& schemas,
                               Role role, const std::string& name) {
  std::vector<FieldPath> out;
  std::set<std::string> seen;
  for (const store::Schema& schema : registry.schemas()) {
    if (!schemas.contains(schema.id)) continue;
    for (const store::Field& field : schema.fields) {
      if (field.role == role && seen.insert(field.key).second) out.push_back({name, field.key});
    }
  }
  return out;
}

bool is_star(const FieldPath& path) { return path.size() == 2 && path[1] == "*"; }

std::vector<FieldPath> every_column(FilterView view) {
  std::vector<FieldPath> out;
  for (const FilterField& field : filter_fields(view)) {
    if (field.name == "energy" || field.name == "error") continue;
    if (view == FilterView::kWorkflow && field.name == "tasks") continue;
    if (view != FilterView::kObject && field.name == "attributes") continue;
    out.push_back({std::string(field.column)});
  }
  return out;
}

// Puts a column for each value in place of used.*.
Result<std::vector<FieldPath>> spread(const Session& session, const Selection& selection,
                                      const store::Registry& registry) {
  const std::vector<FieldPath> asked =
      selection.columns.empty() ? every_column(selection.view) : selection.columns;
  if (std::none_of(asked.begin(), asked.end(), is_star)) return asked;
  if (selection.view != FilterView::kTask) {
    return invalid_argument("only tasks have a column for each value; leave .* out");
  }
  Plan plan(selection, registry);
  HEADRACE_RETURN_IF_ERROR(plan.read_filter());
  const std::string text = plan.schemas();
  Result<ResultTable> rows = session.sql(text, plan.task_view(), registry);
  if (!rows.ok()) return rows.status();
  std::set<int64_t> schemas;
  for (;;) {
    Result<bool> more = rows->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t i = 0; i < rows->rows(); ++i) {
      schemas.insert(static_cast<int64_t>(rows->cell(0, i).real));
    }
  }
  std::vector<FieldPath> out;
  for (const FieldPath& path : asked) {
    if (!is_star(path)) {
      out.push_back(path);
      continue;
    }
    const Role role = role_of(path[0]);
    for (FieldPath& key : keys_of(registry, schemas, role, path[0])) out.push_back(std::move(key));
  }
  if (out.size() > kMostColumns) {
    return invalid_argument("that would be " + grouped(out.size()) + " columns, and at most " +
                            grouped(kMostColumns) +
                            " are given; name the ones to see, or choose fewer tasks, for example "
                            "with activity:NAME");
  }
  return out;
}

// Reads a list of names with the filter's own lexer, so that quoting is the same.
Result<std::vector<FilterToken>> names_in(std::string_view text, std::string_view part, size_t at) {
  Result<std::vector<FilterToken>> tokens = filter_tokens(part);
  if (!tokens.ok()) return tokens.status();
  for (const FilterToken& token : *tokens) {
    const bool fits = token.kind == FilterToken::Kind::kName ||
                      token.kind == FilterToken::Kind::kNot ||
                      token.kind == FilterToken::Kind::kEnd;
    if (!fits) return filter_error(text, at + token.begin, "a field's name stands here");
  }
  return tokens;
}

// Parts between commas that are not in quotes: [begin, end).
std::vector<std::pair<size_t, size_t>> parts_of(std::string_view text) {
  std::vector<std::pair<size_t, size_t>> out;
  size_t begin = 0;
  char quote = '\0';
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && quote == '\0')) {
      out.emplace_back(begin, i);
      begin = i + 1;
    } else if (quote != '\0') {
      if (text[i] == quote) quote = '\0';
    } else if (text[i] == '"' || text[i] == '\'') {
      quote = text[i];
    }
  }
  return out;
}

Result<std::vector<SortKey>> fields_in(std::string_view text, FilterView view, bool signs) {
  std::vector<SortKey> out;
  for (const auto& [begin, end] : parts_of(text)) {
    const std::string_view part = text.substr(begin, end - begin);
    Result<std::vector<FilterToken>> tokens = names_in(text, part, begin);
    if (!tokens.ok()) return tokens.status();
    const bool descending = tokens->front().kind == FilterToken::Kind::kNot;
    if (tokens->size() != (descending ? 3U : 2U) || (descending && !signs)) {
      return filter_error(text, begin, "one field stands here, and the next after a comma");
    }
    const FilterToken& name = (*tokens)[descending ? 1 : 0];
    const FilterField* field = find_field(view, name.parts[0]);
    if (field == nullptr) {
      std::vector<std::string> known;
      for (const FilterField& one : filter_fields(view)) known.emplace_back(one.name);
      const auto near = nearest_names(name.parts[0], known);
      return filter_error(
          text, begin + name.begin,
          std::string(plural_of(view)) + " have no field " + name.parts[0] +
              (near.empty() ? "; they have " + listed(known, 30) : did_you_mean(near)));
    }
    const bool whole = name.parts.size() == 1;
    if (!whole && field->kind != FieldKind::kValues && field->kind != FieldKind::kTags) {
      return filter_error(text, begin + name.part_begins[1],
                          std::string(field->name) + " has no parts");
    }
    out.push_back({name.parts, descending});
  }
  return out;
}

// Leaves out the rows that cannot be among the first ones.
Status narrow(const Session& session, const store::Registry& registry, const Selection& selection,
              Plan* plan) {
  const std::string reach = plan->reach();
  if (reach.empty()) return {};
  Result<ResultTable> table = session.sql(reach, plan->task_view(), registry);
  if (!table.ok()) return table.status();
  const Result<bool> more = table->next();
  if (!more.ok()) return more.status();
  // With fewer, those follow that have no such value.
  const auto rows = *more ? static_cast<uint64_t>(table->cell(1, 0).real) : 0;
  if (rows == selection.limit + selection.offset) plan->reaches(table->cell(0, 0).text);
  return {};
}

}  // namespace

Result<ResultTable> select(const Session& session, const Selection& selection) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  Plan plan(selection, *registry);
  HEADRACE_RETURN_IF_ERROR(plan.read_filter());
  Result<std::string> text{std::string()};
  const bool is_grouped = !selection.group_by.empty() || !selection.aggregates.empty();
  if (!is_grouped) HEADRACE_RETURN_IF_ERROR(narrow(session, *registry, selection, &plan));
  if (is_grouped) {
    text = plan.groups();
  } else {
    Result<std::vector<FieldPath>> columns = spread(session, selection, *registry);
    if (!columns.ok()) return columns.status();
    text = plan.rows(*columns);
  }
  if (!text.ok()) return text.status();
  Result<ResultTable> table = session.sql(*text, plan.task_view(), *registry);
  if (!table.ok()) return table;
  for (const ResultColumn& column : std::vector<ResultColumn>(table->columns())) {
    const FilterField* field = find_field(selection.view, column.name);
    if (field == nullptr) continue;
    if (field->kind == FieldKind::kDuration) table->set_unit(column.name, "s");
    if (field->kind == FieldKind::kEnergy) table->set_unit(column.name, "J");
    if (field->kind == FieldKind::kBytes) table->set_unit(column.name, "B");
  }
  return table;
}

Result<uint64_t> count(const Session& session, const Selection& selection) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  Plan plan(selection, *registry);
  HEADRACE_RETURN_IF_ERROR(plan.read_filter());
  Result<ResultTable> table = session.sql(plan.counted(), plan.task_view(), *registry);
  if (!table.ok()) return table.status();
  const Result<bool> more = table->next();
  if (!more.ok()) return more.status();
  return *more ? static_cast<uint64_t>(table->cell(0, 0).real) : 0;
}

Result<std::vector<SortKey>> parse_sort(std::string_view text, FilterView view) {
  return fields_in(text, view, true);
}

Result<std::vector<FieldPath>> parse_columns(std::string_view text, FilterView view) {
  Result<std::vector<SortKey>> fields = fields_in(text, view, false);
  if (!fields.ok()) return fields.status();
  std::vector<FieldPath> out;
  for (SortKey& field : *fields) out.push_back(std::move(field.path));
  return out;
}

}  // namespace headrace::query
