#include "capture/secrets.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "capture/redaction.h"

namespace headrace::capture {
namespace {

constexpr std::string_view kRedacted = "[redacted]";

constexpr auto kIsWord = [] {
  std::array<bool, 256> is{};
  for (size_t c = '0'; c <= '9'; ++c) is[c] = true;
  for (size_t c = 'a'; c <= 'z'; ++c) is[c] = is[c - 'a' + 'A'] = true;
  is['_'] = true;
  return is;
}();
bool is_word(char c) { return kIsWord[static_cast<uint8_t>(c)]; }
bool is_token(char c) { return is_word(c) || c == '-'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
constexpr std::array kTokenPrefixes = {
    Prefix{"AKIA", 16},     Prefix{"ASIA", 16},     Prefix{"AIza", 30},
    Prefix{"ghp_", 20},     Prefix{"gho_", 20},     Prefix{"ghs_", 20},
    Prefix{"ghu_", 20},     Prefix{"ghr_", 20},     Prefix{"github_pat_", 20},
    Prefix{"glpat-", 16},   Prefix{"hf_", 20},      Prefix{"sk-", 20},
    Prefix{"sk_live_", 16}, Prefix{"sk_test_", 16}, Prefix{"rk_live_", 16},
    Prefix{"xoxb-", 16},    Prefix{"xoxp-", 16},    Prefix{"xoxa-", 16},
    Prefix{"xoxr-", 16},    Prefix{"xoxs-", 16},    Prefix{"xapp-", 16},
    Prefix{"pypi-", 40},    Prefix{"npm_", 30},     Prefix{"hvs.", 20},
    Prefix{"SG.", 20},      Prefix{"dop_v1_", 40},  Prefix{"AGE-SECRET-KEY-", 30},
    Prefix{"ya29.", 20}};
// Whether a token may begin with these two characters: few words do, so that few are compared.
constexpr size_t pair_of(char first, char second) {
  return (static_cast<uint8_t>(first) * 31u + static_cast<uint8_t>(second)) % 1024;
}
constexpr auto kBeginsToken = [] {
  std::array<bool, 1024> is{};
  for (const Prefix& prefix : kTokenPrefixes) is[pair_of(prefix.text[0], prefix.text[1])] = true;
  is[pair_of('e', 'y')] = true;  // eyJ
  return is;
}();

// The characters that tokens begin with, as bits: one look without memory.
constexpr auto kFirstOfToken = [] {
  std::array<uint64_t, 2> bits{};
  const auto add = [&bits](char c) { bits[static_cast<uint8_t>(c) / 64] |= uint64_t{1} << c % 64; };
  for (const Prefix& prefix : kTokenPrefixes) add(prefix.text[0]);
  add('e');
  return bits;
}();
bool is_first_of_token(char c) {
  const auto code = static_cast<uint8_t>(c);
  return code < 128 && (kFirstOfToken[code / 64] >> code % 64 & 1) != 0;
}

// The length of a known kind of token that begins at `at`, or 0.
size_t known_token(std::string_view text, size_t at) {
  if (text.size() - at < kShortestToken || !kBeginsToken[pair_of(text[at], text[at + 1])]) return 0;
  const auto run = [text](size_t from) {
    size_t end = from;
    while (end < text.size() && (is_token(text[end]) || text[end] == '.')) ++end;
    return end - from;
  };
  for (const Prefix& prefix : kTokenPrefixes) {
    if (!text.substr(at).starts_with(prefix.text)) continue;
    const size_t from = at + prefix.text.size();
    const size_t rest = prefix.text.back() == '.' ? run(from) : token_length(text, from);
    if (rest >= prefix.at_least) return prefix.text.size() + rest;
  }
  if (!text.substr(at).starts_with("eyJ")) return 0;
  const size_t whole = run(at);  // header.payload.signature
  const auto dots = std::count(text.begin() + static_cast<ptrdiff_t>(at),
                               text.begin() + static_cast<ptrdiff_t>(at + whole), '.');
  return dots >= 2 && whole > 40 ? whole : 0;
}

// The end of the value that begins at `at`: of what stands in quotes, or of the word.
size_t value_end(std::string_view text, size_t at) {
  if (at < text.size() && is_quote(text[at])) {
    for (size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == text[at]) {
        return i + 1;
      }
    }
    return std::min(text.find('\n', at), text.size());  // it does not end here: all of the line
  }
  size_t end = at;
  while (end < text.size() && !is_space(text[end]) && text[end] != '&' && text[end] != ';') ++end;
  return end;
}

bool is_same_word(std::string_view word, std::string_view lower) {
  return word.size() == lower.size() &&
         std::equal(word.begin(), word.end(), lower.begin(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

class Redactor {
 public:
  Redactor(std::string_view text, Redact what, std::string* out)
      : text_(text), what_(what), out_(out) {}

  // The number of replacements.
  size_t run() {
    const bool has_rules = has_text_rules.load(std::memory_order_acquire);
    while (at_ < text_.size()) {
      if (has_rules) {
        if (const size_t length = secret_length_by_rule(text_, at_); length > 0) {
          replace(at_ + length);
          continue;
        }
      }
      const char c = text_[at_];
      if (is_word(c)) {
        // With rules every place is looked at, but a word begins only once.
        const bool inside = at_ > 0 && is_word(text_[at_ - 1]) && at_ != copied_;
        if (!inside) {
          word(has_rules);
        } else {
          ++at_;
        }
      } else if (c == ':' && text_.substr(at_).starts_with("://")) {
        credentials();
      } else if (c == '-' && text_.substr(at_).starts_with("-----BEGIN ")) {
        private_key();
      } else {
        ++at_;
      }
    }
    if (count_ > 0) out_->append(text_.substr(copied_));
    return count_;
  }

 private:
  void replace(size_t end) {
    if (count_++ == 0) {
      out_->clear();
      out_->reserve(text_.size());
    }
    out_->append(text_.substr(copied_, at_ - copied_));
    out_->append(kRedacted);
    copied_ = at_ = end;
  }

  // A word begins here. Words joined by '-' are one name.
  void word(bool step_by_step) {
    if (at_ < 2 || text_[at_ - 1] != '-' || !is_word(text_[at_ - 2])) name_at_ = at_;
    if (const size_t length = known_token(text_, at_); length > 0) return replace(at_ + length);
    size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    const size_t begin = at_;
    if (end < text_.size() && text_[end] == ' ' &&
        (is_same_word(word, "bearer") || is_same_word(word, "basic")) &&
        credential_length(end + 1) >= 8) {
      at_ = end + 1;
      return replace(value_end(text_, at_));
    }
    const bool goes_on = end + 1 < text_.size() && text_[end] == '-' && is_word(text_[end + 1]);
    if (!goes_on && assignment(text_.substr(name_at_, end - name_at_), end)) return;
    at_ = end;
    if (what_ == Redact::kAll && password_before_host(end)) return;
    if (step_by_step) at_ = begin + 1;
  }

  // What may be a credential: no ordinary word after "basic".
  size_t credential_length(size_t at) const {
    size_t end = at;
    bool mixed = false;
    while (end < text_.size() && !is_space(text_[end]) && !is_quote(text_[end])) {
      mixed = mixed || !(text_[end] >= 'a' && text_[end] <= 'z');
      ++end;
    }
    return mixed || end - at >= 16 ? end - at : 0;
  }

  // NAME=value, --name=value, "name": "value", name = value; the name ends at `end`.
  bool assignment(std::string_view name, size_t end) {
    size_t at = end;
    while (at < text_.size() && (is_quote(text_[at]) || text_[at] == '\\') && at - end < 2) ++at;
    const bool is_quoted = at > end;
    while (at < text_.size() && text_[at] == ' ' && at - end < 4) ++at;
    const size_t sign = at;
    while (at < text_.size() && (text_[at] == '=' || text_[at] == ':')) ++at;
    if (name.size() > 64 || text_.substr(sign).starts_with("://")) return false;
    if (at == sign) return option_value(name, sign);
    // A colon apart from its name is prose.
    if (at - sign > 2 || (sign > end && !is_quoted && text_[sign] == ':')) return false;
    while (at < text_.size() && text_[at] == ' ') ++at;
    if (at == text_.size() || is_space(text_[at])) return false;
    const Secrecy secrecy = secrecy_of_name(name);
    if (secrecy == Secrecy::kNone) return false;
    if (what_ == Redact::kSource) {
      // b"...", f'...'
      size_t quote = at;
      while (quote < text_.size() && quote - at < 2 && is_word(text_[quote])) ++quote;
      if (quote == text_.size() || !is_quote(text_[quote])) return false;
      at = quote;
    }
    for (const std::string_view scheme : {"Bearer ", "Basic ", "token "}) {
      if (text_.substr(at).starts_with(scheme)) at += scheme.size();
    }
    const size_t value_ends = value_end(text_, at);
    const std::string_view value = text_.substr(at, value_ends - at);
    const bool is_number = std::all_of(value.begin(), value.end(), is_digit);
    if (value.empty() || (secrecy == Secrecy::kText && is_number)) return false;
    if (value.starts_with(kRedacted)) return false;
    at_ = at;
    replace(value_ends);
    return true;
  }

  // --password value; the value may begin at `at`.
  bool option_value(std::string_view name, size_t at) {
    const bool is_option = name_at_ >= 2 && text_.substr(name_at_ - 2, 2) == "--";
    if (!is_option || what_ != Redact::kAll || at == text_.size() || text_[at] == '-' ||
        is_space(text_[at]) || text_[at - 1] != ' ' || secrecy_of_name(name) == Secrecy::kNone) {
      return false;
    }
    at_ = at;
    replace(value_end(text_, at));
    return true;
  }

  // user:password@host; the user ends at `colon`.
  bool password_before_host(size_t colon) {
    if (colon >= text_.size() || text_[colon] != ':' || text_.substr(colon).starts_with("://")) {
      return false;
    }
    for (size_t i = colon + 1; i < text_.size() && i - colon < 256; ++i) {
      const char c = text_[i];
      if (is_space(c) || is_quote(c) || c == '/' || c == ',' || c == ':') return false;
      if (c != '@') continue;
      const std::string_view host = text_.substr(i + 1);
      // image:tag@sha256:... is an address of content.
      if (i - colon < 4 || host.empty() || !is_word(host[0]) || host.starts_with("sha256:")) {
        return false;
      }
      at_ = colon + 1;
      replace(i);
      return true;
    }
    return false;
  }

  // scheme://user:password@host
  void credentials() {
    at_ += 3;
    size_t colon = std::string_view::npos;
    size_t last_at = std::string_view::npos;
    for (size_t i = at_; i < text_.size() && i - at_ < 512; ++i) {
      const char c = text_[i];
      if (c == ':' && colon == std::string_view::npos) colon = i;
      if (c == '/' || is_space(c) || is_quote(c) || c == ',') break;
      if (c == '@') last_at = i;
    }
    if (colon == std::string_view::npos || last_at == std::string_view::npos || last_at < colon) {
      return;
    }
    at_ = colon + 1;
    replace(last_at);
  }

  void private_key() {
    const size_t line = std::min(text_.find('\n', at_), text_.size());
    if (text_.substr(at_, line - at_).find("PRIVATE KEY") == std::string_view::npos) {
      at_ += 5;
      return;
    }
    const size_t end = text_.find("-----END ", at_);
    if (end == std::string_view::npos) return replace(text_.size());
    const size_t closed = text_.find("-----", end + 9);
    replace(closed == std::string_view::npos ? text_.size() : closed + 5);
  }

  const std::string_view text_;
  const Redact what_;
  std::string* const out_;
  size_t at_ = 0;
  size_t name_at_ = 0;
  size_t copied_ = 0;  // how much of the text is in *out_, once something was replaced
  size_t count_ = 0;
};

}  // namespace

bool may_begin_token(std::string_view text) {
  bool is_inside = false;
  for (size_t i = 0; i + kShortestToken <= text.size(); ++i) {
    if (!is_inside && is_first_of_token(text[i]) && kBeginsToken[pair_of(text[i], text[i + 1])]) {
      return true;
    }
    is_inside = is_word(text[i]);
  }
  return false;
}

bool take_out_secrets(std::string_view text, std::string* out, Redact what) {
  const size_t count = Redactor(text, what, out).run();
  redactions.in_text.fetch_add(count, std::memory_order_relaxed);
  return count > 0;
}

std::string without_secrets(std::string_view text, Redact what, size_t* count) {
  std::string out;
  const size_t found = Redactor(text, what, &out).run();
  redactions.in_text.fetch_add(found, std::memory_order_relaxed);
  if (count != nullptr) *count += found;
  return found > 0 ? out : std::string(text);
}

bool announces_secret(std::string_view word) {
  return word.size() > 2 && word.starts_with('-') && word.find('=') == std::string_view::npos &&
         secrecy_of_name(word) != Secrecy::kNone;
}

std::vector<std::string> without_secrets(const std::vector<std::string>& words) {
  std::vector<std::string> out;
  out.reserve(words.size());
  bool is_secret = false;
  for (const std::string& word : words) {
    if (is_secret) redactions.by_name.fetch_add(1, std::memory_order_relaxed);
    out.push_back(is_secret ? std::string(kRedacted) : without_secrets(word));
    is_secret = announces_secret(word);
  }
  return out;
}

}  // namespace headrace::capture
