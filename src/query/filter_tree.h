// What a filter says, as a tree: what text, Mongo's JSON and completions meet in.
//
//   status:failed (used.lr<1e-3 OR tag:best)
//   kAll{ status kIs failed, kAny{ used.lr kLess 1e-3, tag.best kIs * } }
//
// A filter divides rows in two: what it takes and the rest, which is what its kNot takes. So a
// comparison with a value that a row does not have is false, and not unknown as in SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::query {

// {"status"}, {"used", "cfg", "lr"}.
using FieldPath = std::vector<std::string>;

struct FilterValue {
  enum class Kind : uint8_t {
    kWord,     // as typed without quotes: text, and the number, truth or time that it may say
    kText,     // text and nothing else
    kPattern,  // text with * and ? in it
    kNumber,   // a number and nothing else; `text` is its digits, perhaps with a unit
    kBool,
    kNull,
    kJson,   // a list or map, compared as a whole; `text` is compact JSON
    kRange,  // from ends[0] to ends[1], both included; kAny where open
    kAny,    // whatever it is
  };
  Kind kind = Kind::kAny;
  std::string text{};
  bool truth = false;
  std::vector<FilterValue> ends{};

  static FilterValue word(std::string v) { return {Kind::kWord, std::move(v)}; }
  static FilterValue quoted(std::string v) { return {Kind::kText, std::move(v)}; }
  static FilterValue number(std::string v) { return {Kind::kNumber, std::move(v)}; }
  bool operator==(const FilterValue&) const = default;
};

enum class FilterOp : uint8_t {
  kIs,         // `:` one of the values, patterns and ranges
  kEqual,      // `=` this value, of this type
  kNotEqual,   // `!=` some other value
  kLess,       // `<`
  kLessEqual,  // `<=`
  kGreater,    // `>`
  kGreaterEqual,
  kMatches,   // `~` a regular expression (RE2) finds something in the text
  kRecorded,  // `:**` there is an entry, be it null
};
std::string_view symbol_of(FilterOp op);

struct Filter {
  enum class Kind : uint8_t {
    kAll,    // every part; with no part: every row
    kAny,    // at least one part
    kNot,    // not its one part
    kField,  // a condition on one field
    kSearch  // a word in one of the names
  };
  Kind kind = Kind::kAll;
  std::vector<Filter> parts{};
  FieldPath path{};
  FilterOp op = FilterOp::kIs;
  std::vector<FilterValue> values{};
  // Where it stands in the text it was read from.
  size_t at = 0;

  static Filter all(std::vector<Filter> parts) { return {Kind::kAll, std::move(parts)}; }
  static Filter any(std::vector<Filter> parts) { return {Kind::kAny, std::move(parts)}; }
  static Filter negation(Filter part);
  static Filter field(FieldPath path, FilterOp op, std::vector<FilterValue> values, size_t at = 0);
  bool is_everything() const { return kind == Kind::kAll && parts.empty(); }
  // Equal in what they say, wherever it stood.
  bool operator==(const Filter& other) const;
};

// The text that reads back as an equal tree (filter_parser.h), "" for every row.
std::string filter_text(const Filter& filter);
// A path as it is written: used."val loss".
std::string path_text(const FieldPath& path);

// Takes filters apart and puts them together so that equal meanings print alike: kAll in kAll and
// kAny in kAny are one, one part stands by itself.
Filter flattened(Filter filter);

}  // namespace headrace::query
