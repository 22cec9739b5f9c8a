#include "query/filter_parser.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/filter_lexer.h"
#include "query/json.h"
#include "query/nearest.h"

namespace headrace::query {
namespace {

using Kind = FilterToken::Kind;

bool has_wildcard(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

// Kinds whose values are numbers, with or without a unit.
bool is_measured(FieldKind kind) {
  return kind == FieldKind::kNumber || kind == FieldKind::kDuration || kind == FieldKind::kEnergy ||
         kind == FieldKind::kBytes;
}

std::string wanted_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::kNumber: return "a number";
    case FieldKind::kTime:
      return "a time, such as 2026-11-01, 2026-11-01T12:30, today or -2h (two hours ago)";
    default: return "a number with or without one of the units " + unit_names(kind);
  }
}

class Parser {
 public:
  Parser(std::string_view text, FilterView view, std::vector<FilterToken> tokens)
      : text_(text), view_(view), tokens_(std::move(tokens)) {}

  Result<Filter> run() {
    if (peek().kind == Kind::kEnd) return Filter{};
    Result<Filter> filter = any(0);
    if (!filter.ok()) return filter;
    if (peek().kind == Kind::kClose)
      return error(peek().begin, "nothing was opened that this closes");
    return flattened(std::move(*filter));
  }

 private:
  const FilterToken& peek() const { return tokens_[at_]; }
  const FilterToken& take() { return tokens_[at_++]; }
  bool ends_all() const {
    return peek().kind == Kind::kEnd || peek().kind == Kind::kClose || peek().kind == Kind::kOr;
  }
  Status error(size_t at, const std::string& what) const { return filter_error(text_, at, what); }

  Result<Filter> any(size_t depth) {
    std::vector<Filter> parts;
    for (;;) {
      Result<Filter> part = all(depth);
      if (!part.ok()) return part;
      parts.push_back(std::move(*part));
      if (peek().kind != Kind::kOr) break;
      take();
    }
    if (parts.size() == 1) return std::move(parts.front());
    return Filter::any(std::move(parts));
  }

  Result<Filter> all(size_t depth) {
    std::vector<Filter> parts;
    do {
      if (!parts.empty() && peek().kind == Kind::kAnd) take();
      Result<Filter> part = term(depth);
      if (!part.ok()) return part;
      parts.push_back(std::move(*part));
    } while (!ends_all());
    if (parts.size() == 1) return std::move(parts.front());
    return Filter::all(std::move(parts));
  }

  Result<Filter> term(size_t depth) {
    if (depth > kDeepestFilter) {
      return error(peek().begin, "the filter is nested more than " +
                                     std::to_string(kDeepestFilter) + " levels deep");
    }
    switch (peek().kind) {
      case Kind::kNot: {
        take();
        Result<Filter> part = term(depth + 1);
        return part.ok() ? Result<Filter>(Filter::negation(std::move(*part))) : part;
      }
      case Kind::kOpen: {
        const size_t begin = take().begin;
        Result<Filter> inner = any(depth + 1);
        if (!inner.ok()) return inner;
        if (peek().kind != Kind::kClose) return error(begin, "this is not closed");
        take();
        return inner;
      }
      case Kind::kName: return tokens_[at_ + 1].kind == Kind::kOperator ? condition() : search();
      case Kind::kEnd: return error(peek().begin, "a term is missing at the end");
      default: return error(peek().begin, "a term is missing before this");
    }
  }

  Result<Filter> search() {
    const FilterToken& token = take();
    if (!token.is_quoted && token.text.find_first_of("\"'") != std::string::npos &&
        token.parts.size() > 1) {
      return error(token.begin, "an operator is missing after this field, as in " + token.text +
                                    ":* (it has a value)");
    }
    const FilterField* field = token.is_quoted ? nullptr : find_field(view_, token.parts[0]);
    if (field != nullptr && token.parts.size() > 1) {
      return error(token.end, "an operator is missing after this field; " + token.text +
                                  ":* asks whether it has a value");
    }
    Filter out;
    out.kind = Filter::Kind::kSearch;
    out.at = token.begin;
    const auto kind = token.is_quoted            ? FilterValue::Kind::kText
                      : has_wildcard(token.text) ? FilterValue::Kind::kPattern
                                                 : FilterValue::Kind::kWord;
    out.values.push_back({kind, token.text});
    return out;
  }

