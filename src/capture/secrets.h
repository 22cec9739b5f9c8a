// Takes secrets out of text that is recorded: command lines, variables, output, diffs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::capture {

// Replaces by "[redacted]" what looks like a secret whoever wrote it: private keys (PEM), AWS
// access keys, GitHub, GitLab, Hugging Face, OpenAI and Slack tokens, JSON Web Tokens, what follows
// "Bearer ", the password in scheme://user:password@host, and the value in NAME=value or
// --name=value where the name is a secret's. Adds the number of replacements to `count`.
// Time is linear in the text's length.
enum class Redact {
  kAll,
  kKnownForms,  // not NAME=value: in source text that is a statement, not a secret
};
std::string without_secrets(std::string_view text, Redact what = Redact::kAll,
                            size_t* count = nullptr);
// The words of a command line; also the one after --password and its like.
std::vector<std::string> without_secrets(const std::vector<std::string>& words);

}  // namespace headrace::capture
