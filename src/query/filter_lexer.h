// The text of a filter as tokens.
//
//   used."val loss">=0.5 (status:failed,lost OR -tag:best) "two words"
//
// After an operator come values, with commas between; everywhere else words, which are fields when
// an operator follows and looked for in names when none does. Spaces around operators and commas
// mean nothing. In quotes (" or ') stand \" \' \\ \n \r \t.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/filter_tree.h"

namespace headrace::query {

struct FilterToken {
  enum class Kind : uint8_t { kOpen, kClose, kNot, kOr, kAnd, kName, kOperator, kValue, kEnd };
  Kind kind = Kind::kEnd;
  size_t begin = 0;  // bytes in the text
  size_t end = 0;
  FilterOp op = FilterOp::kIs;        // kOperator
  std::vector<std::string> parts{};   // kName: what stands between its dots
  std::vector<size_t> part_begins{};  // kName: where
  std::string text{};                 // kValue: without quotes; kName: as it stands
  bool is_quoted = false;             // kValue; kName: one part, in quotes
  bool is_json = false;               // kValue: json"..."
};

// The longest text, and how deep parentheses and negations go.
constexpr size_t kLongestFilter = 64 * 1024;
constexpr size_t kDeepestFilter = 100;

// Ends with one kEnd. Errors (kInvalidArgument) point at the place, see filter_error().
Result<std::vector<FilterToken>> filter_tokens(std::string_view text);

// `what`, and under it the line of `text` in which byte `at` is, with a caret under that byte.
Status filter_error(std::string_view text, size_t at, const std::string& what);

// Can it stand in a filter as a part of a name without quotes?
bool is_plain_name(std::string_view part);
// Can it stand in a filter as a value without quotes, whatever it then means?
bool is_plain_value(std::string_view text);
// In quotes, escaped.
std::string quoted_text(std::string_view text);

}  // namespace headrace::query
