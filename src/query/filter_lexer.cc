#include "query/filter_lexer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "query/utf8.h"

namespace headrace::query {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\''; }
bool ends_value(char c) { return is_space(c) || c == ',' || c == '(' || c == ')' || c == '"'; }
bool ends_name(char c) {
  return is_space(c) || std::string_view(":=<>~(),\"").find(c) != std::string_view::npos;
}
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("_/@%+-").find(c) != std::string_view::npos;
}
bool is_operator_begin(char c) {
  return std::string_view(":=<>~!").find(c) != std::string_view::npos;
}
bool is_keyword(std::string_view word) { return word == "OR" || word == "AND" || word == "NOT"; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  Result<std::vector<FilterToken>> run() {
    HEADRACE_RETURN_IF_ERROR(check_text());
    for (;;) {
      skip_spaces();
      if (at_ == text_.size()) break;
      HEADRACE_RETURN_IF_ERROR(term());
    }
    add(FilterToken::Kind::kEnd, at_);
    return std::move(tokens_);
  }

 private:
  using Kind = FilterToken::Kind;

  Status check_text() const {
    if (text_.size() > kLongestFilter) {
      return invalid_argument("the filter is longer than " + std::to_string(kLongestFilter / 1024) +
                              " KiB; put long lists into a table and ask in SQL");
    }
    for (size_t i = 0; i < text_.size();) {
      const size_t length = text_[i] == '\0' ? 0 : utf8_length(text_.substr(i));
      if (length == 0) {
        return invalid_argument("byte " + std::to_string(i) +
                                " of the filter is no text; filters are UTF-8 without NUL");
      }
      i += length;
    }
    return {};
  }

  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  FilterToken& add(Kind kind, size_t begin) {
    FilterToken token;
    token.kind = kind;
    token.begin = begin;
    token.end = at_;
    tokens_.push_back(std::move(token));
    return tokens_.back();
  }

  Status term() {
    const size_t begin = at_;
    switch (peek()) {
      case '(': ++at_; return add(Kind::kOpen, begin), Status();
      case ')': ++at_; return add(Kind::kClose, begin), Status();
      case '-':
        ++at_;
        if (at_ == text_.size() || is_space(peek())) {
          return error(begin, "a - stands right before what it excludes, as in -status:failed");
        }
        return add(Kind::kNot, begin), Status();
      case ',': return error(begin, "a comma stands between values, as in status:failed,lost");
      default: break;
    }
    if (peek_operator()) return error(begin, "a field is missing before this");
    return name();
  }

  // A name, and after an operator its values.
  Status name() {
    const size_t begin = at_;
    FilterToken token;
    token.is_quoted = is_quote(peek());
    HEADRACE_RETURN_IF_ERROR(name_parts(&token));
    const size_t end = at_;
    token.kind = Kind::kName;
    token.begin = begin;
    token.end = end;
    token.is_quoted = token.is_quoted && token.parts.size() == 1;
    token.text = token.is_quoted ? token.parts[0] : std::string(text_.substr(begin, end - begin));
    skip_spaces();
    const auto op = peek_operator();
    if (!op) {
      if (is_keyword(token.text) && !token.is_quoted) {
        token.kind = token.text == "OR" ? Kind::kOr : token.text == "AND" ? Kind::kAnd : Kind::kNot;
      }
      tokens_.push_back(std::move(token));
      return {};
    }
    tokens_.push_back(std::move(token));
    return values();
  }

  Status name_parts(FilterToken* token) {
    for (;;) {
      token->part_begins.push_back(at_);
      if (is_quote(peek())) {
        std::string part;
        HEADRACE_RETURN_IF_ERROR(quoted(&part));
        token->parts.push_back(std::move(part));
        if (peek() != '.' && at_ < text_.size() && !ends_name(peek()) && peek() != '!') {
          return error(at_, "a space or an operator is missing here, after the quotes");
        }
      } else {
        const size_t begin = at_;
        while (at_ < text_.size() && peek() != '.' && !ends_name(peek()) &&
               !(peek() == '!' && peek(1) == '=')) {
          ++at_;
        }
        token->parts.emplace_back(text_.substr(begin, at_ - begin));
        if (peek() == '"') {
          return error(at_, "quotes stand around a whole name or a whole part of it");
        }
      }
      if (peek() != '.') return {};
      ++at_;
    }
  }

  std::optional<std::pair<FilterOp, size_t>> peek_operator() const {
    const char next = peek(1);
    switch (peek()) {
      case ':': return std::pair{FilterOp::kIs, size_t{1}};
      case '~': return std::pair{FilterOp::kMatches, size_t{1}};
      case '=': return std::pair{FilterOp::kEqual, size_t{next == '=' ? 2U : 1U}};
      case '<':
        return next == '=' ? std::pair{FilterOp::kLessEqual, size_t{2}}
                           : std::pair{FilterOp::kLess, size_t{1}};
      case '>':
        return next == '=' ? std::pair{FilterOp::kGreaterEqual, size_t{2}}
                           : std::pair{FilterOp::kGreater, size_t{1}};
      case '!':
        if (next == '=') return std::pair{FilterOp::kNotEqual, size_t{2}};
        break;
      default: break;
    }
    return std::nullopt;
  }

  Status values() {
    const size_t begin = at_;
    auto op = *peek_operator();
    at_ += op.second;
    skip_spaces();
    // `energy:>1kJ` is how some write `energy>1kJ`.
    if (op.first == FilterOp::kIs && peek() != ':') {
      if (const auto second = peek_operator()) {
        op = *second;
        at_ += op.second;
      }
    }
    add(Kind::kOperator, begin).op = op.first;
    for (;;) {
      skip_spaces();
      HEADRACE_RETURN_IF_ERROR(value());
      const size_t after = at_;
      skip_spaces();
      if (peek() != ',') {
        at_ = after;
        return {};
      }
      ++at_;
    }
  }

  Status value() {
    const size_t begin = at_;
    std::string out;
    const bool json = text_.substr(at_).starts_with("json\"");
    if (json) at_ += 4;
    const bool in_quotes = is_quote(peek());
    if (in_quotes) {
      HEADRACE_RETURN_IF_ERROR(quoted(&out));
      if (at_ < text_.size() && !ends_value(peek())) {
        return error(at_, "a space is missing here, after the quotes");
      }
    } else {
      while (at_ < text_.size() && !ends_value(peek())) ++at_;
      out = text_.substr(begin, at_ - begin);
      if (out.empty()) return error(begin, "a value is missing here");
      if (is_operator_begin(out[0])) {
        return error(begin, "a value that begins with " + out.substr(0, 1) + " needs quotes");
      }
      if (peek() == '"' || peek() == '(') {
        return error(at_, "a value with " + std::string(1, peek()) + " in it needs quotes");
      }
    }
    FilterToken& token = add(Kind::kValue, begin);
    token.text = std::move(out);
    token.is_quoted = in_quotes;
    token.is_json = json;
    return {};
  }

  Status quoted(std::string* out) {
    const size_t begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size() && peek() != quote) {
      char c = text_[at_++];
      if (c == '\\') {
        const char escaped = peek();
        const size_t known = std::string_view("\"'\\nrt").find(escaped);
        if (at_ == text_.size() || known == std::string_view::npos) {
          return error(at_ - 1, "in quotes, \\ stands before one of \" ' \\ n r t");
        }
        c = "\"'\\\n\r\t"[known];
        ++at_;
      }
      *out += c;
    }
    if (at_ == text_.size()) return error(begin, "these quotes are not closed");
    ++at_;
    return {};
  }

  Status error(size_t at, const std::string& what) const { return filter_error(text_, at, what); }

  std::string_view text_;
  size_t at_ = 0;
  std::vector<FilterToken> tokens_;
};

}  // namespace

Result<std::vector<FilterToken>> filter_tokens(std::string_view text) { return Lexer(text).run(); }

Status filter_error(std::string_view text, size_t at, const std::string& what) {
  at = std::min(at, text.size());
  const size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  const size_t begin = before == std::string_view::npos ? 0 : before + 1;
  const std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
  const std::string shown = terminal_text(line.substr(0, at - begin));
  return invalid_argument(what + "\n  " + shown + terminal_text(line.substr(at - begin)) + "\n  " +
                          std::string(display_width(shown), ' ') + "^");
}

bool is_plain_name(std::string_view part) {
  return !part.empty() && part[0] != '-' && !is_keyword(part) &&
         std::all_of(part.begin(), part.end(), is_plain);
}

bool is_plain_value(std::string_view text) {
  const auto plain = [](char c) {
    return is_plain(c) || std::string_view(".:[]{}=#;&|^$!<>").find(c) != std::string_view::npos;
  };
  return !text.empty() && !is_operator_begin(text[0]) &&
         std::all_of(text.begin(), text.end(), plain);
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default: out += c;
    }
  }
  return out + "\"";
}

}  // namespace headrace::query
