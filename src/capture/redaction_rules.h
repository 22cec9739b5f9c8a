// What a site adds to the built-in rules about secrets. Process-wide; kept until the process ends.
//
//   HEADRACE_REDACT='badge*, =ACME-*'      # before the program begins
//   add_redaction_rule("=INT-####-*");     # or while it runs
//
// A rule without '=' is a pattern of names (`badge*`: whatever such a name holds is a secret). One
// that begins with '=' is a pattern of text and is taken out wherever it stands. In both, '*' is
// any number of letters, digits, '_' and '-', '?' one of them, '#' one digit; everything else
// stands for itself, in names whatever its case. Matching takes linear time for a rule with one
// '*'.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headrace::capture {

// False when the rule is empty, longer than 128 bytes, begins with '*' or '?' in text, or when
// there are 256 already.
bool add_redaction_rule(std::string_view rule);
// Each of a list, at commas and line ends; returns how many were no rules.
size_t add_redaction_rules(std::string_view list);

bool is_secret_by_rule(std::string_view name);
// The length of what a rule of text takes out at `at`, or 0.
size_t secret_length_by_rule(std::string_view text, size_t at);

extern std::atomic<bool> has_text_rules;

// How often something was withheld from a record in this process.
struct RedactionCounters {
  std::atomic<uint64_t> by_name{0};  // whole values, because of their names
  std::atomic<uint64_t> in_text{0};  // pieces of text
};
extern RedactionCounters redactions;

}  // namespace headrace::capture
