#include "capture/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <vector>

#include "capture/redaction_rules.h"

namespace headrace::capture {
namespace {

constexpr std::array<std::string_view, 17> kSecretWords = {
    "password",   "passwd",    "passphrase", "pwd",         "secret",        "secrets",
    "apikey",     "authtoken", "credential", "credentials", "authorization", "bearer",
    "privatekey", "accesskey", "secretkey",  "passcode",    "cookie"};
// "api_key": the word before `key`.
constexpr std::array<std::string_view, 7> kSecretKeys = {
    "api", "access", "private", "secret", "signing", "encryption", "ssh"};
// A tokenizer's special tokens: the word before `token`.
constexpr std::array<std::string_view, 19> kPlainTokens = {
    "pad",  "eos",   "bos",     "unk", "sep",     "mask",   "cls",   "next", "start", "end",
    "stop", "image", "special", "per", "decoder", "prompt", "first", "last", "each"};

template <typename List>
bool is_in(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  bool lower_before = false;
  for (const char c : name) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isalnum(u) == 0) {
      if (!words.back().empty()) words.emplace_back();
      lower_before = false;
      continue;
    }
    const bool upper = std::isupper(u) != 0;
    if (upper && lower_before && !words.back().empty()) words.emplace_back();
    lower_before = !upper;
    words.back().push_back(static_cast<char>(std::tolower(u)));
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// Every word above, and `key`, `token`, `auth`, has one of these in it.
constexpr std::array<std::string_view, 9> kParts = {"pass", "pwd",  "secret", "key",   "token",
                                                    "auth", "cred", "bearer", "cookie"};

bool has_secret_part(std::string_view name) {
  for (size_t at = 0; at + 3 <= name.size(); ++at) {
    const char first = static_cast<char>(name[at] | 0x20);
    for (const std::string_view part : kParts) {
      if (part[0] != first || part.size() > name.size() - at) continue;
      if (std::equal(part.begin(), part.end(), name.begin() + static_cast<ptrdiff_t>(at),
                     [](char p, char c) { return p == static_cast<char>(c | 0x20); })) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace

Secrecy secrecy_of_name(std::string_view name) {
  if (name.size() > 256) return Secrecy::kNone;
  if (is_secret_by_rule(name)) return Secrecy::kAny;
  if (!has_secret_part(name)) return Secrecy::kNone;
  const std::vector<std::string> words = words_of(name);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string_view before = i > 0 ? std::string_view(words[i - 1]) : std::string_view();
    if (is_in(kSecretWords, words[i])) return Secrecy::kAny;
    if (words[i] == "key" && is_in(kSecretKeys, before)) return Secrecy::kAny;
    if (words[i] == "token" && i + 1 == words.size() && !is_in(kPlainTokens, before)) {
      return Secrecy::kText;
    }
    if (words[i] == "auth" && i + 1 == words.size()) return Secrecy::kText;
  }
  return Secrecy::kNone;
}

}  // namespace headrace::capture
