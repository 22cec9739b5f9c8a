#include "query/filter_names.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii_case.h"
#include "query/filter_lexer.h"
#include "query/filter_parser.h"
#include "query/filter_sql.h"
#include "query/nearest.h"
#include "query/stored_names.h"

namespace headrace::query {
namespace {

constexpr size_t kMostNames = 10000;

class Check {
 public:
  Check(const Session& session, std::string_view text, FilterView view)
      : session_(session), text_(text), view_(view) {}

  Status run(const Filter& filter) const {
    for (const Filter& part : filter.parts) HEADRACE_RETURN_IF_ERROR(run(part));
    if (filter.kind != Filter::Kind::kField) return {};
    const FilterField& field = *find_field(view_, filter.path[0]);
    if (filter.path.size() > 1) return captured(field, filter);
    return named(field, filter);
  }

 private:
  Status captured(const FilterField& field, const Filter& filter) const {
    const Result<std::vector<std::string>> keys = stored_keys(session_, view_, field);
    if (!keys.ok()) return keys.status();
    // The way into a dict is not known here: its first name is enough.
    std::string key;
    for (size_t i = 1; i < filter.path.size(); ++i) {
      key += (i > 1 ? "." : "") + filter.path[i];
      for (const std::string& known : *keys) {
        if (known.size() == key.size() && edit_distance(known, key) == 0) return {};
      }
    }
    const std::string name(field.name);
    std::string message = "no " + std::string(name_of(view_)) + " has " + path_text(filter.path);
    const std::string other = name == "used" ? "generated" : name == "generated" ? "used" : "";
    if (!other.empty()) {
      const auto others = stored_keys(session_, view_, *find_field(view_, other));
      if (others.ok() && std::find(others->begin(), others->end(), key) != others->end()) {
        return filter_error(text_, filter.at, message + "; it is " + other + "." + key);
      }
    }
    if (keys->empty()) {
      message += "; none has " + (name == "tag" ? "a tag" : "any " + name + " value") + " yet";
    } else if (auto near = nearest_names(key, *keys); !near.empty()) {
      for (std::string& one : near) one = path_text({name, one});
      message += did_you_mean(near);
    } else {
      message += "; known are " + listed(*keys);
    }
    return filter_error(text_, filter.at, message);
  }

  // A name that nothing has is a mistake to be told, not an empty list.
  Status named(const FilterField& field, const Filter& filter) const {
    const bool is_name = field.name == "activity" || field.name == "campaign" ||
                         field.name == "workflow" || field.name == "hostname";
    if (!is_name || (filter.op != FilterOp::kIs && filter.op != FilterOp::kEqual)) return {};
    const auto known = stored_values(session_, view_, field, kMostNames);
    if (!known.ok()) return known.status();
    for (const FilterValue& value : filter.values) {
      if (value.kind != FilterValue::Kind::kWord && value.kind != FilterValue::Kind::kText)
        continue;
      if (known->size() == kMostNames) continue;
      if (std::find(known->begin(), known->end(), value.text) != known->end()) continue;
      const bool is_id =
          field.name == "workflow" && value.text.size() >= 4 &&
          value.text.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
      if (is_id) continue;
      const auto near = nearest_names(value.text, *known);
      const std::string word(field.name == "hostname" ? "machine" : field.name);
      const size_t place = text_.find(value.text, filter.at);
      return filter_error(text_, place == std::string_view::npos ? filter.at : place,
                          "there is no " + word + " " + value.text +
                              (!near.empty()    ? did_you_mean(near)
                               : known->empty() ? ""
                                                : "; there are " + listed(*known)));
    }
    return {};
  }

