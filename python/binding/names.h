// Python strings as names of values: their dictionary ids and whether they name a secret, found by
// the string's address. Strings that were seen are kept alive, up to a bound.
#pragma once

#include <atomic>

#include "binding/python.h"
#include "capture/redaction.h"

namespace headrace::binding {

// How often this process was forked.
extern std::atomic<uint32_t> forks;
// Changes with a fork and with the rules about names: every Name that was cached before is void.
extern std::atomic<uint32_t> generation;
void count_forks();

struct Name {
  uint32_t id = 0;
  capture::Secrecy secrecy = capture::Secrecy::kNone;
};

// Never fails; a name that cannot be kept has id 0.
Name name_of(PyObject* string);
Name name_of(std::string_view text);
// The same without making a dictionary entry.
capture::Secrecy secrecy_of(PyObject* string);
// After a rule about names was added: what was told before is asked again.
void forget_secrecies();

}  // namespace headrace::binding
