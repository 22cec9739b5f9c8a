// Python strings as names of values: their dictionary ids, whether they name a secret and how they
// stand in a nested value, found by the string's address. Strings that were seen are kept alive, up
// to a bound.
#pragma once

#include <array>
#include <atomic>
#include <optional>
#include <string_view>

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
// One cache line, so that a key that was seen is written without a look at the string itself.
struct alignas(64) NameEntry {
  PyObject* string = nullptr;  // owned for ever
  uint32_t id = 0;             // 0: not asked for yet
  uint32_t generation = 0;     // of the id
  capture::Secrecy secrecy = capture::Secrecy::kNone;
  uint8_t nested_size = 0;
  char nested[46] = {};
};
static_assert(sizeof(NameEntry) == 64);
constexpr size_t kNameSlots = 8192;
extern std::array<NameEntry, kNameSlots> name_entries;
inline size_t name_slot(PyObject* string) {
  static_assert(kNameSlots == size_t{1} << (64 - 51));
  return (reinterpret_cast<uintptr_t>(string) >> 4) * 0x9E3779B97F4A7C15ull >> 51;
}
Name name_of_slow(PyObject* string);
std::optional<Name> name_of_key_slow(PyObject* key);
capture::Secrecy secrecy_of_slow(PyObject* string);
std::string_view nested_key_slow(PyObject* key);
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
// Of a dict's key; none where that is no exact string.
inline std::optional<Name> name_of_key(PyObject* key) {
  const detail::NameEntry& entry = detail::name_entries[detail::name_slot(key)];
  if (entry.string == key && entry.generation == generation.load(std::memory_order_relaxed))
      [[likely]]
    return Name{entry.id, entry.secrecy};
  return detail::name_of_key_slow(key);
}
// The same without making a dictionary entry.
inline capture::Secrecy secrecy_of(PyObject* string) {
  const detail::NameEntry& entry = detail::name_entries[detail::name_slot(string)];
  if (entry.string == string) [[likely]]
    return entry.secrecy;
  return detail::secrecy_of_slow(string);
}
// A dict's key as it stands in a nested value: tag, length, bytes; the memory is readable beyond
// these up to kReadableKeyBytes. Empty where it is no exact string, is long, or where it or what
// stands under it may be a secret.
constexpr size_t kReadableKeyBytes = 16;
inline std::string_view nested_key(PyObject* key) {
  const detail::NameEntry& entry = detail::name_entries[detail::name_slot(key)];
  if (entry.string == key) [[likely]]
    return {entry.nested, entry.nested_size};
  return detail::nested_key_slow(key);
}
// After a rule of redaction was added: what was told before is asked again.
void forget_secrecies();

}  // namespace headrace::binding
