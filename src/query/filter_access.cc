#include "query/filter_access.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "query/filter_fields.h"
#include "query/json.h"
#include "store/database.h"

namespace headrace::query {
namespace {

constexpr const char* kInfinity = "'infinity'::DOUBLE";

std::string either(const std::string& a, const std::string& b) {
  if (a.empty()) return b;
  return b.empty() ? a : a + " OR " + b;
}
std::string grouped_or_false(const std::string& condition) {
  return condition.empty() ? "false" : "(" + condition + ")";
}

// A number for SQL: its own digits where it is a whole one, so that none are lost.
std::string number_literal(const Quantity& q, double scale) {
  if (std::isnan(q.value)) return "'nan'::DOUBLE";
  if (std::isinf(q.value)) return q.value > 0 ? kInfinity : "'-infinity'::DOUBLE";
  const bool whole = q.unit.empty() && scale == 1 && q.digits.size() <= 38 && !q.digits.empty() &&
                     q.digits.find_first_not_of("-0123456789") == std::string::npos;
  if (whole) return q.digits;
  const double value = q.value * scale;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (scale != 1 && value == std::floor(value) && std::fabs(value) < kExact) {
    return std::to_string(static_cast<int64_t>(value));
  }
  if (std::isinf(value)) return value > 0 ? kInfinity : "'-infinity'::DOUBLE";
  return "'" + json_number(value) + "'::DOUBLE";
}

// NaN is outside every order, and equal to NaN alone.
std::string number_sql(const FilterAccess& a, FilterOp op, const Quantity& q) {
  if (a.number.empty()) return "";
  const bool with_equal =
      op == FilterOp::kEqual || op == FilterOp::kLessEqual || op == FilterOp::kGreaterEqual;
  if (std::isnan(q.value)) return a.is_real && with_equal ? "isnan(" + a.number + ")" : "";
  const std::string symbol(symbol_of(op));
  const std::string plain = a.number + " " + symbol + " " + number_literal(q, a.scale);
  const bool upward = op == FilterOp::kGreater || op == FilterOp::kGreaterEqual;
  return a.is_real && upward ? "(" + plain + " AND " + a.number + " <= " + kInfinity + ")" : plain;
}

std::string time_sql(const FilterAccess& a, FilterOp op, const std::string& text, int64_t now_ns) {
  if (a.time_ns.empty()) return "";
  const auto span = parse_time(text, now_ns);
  if (!span) return "";
  if (op == FilterOp::kEqual) {
    return "(" + a.time_ns + " >= " + std::to_string(span->begin_ns) + " AND " + a.time_ns + " < " +
           std::to_string(span->end_ns) + ")";
  }
  return a.time_ns + " " + std::string(symbol_of(op)) + " " + std::to_string(span->begin_ns);
}

std::string text_sql(const FilterAccess& a, FilterOp op, const std::string& text) {
  if (a.text.empty()) return "";
  return a.text + " " + std::string(symbol_of(op)) + " " + store::sql_text(text);
}

std::string truth_sql(const FilterAccess& a, FilterOp op, bool truth) {
  if (a.truth.empty()) return "";
  return a.truth + " " + std::string(symbol_of(op)) + (truth ? " true" : " false");
}

std::string present_sql(const FilterAccess& a) {
  std::string out;
  for (const std::string* one : {&a.number, &a.text, &a.truth, &a.time_ns}) {
    if (!one->empty()) out = either(out, *one + " IS NOT NULL");
  }
  return out;
}

std::string range_sql(const FilterAccess& a, const FilterValue& range, int64_t now_ns) {
  std::string numbers;
  std::string times;
  bool all_numbers = true;
  bool all_times = true;
  for (size_t i = 0; i < 2; ++i) {
    const FilterValue& end = range.ends[i];
    if (end.kind == FilterValue::Kind::kAny) continue;
    const FilterOp op = i == 0 ? FilterOp::kGreaterEqual : FilterOp::kLessEqual;
    const auto quantity = parse_quantity(end.text);
    all_numbers &= quantity.has_value();
    if (quantity) numbers += (numbers.empty() ? "" : " AND ") + number_sql(a, op, *quantity);
    const auto span = parse_time(end.text, now_ns);
    all_times &= span.has_value();
    if (span) {
      // Until 2026-11 means until its end.
      times +=
          (times.empty() ? "" : " AND ") + a.time_ns +
          (i == 0 ? " >= " + std::to_string(span->begin_ns) : " < " + std::to_string(span->end_ns));
    }
  }
  std::string out;
  if (all_numbers && !a.number.empty()) out = "(" + numbers + ")";
  if (all_times && !a.time_ns.empty()) out = either(out, "(" + times + ")");
  return out;
}

// One value against the field's own classes, its document left aside.
std::string simple_sql(const FilterAccess& a, FilterOp op, const FilterValue& value,
                       int64_t now_ns) {
  const FilterOp compared =
      op == FilterOp::kIs || op == FilterOp::kNotEqual ? FilterOp::kEqual : op;
  switch (value.kind) {
    case FilterValue::Kind::kAny: return present_sql(a);
    case FilterValue::Kind::kRange: return range_sql(a, value, now_ns);
    case FilterValue::Kind::kPattern:
      return a.text.empty() ? "" : a.text + " LIKE " + like_sql(value.text);
    case FilterValue::Kind::kNumber: {
      const auto quantity = parse_quantity(value.text);
      return quantity ? number_sql(a, compared, *quantity) : "";
    }
    case FilterValue::Kind::kBool: return truth_sql(a, compared, value.truth);
    case FilterValue::Kind::kText:
      if (op == FilterOp::kMatches) {
        return a.text.empty()
                   ? ""
                   : "regexp_matches(" + a.text + ", " + store::sql_text(value.text) + ")";
      }
      return either(text_sql(a, compared, value.text), time_sql(a, compared, value.text, now_ns));
    case FilterValue::Kind::kWord: {
      std::string out =
          either(text_sql(a, compared, value.text), time_sql(a, compared, value.text, now_ns));
      if (const auto quantity = parse_quantity(value.text)) {
        out = either(out, number_sql(a, compared, *quantity));
      }
      if (value.text == "true" || value.text == "false") {
        out = either(out, truth_sql(a, compared, value.text == "true"));
      }
      return out;
    }
    case FilterValue::Kind::kNull:
    case FilterValue::Kind::kJson: break;
  }
  return "";
}

// The classes of the JSON value `x`. A number that JSON cannot say is {"$float": "nan"} and the
// like there.
FilterAccess json_access(const std::string& x) {
  FilterAccess out;
  out.is_real = true;
  out.number =
      "CASE WHEN json_type(" + x + ") IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE') THEN " + x +
      "::DOUBLE ELSE TRY_CAST(coalesce(" + x + "->>'/$float', " + x + "->>'/$int') AS DOUBLE) END";
  out.text = "CASE WHEN json_type(" + x + ") = 'VARCHAR' THEN " + x + "->>'$' END";
  out.truth = "CASE WHEN json_type(" + x + ") = 'BOOLEAN' THEN " + x + "::BOOLEAN END";
  return out;
}

// The list of values that the way leads to. A list on the way stands for each of its elements.
std::string reached(const FilterAccess& a) {
  std::string list = "[" + a.document + "::JSON]";
  for (const std::string& key : a.inside) {
    const std::string step = pointer_sql(key);
    list = "list_filter(flatten(list_transform(" + list +
           ", lambda x: CASE WHEN json_type(x) = 'ARRAY' THEN list_append(list_transform("
           "json_extract(x, '$[*]'), lambda y: json_extract(y, " +
           step + ")), json_extract(x, " + step + ")) ELSE [json_extract(x, " + step +
           ")] END)), lambda z: z IS NOT NULL)";
  }
  return list;
}

std::string with_elements(const std::string& list) {
  return "flatten(list_transform(" + list +
         ", lambda x: CASE WHEN json_type(x) = 'ARRAY' THEN list_append(json_extract(x, '$[*]'), "
         "x) "
         "ELSE [x] END))";
}

std::string any_in(const std::string& list, const std::string& condition) {
  if (condition.empty()) return "";
  return "len(list_filter(" + list + ", lambda v: coalesce(" + condition + ", false))) > 0";
}

// The value, compared with what the document holds.
std::string document_sql(const FilterAccess& a, FilterOp op, const FilterValue& value,
                         int64_t now_ns) {
  if (a.document.empty()) return "";
  const std::string list = reached(a);
  if (value.kind == FilterValue::Kind::kAny) return any_in(list, "json_type(v) <> 'NULL'");
  if (value.kind == FilterValue::Kind::kJson) {
    return any_in(with_elements(list), "v::VARCHAR = " + store::sql_text(value.text));
  }
  return any_in(with_elements(list), simple_sql(json_access("v"), op, value, now_ns));
}

// Absent or null; of a list also one that has a null in it.
std::string null_sql(const FilterAccess& a) {
  std::string present = present_sql(a);
  std::string out;
  if (!a.document.empty()) {
    const std::string list = reached(a);
    present = either(present, any_in(list, "json_type(v) <> 'NULL'"));
    out = any_in(with_elements(list), "json_type(v) = 'NULL'");
  }
  return either(out, "NOT coalesce(" + grouped_or_false(present) + ", false)");
}

std::string one_of_sql(const FilterAccess& a, FilterOp op, const std::vector<FilterValue>& values,
                       int64_t now_ns) {
  std::string out;
  for (const FilterValue& value : values) {
    if (value.kind == FilterValue::Kind::kNull) {
      const bool with_equal = op != FilterOp::kLess && op != FilterOp::kGreater;
      if (with_equal) out = either(out, null_sql(a));
      continue;
    }
    out = either(out, simple_sql(a, op, value, now_ns));
    out = either(out, document_sql(a, op, value, now_ns));
  }
  return grouped_or_false(out);
}

}  // namespace

std::string comparison_sql(const FilterAccess& access, FilterOp op,
                           const std::vector<FilterValue>& values, int64_t now_ns) {
  if (op == FilterOp::kRecorded) {
    std::string out = access.recorded.empty() ? present_sql(access) : access.recorded;
    if (!access.document.empty() && (!access.inside.empty() || access.recorded.empty())) {
      out = either(access.inside.empty() ? out : "", "len(" + reached(access) + ") > 0");
    }
    return grouped_or_false(out);
  }
  if (op != FilterOp::kNotEqual) return one_of_sql(access, op, values, now_ns);
  const std::string present = one_of_sql(access, FilterOp::kIs, {FilterValue{}}, now_ns);
  return "(" + present + " AND NOT coalesce(" +
         one_of_sql(access, FilterOp::kEqual, values, now_ns) + ", false))";
}

std::string pointer_sql(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return store::sql_text(out);
}

std::string like_sql(std::string_view pattern) {
  std::string out;
  for (const char c : pattern) {
    if (c == '*') {
      out += '%';
    } else if (c == '?') {
      out += '_';
    } else {
      if (c == '%' || c == '_' || c == '\\') out += '\\';
      out += c;
    }
  }
  return store::sql_text(out) + " ESCAPE '\\'";
}

}  // namespace headrace::query
