#include "query/filter_tree.h"

#include <algorithm>
#include <utility>

#include "query/filter_lexer.h"

namespace headrace::query {
namespace {

std::string value_text(const FilterValue& value) {
  switch (value.kind) {
    case FilterValue::Kind::kWord:
    case FilterValue::Kind::kPattern:
    case FilterValue::Kind::kNumber: return value.text;
    case FilterValue::Kind::kText: return quoted_text(value.text);
    case FilterValue::Kind::kBool: return value.truth ? "true" : "false";
    case FilterValue::Kind::kNull: return "null";
    case FilterValue::Kind::kJson: return "json" + quoted_text(value.text);
    case FilterValue::Kind::kAny: return "*";
    case FilterValue::Kind::kRange: break;
  }
  const auto end = [](const FilterValue& v) {
    return v.kind == FilterValue::Kind::kAny ? std::string() : v.text;
  };
  return end(value.ends[0]) + ".." + end(value.ends[1]);
}

std::string condition_text(const Filter& filter) {
  if (filter.op == FilterOp::kRecorded) return path_text(filter.path) + ":**";
  std::string out = path_text(filter.path);
  out += symbol_of(filter.op);
  for (size_t i = 0; i < filter.values.size(); ++i) {
    out += (i > 0 ? "," : "") + value_text(filter.values[i]);
  }
  return out;
}

// A part inside `around`: in parentheses where it would be read otherwise.
std::string part_text(const Filter& part, Filter::Kind around) {
  const bool many = part.kind == Filter::Kind::kAny || part.kind == Filter::Kind::kAll;
  const bool alone =
      part.kind == Filter::Kind::kAll && around == Filter::Kind::kAny && part.parts.size() > 1;
  if (!many || alone) return filter_text(part);
  return "(" + filter_text(part) + ")";
}

}  // namespace

std::string_view symbol_of(FilterOp op) {
  switch (op) {
    case FilterOp::kEqual: return "=";
    case FilterOp::kNotEqual: return "!=";
    case FilterOp::kLess: return "<";
    case FilterOp::kLessEqual: return "<=";
    case FilterOp::kGreater: return ">";
    case FilterOp::kGreaterEqual: return ">=";
    case FilterOp::kMatches: return "~";
    case FilterOp::kIs:
    case FilterOp::kRecorded: break;
  }
  return ":";
}

Filter Filter::negation(Filter part) {
  Filter out;
  out.kind = Kind::kNot;
  out.at = part.at;
  out.parts.push_back(std::move(part));
  return out;
}

Filter Filter::field(FieldPath path, FilterOp op, std::vector<FilterValue> values, size_t at) {
  Filter out;
  out.kind = Kind::kField;
  out.path = std::move(path);
  out.op = op;
  out.values = std::move(values);
  out.at = at;
  return out;
}

bool Filter::operator==(const Filter& other) const {
  return kind == other.kind && parts == other.parts && path == other.path && op == other.op &&
         values == other.values;
}

std::string path_text(const FieldPath& path) {
  std::string out;
  for (const std::string& part : path) {
    if (!out.empty()) out += '.';
    out += is_plain_name(part) ? part : quoted_text(part);
  }
  return out;
}

std::string filter_text(const Filter& filter) {
  switch (filter.kind) {
    case Filter::Kind::kField: return condition_text(filter);
    case Filter::Kind::kSearch: return value_text(filter.values[0]);
    case Filter::Kind::kNot: return "-" + part_text(filter.parts[0], Filter::Kind::kNot);
    case Filter::Kind::kAll:
    case Filter::Kind::kAny: break;
  }
  std::string out;
  for (const Filter& part : filter.parts) {
    if (!out.empty()) out += filter.kind == Filter::Kind::kAny ? " OR " : " ";
    out += part_text(part, filter.kind);
  }
  return out;
}

Filter flattened(Filter filter) {
  for (Filter& part : filter.parts) part = flattened(std::move(part));
  if (filter.kind != Filter::Kind::kAll && filter.kind != Filter::Kind::kAny) return filter;
  std::vector<Filter> parts;
  for (Filter& part : filter.parts) {
    if (part.kind == filter.kind) {
      std::move(part.parts.begin(), part.parts.end(), std::back_inserter(parts));
    } else {
      parts.push_back(std::move(part));
    }
  }
  filter.parts = std::move(parts);
  if (filter.parts.size() != 1) return filter;
  Filter only = std::move(filter.parts.front());
  return only;
}

}  // namespace headrace::query
