#include "capture/redaction_rules.h"

#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>

namespace headrace::capture {

std::atomic<bool> has_text_rules{false};
RedactionCounters redactions;

namespace {

constexpr size_t kMaxRules = 256;
constexpr size_t kMaxRuleBytes = 128;

// Only ever grows, and an entry is whole before the count says that it is there, so readers take no
// lock. Never destroyed: other threads may still record while the program ends.
struct Rules {
  std::array<const std::string*, kMaxRules> entries{};
  std::atomic<size_t> count{0};
  std::atomic_flag adding = ATOMIC_FLAG_INIT;

  bool add(std::string_view pattern) {
    while (adding.test_and_set(std::memory_order_acquire)) {
    }
    const size_t at = count.load(std::memory_order_relaxed);
    if (at < kMaxRules) {
      entries[at] = std::make_unique<std::string>(pattern).release();
      count.store(at + 1, std::memory_order_release);
    }
    adding.clear(std::memory_order_release);
    return at < kMaxRules;
  }
};
Rules g_names;
Rules g_texts;

bool is_token(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool matches_one(char pattern, char c, bool any_case) {
  if (pattern == '?') return is_token(c);
  if (pattern == '#') return std::isdigit(static_cast<unsigned char>(c)) != 0;
  return pattern == c || (any_case && lower(pattern) == lower(c));
}

// The length of the longest start of `text` that the pattern matches, npos if none. As greedy as
// can be: only the last '*' is ever given back, so that no pattern takes exponential time.
size_t match(std::string_view pattern, std::string_view text, bool any_case) {
  size_t p = 0;
  size_t t = 0;
  size_t star = std::string_view::npos;
  size_t star_least = 0;  // where the last '*' may end at the earliest
  size_t star_end = 0;
  while (true) {
    if (p == pattern.size()) return t;
    if (pattern[p] == '*') {
      star = p++;
      star_least = t;
      while (t < text.size() && is_token(text[t])) ++t;
      star_end = t;
      continue;
    }
    if (t < text.size() && matches_one(pattern[p], text[t], any_case)) {
      ++p;
      ++t;
      continue;
    }
    if (star == std::string_view::npos || star_end == star_least) return std::string_view::npos;
    t = --star_end;
    p = star + 1;
  }
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Rules of the environment hold from the first record on, in any language.
const bool g_from_environment = [] {
  const char* const set = std::getenv("HEADRACE_REDACT");
  if (set != nullptr) add_redaction_rules(set);
  return set != nullptr;
}();

}  // namespace

bool add_redaction_rule(std::string_view rule) {
  rule = trimmed(rule);
  const bool is_text = rule.starts_with('=');
  if (is_text) rule.remove_prefix(1);
  if (rule.empty() || rule.size() > kMaxRuleBytes) return false;
  if (!is_text) return g_names.add(rule);
  if (rule[0] == '*' || rule[0] == '?' || !g_texts.add(rule)) return false;
  has_text_rules.store(true, std::memory_order_release);
  return true;
}

size_t add_redaction_rules(std::string_view list) {
  size_t refused = 0;
  while (!list.empty()) {
    const size_t end = std::min(list.find_first_of(",\n"), list.size());
    const std::string_view rule = trimmed(list.substr(0, end));
    if (!rule.empty() && !add_redaction_rule(rule)) ++refused;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return refused;
}

bool is_secret_by_rule(std::string_view name) {
  const size_t count = g_names.count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    if (match(*g_names.entries[i], name, true) == name.size()) return true;
  }
  return false;
}

size_t secret_length_by_rule(std::string_view text, size_t at) {
  const size_t count = g_texts.count.load(std::memory_order_acquire);
  for (size_t i = 0; i < count; ++i) {
    const std::string& pattern = *g_texts.entries[i];
    if (!matches_one(pattern[0], text[at], false)) continue;
    const size_t length = match(pattern, text.substr(at), false);
    if (length != std::string_view::npos) return length;
  }
  return 0;
}

}  // namespace headrace::capture
