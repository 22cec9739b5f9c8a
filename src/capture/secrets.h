// Takes secrets out of text that is recorded: values, command lines, messages, output, diffs.
//
// What looks like a secret whoever wrote it is replaced by "[redacted]": private keys (PEM), AWS
// and Google keys, tokens of GitHub, GitLab, Hugging Face, OpenAI, Anthropic, Slack, Stripe, PyPI,
// npm, SendGrid and Vault, JSON Web Tokens, what follows "Bearer" or "Basic", the password in
// scheme://user:password@host and user:password@host, the value in NAME=value, --name=value and
// "name": "value" where the name is a secret's, and what the rules of redaction_rules.h say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "capture/redaction_rules.h"
#include "capture/secret_marks.h"

namespace headrace::capture {

enum class Redact {
  kAll,
  kSource,  // source text: of NAME=value only where the value is a literal in quotes
};

// Sets `out` to `text` without its secrets and returns true if there are any; else `out` is left
// alone and nothing is allocated. Time is linear in the text's length.
bool take_out_secrets(std::string_view text, std::string* out, Redact what = Redact::kAll);

// The text without its secrets; adds the number of replacements to `count`.
std::string without_secrets(std::string_view text, Redact what = Redact::kAll,
                            size_t* count = nullptr);
// The words of a command line; also the one after --password and its like.
std::vector<std::string> without_secrets(const std::vector<std::string>& words);
// True for an option whose next word is a secret: --password, --api-key.
bool announces_secret(std::string_view word);

// A few ns for the usual short text: false when take_out_secrets would find nothing.
inline bool may_hold_secret(std::string_view text) {
  return has_secret_mark(text) || has_text_rules.load(std::memory_order_relaxed);
}

}  // namespace headrace::capture