  Result<Filter> condition() {
    const FilterToken name = take();
    const FilterField* field = find_field(view_, name.parts[0]);
    if (field == nullptr) return unknown_field(name);
    for (size_t i = 0; i < name.parts.size(); ++i) {
      if (name.parts[i].empty()) return error(name.part_begins[i], "a name is missing here");
    }
    const bool takes_apart = field->kind == FieldKind::kValues || field->kind == FieldKind::kTags;
    if (!takes_apart && name.parts.size() > 1) {
      return error(name.part_begins[1], std::string(field->name) + " has no parts; write " +
                                            std::string(field->name) + " by itself");
    }
    const FilterToken op = take();
    std::vector<FilterToken> values;
    while (peek().kind == Kind::kValue) values.push_back(take());
    if (field->kind == FieldKind::kValues && name.parts.size() == 1) {
      return error(name.end, "which value is meant? Write " + std::string(field->name) +
                                 ".NAME, as in " + std::string(field->name) + ".lr" +
                                 std::string(symbol_of(op.op)) + values[0].text);
    }
    std::vector<std::string> path = name.parts;
    path[0] = field->name;
    if (field->kind == FieldKind::kTags && path.size() == 1) {
      return tags(name, op, values);
    }
    return condition_on(*field, std::move(path), name.begin, op, values);
  }

  Result<Filter> condition_on(const FilterField& field, std::vector<std::string> path, size_t at,
                              const FilterToken& op, const std::vector<FilterToken>& tokens) {
    const bool takes_many =
        op.op == FilterOp::kIs || op.op == FilterOp::kEqual || op.op == FilterOp::kNotEqual;
    if (!takes_many && tokens.size() > 1) {
      return error(tokens[1].begin, std::string(symbol_of(op.op)) +
                                        " takes one value; several stand after : = or !=");
    }
    if (op.op == FilterOp::kIs && tokens.size() == 1 && tokens[0].text == "**" &&
        !tokens[0].is_quoted) {
      return Filter::field(std::move(path), FilterOp::kRecorded, {}, at);
    }
    std::vector<FilterValue> values;
    for (const FilterToken& token : tokens) {
      Result<FilterValue> value = value_of(field, op.op, token);
      if (!value.ok()) return value.status();
      values.push_back(std::move(*value));
    }
    return Filter::field(std::move(path), op.op, std::move(values), at);
  }

  // tag:best is tag.best:*, and tag:paper=draft2 is tag.paper:draft2.
  Result<Filter> tags(const FilterToken& name, const FilterToken& op,
                      const std::vector<FilterToken>& tokens) {
    if (op.op != FilterOp::kIs && op.op != FilterOp::kEqual) {
      return error(op.begin, "which tag is meant? Write tag.NAME" + std::string(symbol_of(op.op)) +
                                 tokens[0].text + ", or tag:NAME for having it");
    }
    std::vector<Filter> parts;
    for (const FilterToken& token : tokens) {
      const size_t equals = token.is_quoted ? std::string::npos : token.text.find('=');
      std::string label = token.text.substr(0, equals);
      if (label.empty()) return error(token.begin, "a tag's name is missing before =");
      FilterValue value;
      if (equals != std::string::npos) {
        value = FilterValue::quoted(token.text.substr(equals + 1));
      } else if (!token.is_quoted && has_wildcard(label)) {
        return error(token.begin, label == "*" ? "which tag is meant? Write tag:NAME"
                                               : "a tag's name stands whole, without * and ?");
      }
      parts.push_back(Filter::field({"tag", std::move(label)}, FilterOp::kIs, {value}, name.begin));
    }
    return flattened(Filter::any(std::move(parts)));
  }

  Result<FilterValue> value_of(const FilterField& field, FilterOp op, const FilterToken& token) {
    if (token.is_json) {
      const bool fits =
          field.kind == FieldKind::kValues && (op == FilterOp::kEqual || op == FilterOp::kNotEqual);
      if (!fits) return error(token.begin, "json\"...\" stands after used.NAME= and the like only");
      const Result<Json> json = Json::parse(token.text);
      if (!json.ok()) return error(token.begin, json.status().message());
      return FilterValue{FilterValue::Kind::kJson, json->dump()};
    }
    if (op == FilterOp::kMatches) {
      if (field.kind != FieldKind::kText && field.kind != FieldKind::kValues &&
          field.kind != FieldKind::kTags) {
        return error(token.begin, std::string(field.name) + " is no text; ~ is for text");
      }
      return FilterValue::quoted(token.text);
    }
    if (op == FilterOp::kIs) return alternative(field, token);
    return single(field, token);
  }

  // One of the values after `:`.
  Result<FilterValue> alternative(const FilterField& field, const FilterToken& token) {
    if (token.is_quoted) return checked(field, token, FilterValue::quoted(token.text), token.text);
    if (token.text == "*") return FilterValue{};
    const bool ranges = is_measured(field.kind) || field.kind == FieldKind::kTime ||
                        field.kind == FieldKind::kValues || field.kind == FieldKind::kTags;
    if (ranges) {
      if (const auto range = range_of(field, token)) return *range;
    }
    if (has_wildcard(token.text)) {
      if (is_measured(field.kind) || field.kind == FieldKind::kTime ||
          field.kind == FieldKind::kStatus) {
        return error(token.begin, std::string(field.name) + " is no text; * and ? are for text");
      }
      return FilterValue{FilterValue::Kind::kPattern, token.text};
    }
    return checked(field, token, FilterValue::word(token.text), token.text);
  }

