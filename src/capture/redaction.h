// Which values must never be recorded, told by their names: password, api_key, hf_token, ...
//
// A name is split at what is no letter or digit and at capitals; `pad_token`, `max_tokens` and
// `tokenizer` are no secrets; a site adds names of its own by redaction_rules.h. The check is for
// set-up: callers remember its answer for each name.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::capture {

enum class Secrecy : uint8_t {
  kNone,
  kText,  // secret if the value is text, bytes or a container: `token`, `auth`
  kAny,   // secret whatever the value is: `password`, `api_key`
};

Secrecy secrecy_of_name(std::string_view name);

}  // namespace headrace::capture
