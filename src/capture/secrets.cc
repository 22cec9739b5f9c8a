#include "capture/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "capture/redaction.h"

namespace headrace::capture {
namespace {

constexpr std::string_view kRedacted = "[redacted]";

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_token(char c) { return is_word(c) || c == '-'; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// The length of the run of token characters at `at`.
size_t token_length(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_token(text[end])) ++end;
  return end - at;
}

struct Prefix {
  std::string_view text;
  size_t at_least;  // token characters after it
};
constexpr std::array<Prefix, 15> kTokenPrefixes = {{{"AKIA", 16},
                                                    {"ASIA", 16},
                                                    {"ghp_", 20},
                                                    {"gho_", 20},
                                                    {"ghs_", 20},
                                                    {"ghu_", 20},
                                                    {"github_pat_", 20},
                                                    {"glpat-", 16},
                                                    {"hf_", 20},
                                                    {"sk-", 20},
                                                    {"xoxb-", 16},
                                                    {"xoxp-", 16},
                                                    {"xoxa-", 16},
                                                    {"pypi-", 40},
                                                    {"npm_", 30}}};

// The length of a known kind of token that begins at `at`, or 0.
size_t known_token(std::string_view text, size_t at) {
  for (const Prefix& prefix : kTokenPrefixes) {
    if (!text.substr(at).starts_with(prefix.text)) continue;
    const size_t rest = token_length(text, at + prefix.text.size());
    if (rest >= prefix.at_least) return prefix.text.size() + rest;
  }
  if (!text.substr(at).starts_with("eyJ")) return 0;
  // header.payload.signature
  size_t end = at;
  int dots = 0;
  while (end < text.size() && (is_token(text[end]) || text[end] == '.')) {
    dots += text[end++] == '.' ? 1 : 0;
  }
  return dots == 2 && end - at > 40 ? end - at : 0;
}

// The end of the value that begins at `at`: of what stands in quotes, or of the word.
size_t value_end(std::string_view text, size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const size_t close = text.find(text[at], at + 1);
    const size_t line = text.find('\n', at);
    if (close < line) return close + 1;
  }
  size_t end = at;
  while (end < text.size() && !is_space(text[end]) && text[end] != '&' && text[end] != ';') ++end;
  return end;
}

class Redactor {
 public:
  Redactor(std::string_view text, Redact what) : text_(text), what_(what) {}

  std::string run(size_t* count) {
    for (at_ = 0; at_ < text_.size();) {
      if (!step()) out_.push_back(text_[at_++]);
    }
    if (count != nullptr) *count += count_;
    return std::move(out_);
  }

 private:
  // Something that begins here and was dealt with.
  bool step() {
    const char c = text_[at_];
    const bool begins_word = is_word(c) && (at_ == 0 || !is_word(text_[at_ - 1]));
    if (begins_word) {
      if (const size_t length = known_token(text_, at_); length > 0) return replace(at_ + length);
      if (text_.substr(at_).starts_with("Bearer ") && token_length(text_, at_ + 7) >= 8) {
        keep(7);
        return replace(value_end(text_, at_));
      }
      return assignment();
    }
    if (c == ':' && text_.substr(at_).starts_with("://")) return credentials();
    if (c == '-' && text_.substr(at_).starts_with("-----BEGIN ")) return private_key();
    return false;
  }

  void keep(size_t n) {
    out_.append(text_.substr(at_, n));
    at_ += n;
  }
  bool replace(size_t end) {
    out_.append(kRedacted);
    at_ = end;
    ++count_;
    return true;
  }

  // NAME=value, --name=value, "name": "value": the word that begins here is looked at once.
  bool assignment() {
    const size_t length = token_length(text_, at_);
    const std::string_view name = text_.substr(at_, length);
    keep(length);
    if (what_ == Redact::kKnownForms) return true;
    size_t value = at_;
    if (value < text_.size() && (text_[value] == '"' || text_[value] == '\'')) ++value;
    const size_t sign = value;
    while (value < text_.size() && (text_[value] == '=' || text_[value] == ':')) ++value;
    if (value == sign || text_.substr(sign).starts_with("://") || length > 64) return true;
    while (value < text_.size() && text_[value] == ' ') ++value;
    if (value == text_.size() || is_space(text_[value]) ||
        secrecy_of_name(name) == Secrecy::kNone) {
      return true;
    }
    for (const std::string_view scheme : {"Bearer ", "Basic ", "token "}) {
      if (text_.substr(value).starts_with(scheme)) value += scheme.size();
    }
    keep(value - at_);
    return replace(value_end(text_, at_));
  }

  // scheme://user:password@host
  bool credentials() {
    keep(3);
    size_t colon = std::string_view::npos;
    for (size_t i = at_; i < text_.size() && i - at_ < 512; ++i) {
      const char c = text_[i];
      if (c == ':' && colon == std::string_view::npos) colon = i;
      if (c == '/' || is_space(c) || c == '"' || c == '\'') break;
      if (c != '@') continue;
      if (colon == std::string_view::npos) break;
      keep(colon + 1 - at_);
      return replace(i);
    }
    return true;
  }

  bool private_key() {
    const size_t line = std::min(text_.find('\n', at_), text_.size());
    if (text_.substr(at_, line - at_).find("PRIVATE KEY") == std::string_view::npos) return false;
    const size_t end = text_.find("-----END ", at_);
    if (end == std::string_view::npos) return replace(text_.size());
    return replace(std::min(text_.find('\n', end), text_.size()));
  }

  const std::string_view text_;
  const Redact what_;
  size_t at_ = 0;
  size_t count_ = 0;
  std::string out_;
};

}  // namespace

std::string without_secrets(std::string_view text, Redact what, size_t* count) {
  return Redactor(text, what).run(count);
}

std::vector<std::string> without_secrets(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  out.reserve(words.size());
  bool is_secret = false;
  for (const std::string& word : words) {
    out.push_back(is_secret ? std::string(kRedacted) : without_secrets(word));
    is_secret = word.starts_with("--") && word.find('=') == std::string::npos &&
                secrecy_of_name(word) == Secrecy::kAny;
  }
  return out;
}

}  // namespace headrace::capture
