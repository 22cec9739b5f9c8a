// Python strings as names of values: their dictionary ids and whether they name a secret, found by
// the string's address. Strings that were seen are kept alive, up to a bound.
#pragma once

#include <array>
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

namespace detail {
struct NameEntry {
  PyObject* string = nullptr;  // owned for ever
  uint32_t id = 0;             // 0: not asked for yet
  uint32_t generation = 0;     // of the id
  capture::Secrecy secrecy = capture::Secrecy::kNone;
};
constexpr size_t kNameSlots = 8192;
extern std::array<NameEntry, kNameSlots> name_entries;
inline size_t name_slot(PyObject* string) {
  static_assert(kNameSlots == size_t{1} << (64 - 51));
  return (reinterpret_cast<uintptr_t>(string) >> 4) * 0x9E3779B97F4A7C15ull >> 51;
}
Name name_of_slow(PyObject* string);
capture::Secrecy secrecy_of_slow(PyObject* string);
}  // namespace detail

// Never fails; a name that cannot be kept has id 0.
inline Name name_of(PyObject* string) {
  const detail::NameEntry& entry = detail::name_entries[detail::name_slot(string)];
  if (entry.string == string && entry.generation == generation.load(std::memory_order_relaxed))
      [[likely]]
    return {entry.id, entry.secrecy};
  return detail::name_of_slow(string);
}
Name name_of(std::string_view text);
// The same without making a dictionary entry.
inline capture::Secrecy secrecy_of(PyObject* string) {
  const detail::NameEntry& entry = detail::name_entries[detail::name_slot(string)];
  if (entry.string == string) [[likely]]
    return entry.secrecy;
  return detail::secrecy_of_slow(string);
}
// After a rule about names was added: what was told before is asked again.
void forget_secrecies();

}  // namespace headrace::binding