  // a..b, a.., ..b where a and b are numbers or times. Not 1..2 in a path like ../data.
  std::optional<Result<FilterValue>> range_of(const FilterField& field, const FilterToken& token) {
    const size_t dots = token.text.find("..");
    if (dots == std::string::npos) return std::nullopt;
    const std::string from = token.text.substr(0, dots);
    const std::string to = token.text.substr(dots + 2);
    const bool loose = field.kind == FieldKind::kValues || field.kind == FieldKind::kTags;
    const auto is_end = [](const std::string& text) {
      return text.empty() || parse_quantity(text) || parse_time(text, 0);
    };
    if (from.empty() && to.empty()) {
      if (loose) return std::nullopt;
      return Result<FilterValue>(
          error(token.begin, "a range has a beginning or an end, as in 1..5"));
    }
    if (loose && (!is_end(from) || !is_end(to))) return std::nullopt;
    FilterValue range;
    range.kind = FilterValue::Kind::kRange;
    for (const bool last : {false, true}) {
      const std::string& end = last ? to : from;
      FilterToken part = token;
      if (last) part.begin += dots + 2;
      FilterValue value = end.empty() ? FilterValue{} : FilterValue::word(end);
      if (!end.empty()) {
        const Result<FilterValue> fits = checked(field, part, value, end);
        if (!fits.ok()) return fits;
      }
      range.ends.push_back(std::move(value));
    }
    return Result<FilterValue>(std::move(range));
  }

  // The value of = != < <= > >=, of one type.
  Result<FilterValue> single(const FilterField& field, const FilterToken& token) {
    if (token.is_quoted) return checked(field, token, FilterValue::quoted(token.text), token.text);
    if (token.text == "true" || token.text == "false") {
      FilterValue value{FilterValue::Kind::kBool};
      value.truth = token.text == "true";
      return checked(field, token, value, token.text);
    }
    if (token.text == "null") return FilterValue{FilterValue::Kind::kNull};
    const bool texts = field.kind != FieldKind::kValues && field.kind != FieldKind::kTags &&
                       !is_measured(field.kind);
    if (!texts && parse_quantity(token.text)) {
      return checked(field, token, FilterValue::number(token.text), token.text);
    }
    return checked(field, token, FilterValue::quoted(token.text), token.text);
  }

  // `value`, if the field can have it.
  Result<FilterValue> checked(const FilterField& field, const FilterToken& token, FilterValue value,
                              const std::string& text) const {
    const std::string name(field.name);
    if (field.kind == FieldKind::kStatus) {
      const auto& known = status_names();
      if (std::find(known.begin(), known.end(), text) == known.end()) {
        const auto near = nearest_names(text, known, 1);
        return error(token.begin,
                     "there is no status " + text +
                         (near.empty() ? "; there are " + listed(known) : did_you_mean(near)));
      }
    } else if (field.kind == FieldKind::kTime) {
      if (!parse_time(text, 0)) {
        return error(token.begin, name + " takes " + wanted_of(field.kind));
      }
    } else if (is_measured(field.kind)) {
      const auto quantity = parse_quantity(text);
      const bool fits = quantity && (quantity->unit.empty() || quantity->measures == field.kind);
      if (!fits) return error(token.begin, name + " takes " + wanted_of(field.kind));
    } else if (field.kind == FieldKind::kId || field.kind == FieldKind::kHash) {
      const size_t least = field.kind == FieldKind::kId ? 4 : 6;
      if (text.size() < least ||
          text.find_first_not_of("0123456789abcdefABCDEF-.") != std::string::npos) {
        return error(token.begin, name + " takes " + std::to_string(least) +
                                      " or more hexadecimal digits, those that it begins with");
      }
    }
    return value;
  }

  Status unknown_field(const FilterToken& name) const {
    std::vector<std::string> known;
    for (const FilterField& field : filter_fields(view_)) known.emplace_back(field.name);
    const auto near = nearest_names(name.parts[0], known);
    return error(name.begin,
                 std::string(plural_of(view_)) + " have no field " + name.parts[0] +
                     (near.empty() ? "; they have " + listed(known, 30) : did_you_mean(near)));
  }

  std::string_view text_;
  FilterView view_;
  std::vector<FilterToken> tokens_;
  size_t at_ = 0;
};

}  // namespace

Result<Filter> parse_filter(std::string_view text, FilterView view) {
  Result<std::vector<FilterToken>> tokens = filter_tokens(text);
  if (!tokens.ok()) return tokens.status();
  return Parser(text, view, std::move(*tokens)).run();
}

}  // namespace headrace::query
