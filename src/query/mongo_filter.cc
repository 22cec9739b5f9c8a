#include "query/mongo_filter.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "query/nearest.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

const std::vector<std::string> kOperators = {"$eq", "$ne",  "$gt",     "$gte",   "$lt", "$lte",
                                             "$in", "$nin", "$exists", "$regex", "$not"};
const std::vector<std::string> kJoiners = {"$and", "$or", "$nor"};

bool is_text(std::string_view text) {
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<FieldPath> path_of(std::string_view name, FilterView view) {
  if (!is_text(name)) return invalid_argument("a field's name is no UTF-8");
  FieldPath path;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t dot = std::min(name.find('.', begin), name.size());
    path.emplace_back(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  const FilterField* field = find_field(view, path[0]);
  if (field == nullptr) {
    std::vector<std::string> known;
    for (const FilterField& one : filter_fields(view)) known.emplace_back(one.name);
    const auto near = nearest_names(path[0], known);
    return invalid_argument(
        std::string(plural_of(view)) + " have no field " + path[0] +
        (near.empty() ? "; they have " + listed(known, 30) : did_you_mean(near)));
  }
  const bool takes_apart = field->kind == FieldKind::kValues || field->kind == FieldKind::kTags;
  if (!takes_apart && path.size() > 1) {
    return invalid_argument(std::string(field->name) + " has no parts");
  }
  path[0] = field->name;
  return path;
}

// A time that was given as seconds, or as ms where it is so large, since the epoch.
std::string time_text(double since) {
  if (std::fabs(since) >= 1e12) since /= 1000;
  if (!(since >= 0 && since < 9.2e9)) return "";
  const auto ns = static_cast<int64_t>(std::llround(since * 1e9));
  const std::chrono::sys_days day{std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(ns)))};
  const std::chrono::year_month_day date(day);
  const int64_t rest = ns - std::chrono::nanoseconds(day.time_since_epoch()).count();
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09lldZ",  // NOLINT
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(rest / 3'600'000'000'000),
                static_cast<int>(rest / 60'000'000'000 % 60),
                static_cast<int>(rest / 1'000'000'000 % 60),
                static_cast<long long>(rest % 1'000'000'000));  // NOLINT: printf's own type
  return text.data();
}

Result<FilterValue> value_of(const Json& json, FieldKind kind) {
  if (json.is_null()) return FilterValue{FilterValue::Kind::kNull};
  if (const bool* truth = json.as<bool>()) {
    FilterValue out{FilterValue::Kind::kBool};
    out.truth = *truth;
    return out;
  }
  if (const auto* text = json.as<std::string>()) {
    if (!is_text(*text)) return invalid_argument("a text in the filter is no UTF-8");
    return FilterValue::quoted(*text);
  }
  if (const auto* date = json["$date"].as<std::string>()) {
    if (!parse_time(*date, 0)) return invalid_argument("$date takes a time, not " + *date);
    return FilterValue::quoted(*date);
  }
  if (const auto number = json.number()) {
    if (kind == FieldKind::kTime) return FilterValue::quoted(time_text(*number));
    if (std::isnan(*number)) return FilterValue::number("nan");
    if (std::isinf(*number)) return FilterValue::number(*number > 0 ? "inf" : "-inf");
    return FilterValue::number(json.text());
  }
  return FilterValue{FilterValue::Kind::kJson, json.dump()};
}

Filter never() { return Filter::negation(Filter::field({"id"}, FilterOp::kIs, {FilterValue{}})); }

class Reader {
 public:
  explicit Reader(FilterView view) : view_(view) {}

  Result<Filter> document(const Json& json, size_t depth = 0) {
    const auto* map = json.as<Json::Map>();
    if (map == nullptr) {
      return invalid_argument("a Mongo filter is a document {field: condition, ...}, not " +
                              json.dump().substr(0, 60));
    }
    if (depth > kDeepest) return invalid_argument("the Mongo filter is nested too deep");
    std::vector<Filter> all;
    for (const auto& [name, value] : *map) {
      Result<Filter> one = name.starts_with('$') ? joined(name, value, depth) : field(name, value);
      if (!one.ok()) return one;
      all.push_back(std::move(*one));
    }
    return flattened(Filter::all(std::move(all)));
  }

 private:
  static constexpr size_t kDeepest = 100;

  Result<Filter> joined(const std::string& name, const Json& value, size_t depth) {
    if (std::find(kJoiners.begin(), kJoiners.end(), name) == kJoiners.end()) {
      return unknown(name, kJoiners, " at the level of fields");
    }
    const auto* list = value.as<Json::List>();
    if (list == nullptr || list->empty()) {
      return invalid_argument(name + " takes a list of one or more filters");
    }
    std::vector<Filter> parts;
    for (const Json& item : *list) {
      Result<Filter> part = document(item, depth + 1);
      if (!part.ok()) return part;
      parts.push_back(std::move(*part));
    }
    if (name == "$and") return flattened(Filter::all(std::move(parts)));
    Filter any = flattened(Filter::any(std::move(parts)));
    return name == "$or" ? any : Filter::negation(std::move(any));
  }

  Result<Filter> field(const std::string& name, const Json& value) {
    Result<FieldPath> path = path_of(name, view_);
    if (!path.ok()) return path.status();
    const FilterField& about = *find_field(view_, path->front());
    if (about.kind == FieldKind::kValues && path->size() == 1) {
      return invalid_argument("which value is meant? Write " + name + ".NAME");
    }
    const auto* map = value.as<Json::Map>();
    const bool has_operators = map != nullptr && !map->empty() &&
                               map->front().first.starts_with('$') && map->front().first != "$date";
    if (!has_operators) return compared(*path, about, FilterOp::kEqual, value);
    return operators(*path, about, *map);
  }

  Result<Filter> operators(const FieldPath& path, const FilterField& about, const Json::Map& map) {
    std::vector<Filter> all;
    for (const auto& [name, value] : map) {
      if (name == "$options") continue;
      Result<Filter> one = operation(path, about, name, value, map);
      if (!one.ok()) return one;
      all.push_back(std::move(*one));
    }
    return flattened(Filter::all(std::move(all)));
  }

  Result<Filter> operation(const FieldPath& path, const FilterField& about, const std::string& name,
                           const Json& value, const Json::Map& around) {
    if (name == "$eq") return compared(path, about, FilterOp::kEqual, value);
    if (name == "$ne") return negated(compared(path, about, FilterOp::kEqual, value));
    if (name == "$gt") return compared(path, about, FilterOp::kGreater, value);
    if (name == "$gte") return compared(path, about, FilterOp::kGreaterEqual, value);
    if (name == "$lt") return compared(path, about, FilterOp::kLess, value);
    if (name == "$lte") return compared(path, about, FilterOp::kLessEqual, value);
    if (name == "$in") return one_of(path, about, name, value);
    if (name == "$nin") return negated(one_of(path, about, name, value));
    if (name == "$regex") return matched(path, value, around);
    if (name == "$exists") {
      const bool* wanted = value.as<bool>();
      const bool truth = wanted != nullptr ? *wanted : value.number().value_or(0) != 0;
      Filter there = Filter::field(path, FilterOp::kRecorded, {});
      return truth ? there : Filter::negation(std::move(there));
    }
    if (name == "$not") {
      const auto* map = value.as<Json::Map>();
      if (map == nullptr || map->empty()) {
        return invalid_argument("$not takes an operator, as in {\"$not\": {\"$gt\": 5}}");
      }
      return negated(operators(path, about, *map));
    }
    return unknown(name, kOperators, "");
  }

  static Result<Filter> negated(Result<Filter> filter) {
    if (!filter.ok()) return filter;
    return Filter::negation(std::move(*filter));
  }

  static Result<Filter> compared(const FieldPath& path, const FilterField& about, FilterOp op,
                                 const Json& json) {
    Result<FilterValue> value = value_of(json, about.kind);
    if (!value.ok()) return value.status();
    return Filter::field(path, op, {std::move(*value)});
  }

  static Result<Filter> one_of(const FieldPath& path, const FilterField& about,
                               const std::string& name, const Json& json) {
    const auto* list = json.as<Json::List>();
    if (list == nullptr) return invalid_argument(name + " takes a list");
    if (list->empty()) return never();
    std::vector<FilterValue> values;
    for (const Json& item : *list) {
      Result<FilterValue> value = value_of(item, about.kind);
      if (!value.ok()) return value.status();
      values.push_back(std::move(*value));
    }
    return Filter::field(path, FilterOp::kEqual, std::move(values));
  }

  static Result<Filter> matched(const FieldPath& path, const Json& value, const Json::Map& around) {
    const auto* expression = value.as<std::string>();
    if (expression == nullptr || !is_text(*expression)) {
      return invalid_argument("$regex takes a text");
    }
    std::string options;
    for (const auto& [name, json] : around) {
      if (name == "$options") options = json.text();
    }
    if (options.find_first_not_of("ims") != std::string::npos) {
      return invalid_argument("$options of $regex are i, m and s, not " + options);
    }
    const std::string text = options.empty() ? *expression : "(?" + options + ")" + *expression;
    return Filter::field(path, FilterOp::kMatches, {FilterValue::quoted(text)});
  }

  static Status unknown(const std::string& name, const std::vector<std::string>& known,
                        const std::string& where) {
    const auto near = nearest_names(name, known, 1);
    return invalid_argument(name + " is no operator here; there are " + listed(known) + where +
                            (near.empty() ? "" : did_you_mean(near)));
  }

  FilterView view_;
};

Status read_projection(const Json& json, Selection* out) {
  if (json.is_null()) return {};
  const auto add = [out](const std::string& name) -> Status {
    if (name == "_id") return {};
    Result<FieldPath> path = path_of(name, out->view);
    if (!path.ok()) return path.status();
    out->columns.push_back(std::move(*path));
    return {};
  };
  if (const auto* list = json.as<Json::List>()) {
    for (const Json& name : *list) HEADRACE_RETURN_IF_ERROR(add(name.text()));
    return {};
  }
  const auto* map = json.as<Json::Map>();
  if (map == nullptr)
    return invalid_argument("a projection is a list of fields or {field: 1, ...}");
  std::vector<FieldPath> without;
  for (const auto& [name, value] : *map) {
    const bool* truth = value.as<bool>();
    const bool wanted = truth != nullptr ? *truth : value.number().value_or(0) != 0;
    if (wanted) {
      HEADRACE_RETURN_IF_ERROR(add(name));
    } else if (name != "_id") {
      Result<FieldPath> path = path_of(name, out->view);
      if (!path.ok()) return path.status();
      without.push_back(std::move(*path));
    }
  }
  if (without.empty()) return {};
  if (!out->columns.empty()) {
    return invalid_argument("a projection takes fields in (1) or leaves fields out (0), not both");
  }
  for (const FilterField& field : filter_fields(out->view)) {
    const bool left_out = std::any_of(without.begin(), without.end(), [&field](const FieldPath& p) {
      return p.size() == 1 && p[0] == field.name;
    });
    if (!left_out) out->columns.push_back({std::string(field.column)});
  }
  return {};
}

Status read_sort(const Json& json, Selection* out) {
  const auto add = [out](const std::string& name, const Json& order) -> Status {
    Result<FieldPath> path = path_of(name, out->view);
    if (!path.ok()) return path.status();
    const double direction = order.number().value_or(0);
    if (direction != 1 && direction != -1) {
      return invalid_argument("a sort order is 1 or -1, not " + order.dump());
    }
    out->sort.push_back({std::move(*path), direction < 0});
    return {};
  };
  if (json.is_null()) return {};
  if (const auto* map = json.as<Json::Map>()) {
    for (const auto& [name, order] : *map) HEADRACE_RETURN_IF_ERROR(add(name, order));
    return {};
  }
  const auto* list = json.as<Json::List>();
  if (list == nullptr) return invalid_argument("sort is [[field, 1 or -1], ...]");
  for (const Json& item : *list) {
    const auto* pair = item.as<Json::List>();
    if (pair == nullptr || pair->size() != 2) {
      return invalid_argument("sort is [[field, 1 or -1], ...]");
    }
    HEADRACE_RETURN_IF_ERROR(add((*pair)[0].text(), (*pair)[1]));
  }
  return {};
}

Status read_aggregation(const Json& json, Selection* out) {
  if (json.is_null()) return {};
  const auto* list = json.as<Json::List>();
  if (list == nullptr) return invalid_argument("aggregation is [[function, field], ...]");
  for (const Json& item : *list) {
    const auto* pair = item.as<Json::List>();
    if (pair == nullptr || pair->size() != 2) {
      return invalid_argument("aggregation is [[function, field], ...]");
    }
    const std::string name = (*pair)[1].text();
    Result<FieldPath> path = path_of(name, out->view);
    if (!path.ok()) return path.status();
    Aggregate aggregate{(*pair)[0].text(), std::move(*path), ""};
    aggregate.name = aggregate.function + "_" + name;
    std::replace(aggregate.name.begin(), aggregate.name.end(), '.', '_');
    out->aggregates.push_back(std::move(aggregate));
  }
  if (out->aggregates.empty()) return {};
  if (out->columns.size() > 1) {
    return invalid_argument("with an aggregation the projection is one field, by which it groups");
  }
  out->group_by = std::exchange(out->columns, {});
  return {};
}

Result<uint64_t> whole(const Json& json, const char* name) {
  if (json.is_null()) return uint64_t{0};
  const auto* number = json.as<int64_t>();
  if (number == nullptr || *number < 0) {
    return invalid_argument(std::string(name) + " is a count of 0 or more");
  }
  return static_cast<uint64_t>(*number);
}

}  // namespace

Result<Filter> mongo_filter(const Json& document, FilterView view) {
  return Reader(view).document(document);
}

Result<Selection> mongo_selection(const Json& question, FilterView view) {
  Selection out;
  out.view = view;
  out.absent_first = true;
  const Json& document = question["filter"];
  if (!document.is_null()) {
    Result<Filter> filter = mongo_filter(document, view);
    if (!filter.ok()) return filter.status();
    out.filter = std::move(*filter);
  }
  HEADRACE_RETURN_IF_ERROR(read_projection(question["projection"], &out));
  HEADRACE_RETURN_IF_ERROR(read_sort(question["sort"], &out));
  const Result<uint64_t> limit = whole(question["limit"], "limit");
  if (!limit.ok()) return limit.status();
  const Result<uint64_t> skip = whole(question["skip"], "skip");
  if (!skip.ok()) return skip.status();
  out.limit = *limit;
  out.offset = *skip;
  HEADRACE_RETURN_IF_ERROR(read_aggregation(question["aggregation"], &out));
  return out;
}

}  // namespace headrace::query