  const Session& session_;
  std::string_view text_;
  FilterView view_;
};

// What is being typed: after which field and operator, or a field's name.
struct Typing {
  size_t begin = 0;
  std::string typed;  // without quotes
  bool is_value = false;
  FieldPath field;  // of a value; of a name what stands before its last dot
};

// The last term up to the cursor, read forgivingly.
std::optional<Typing> typing_at(std::string_view before) {
  // Quotes that are still open are closed to read what is in them.
  for (const std::string_view more : {"", "\"", "'", "x", "\"x\"", "-x"}) {
    const std::string text = std::string(before) + std::string(more);
    const Result<std::vector<FilterToken>> tokens = filter_tokens(text);
    if (!tokens.ok()) continue;
    Typing out;
    out.begin = before.size();
    const bool is_filler = more == "x" || more == "\"x\"" || more == "-x";
    if (tokens->size() < 2) return out;
    const FilterToken& last = (*tokens)[tokens->size() - 2];
    if (last.end < text.size()) return out;  // a space, and then the cursor
    if (last.kind == FilterToken::Kind::kValue) {
      size_t name = tokens->size() - 2;
      while (name > 0 && (*tokens)[name].kind != FilterToken::Kind::kName) --name;
      out.is_value = true;
      out.field = (*tokens)[name].parts;
      out.begin = std::min(last.begin, before.size());
      out.typed = is_filler ? "" : last.text;
      return out;
    }
    const bool is_word = last.kind == FilterToken::Kind::kName ||
                         last.kind == FilterToken::Kind::kOr ||
                         last.kind == FilterToken::Kind::kAnd;
    if (!is_word) return out;
    out.field = last.parts.empty() ? FieldPath{last.text} : last.parts;
    out.begin = last.part_begins.empty() ? last.begin : last.part_begins.back();
    out.begin = std::min(out.begin, before.size());
    out.typed = is_filler ? "" : out.field.back();
    out.field.pop_back();
    return out;
  }
  return std::nullopt;
}

std::string as_value(const std::string& text) {
  return is_plain_value(text) ? text : quoted_text(text);
}

// Those that go on from what is typed, then those that contain it.
void offer(const std::vector<Completion>& all, const std::string& typed, size_t limit,
           std::vector<Completion>* out) {
  const std::string wanted = lower_case(typed);
  for (const bool first : {true, false}) {
    for (const Completion& one : all) {
      const std::string name = lower_case(one.text[0] == '"' ? one.text.substr(1) : one.text);
      const size_t found = name.find(wanted);
      if (found == std::string::npos || (found == 0) != first || out->size() >= limit) continue;
      out->push_back(one);
    }
  }
}

Result<std::vector<Completion>> values_for(const Session& session, FilterView view,
                                           const Typing& typing) {
  std::vector<Completion> out;
  const FilterField* field = find_field(view, typing.field[0]);
  if (field == nullptr) return out;
  if (typing.field.size() > 1) {
    const auto texts = stored_texts(session, view, typing.field, 200);
    if (!texts.ok()) return texts.status();
    for (const std::string& text : *texts) out.push_back({as_value(text), "value"});
    return out;
  }
  if (field->kind == FieldKind::kTags) {
    const auto keys = stored_keys(session, view, *field);
    if (!keys.ok()) return keys.status();
    for (const std::string& key : *keys) out.push_back({as_value(key), "tag"});
    return out;
  }
  if (field->kind == FieldKind::kTime) {
    for (const char* word : {"today", "yesterday", "-1h", "-1d", "-7d"})
      out.push_back({word, "time"});
    return out;
  }
  const std::string digits =
      typing.typed.substr(0, typing.typed.find_first_not_of("0123456789.+-"));
  if (!digits.empty() && field->kind != FieldKind::kText) {
    for (const char* unit : {"J", "kJ", "MJ", "Wh", "kWh", "ms", "s", "min", "h", "d", "kB", "MB",
                             "GB", "KiB", "MiB", "GiB"}) {
      const auto with = parse_quantity(digits + unit);
      if (with && with->measures == field->kind) out.push_back({digits + unit, "unit"});
    }
    return out;
  }
  const auto values = stored_values(session, view, *field, kMostNames);
  if (!values.ok()) return values.status();
  for (const std::string& value : *values) {
    out.push_back({as_value(value), std::string(field->name)});
  }
  return out;
}

Result<std::vector<Completion>> names_for(const Session& session, FilterView view,
                                          const Typing& typing) {
  std::vector<Completion> out;
  if (typing.field.empty()) {
    for (const FilterField& field : filter_fields(view)) {
      const bool dot = field.kind == FieldKind::kValues;
      out.push_back({std::string(field.name) + (dot ? "." : ":"), std::string(field.about)});
    }
    for (const char* word : {"OR", "NOT"}) out.push_back({word, ""});
    return out;
  }
  const FilterField* field = find_field(view, typing.field[0]);
  if (field == nullptr || typing.field.size() > 1) return out;
  const auto keys = stored_keys(session, view, *field);
  if (!keys.ok()) return keys.status();
  for (const std::string& key : *keys) {
    out.push_back({is_plain_name(key) ? key : quoted_text(key), std::string(field->name)});
  }
  return out;
}

}  // namespace

Result<Filter> known_filter(const Session& session, std::string_view text, FilterView view) {
  Result<Filter> filter = parse_filter(text, view);
  if (!filter.ok()) return filter;
  const Status known = Check(session, text, view).run(*filter);
  if (!known.ok()) return known;
  return filter;
}

Result<Completions> complete_filter(const Session& session, std::string_view text, size_t at,
                                    FilterView view, size_t limit) {
  at = std::min(at, text.size());
  Completions out;
  out.begin = out.end = at;
  const auto typing = typing_at(text.substr(0, at));
  if (!typing) return out;
  out.begin = typing->begin;
  const auto all =
      typing->is_value ? values_for(session, view, *typing) : names_for(session, view, *typing);
  if (!all.ok()) return all.status();
  offer(*all, typing->typed, limit, &out.items);
  return out;
}

}  // namespace headrace::query
