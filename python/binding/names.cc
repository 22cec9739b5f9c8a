#include "binding/names.h"

#include <pthread.h>

#include "capture/task.h"

namespace headrace::binding {

std::atomic<uint32_t> forks{1};
std::atomic<uint32_t> generation{1};
std::array<detail::NameEntry, detail::kNameSlots> detail::name_entries;

namespace {

using Entry = detail::NameEntry;
constexpr size_t kProbes = 8;
// Longer strings are no names; they are looked up each time.
constexpr Py_ssize_t kMaxNameLength = 128;

constexpr size_t kSlots = detail::kNameSlots;

// The entry of `string`, new if there is room; null otherwise.
Entry* entry_of(PyObject* string) {
  size_t at = detail::name_slot(string);
  for (size_t n = 0; n < kProbes; ++n, at = (at + 1) % kSlots) {
    Entry& entry = detail::name_entries[at];
    if (entry.string == string) [[likely]]
      return &entry;
    if (entry.string != nullptr) continue;
    if (PyUnicode_GET_LENGTH(string) > kMaxNameLength) return nullptr;
    Ref keep;
    entry.secrecy = capture::secrecy_of_name(text_of(string, keep));
    entry.string = Py_NewRef(string);
    return &entry;
  }
  return nullptr;
}

}  // namespace

void count_forks() {
  static const int once = pthread_atfork(nullptr, nullptr, [] {
    forks.fetch_add(1);
    generation.fetch_add(1);
  });
  (void)once;
}

Name name_of(std::string_view text) {
  return {capture::name_id(text), capture::secrecy_of_name(text)};
}

Name detail::name_of_slow(PyObject* string) {
  Entry* entry = entry_of(string);
  Ref keep;
  if (entry == nullptr) return name_of(text_of(string, keep));
  const uint32_t now = generation.load(std::memory_order_relaxed);
  if (entry->generation != now) [[unlikely]] {
    entry->id = capture::name_id(text_of(string, keep));
    if (entry->id != 0) entry->generation = now;
  }
  return {entry->id, entry->secrecy};
}

void forget_secrecies() {
  for (Entry& entry : detail::name_entries) {
    Ref keep;
    if (entry.string == nullptr) continue;
    entry.secrecy = capture::secrecy_of_name(text_of(entry.string, keep));
    entry.generation = 0;
  }
  generation.fetch_add(1);  // parameters remember it too
}

capture::Secrecy detail::secrecy_of_slow(PyObject* string) {
  const Entry* entry = entry_of(string);
  Ref keep;
  return entry != nullptr ? entry->secrecy : capture::secrecy_of_name(text_of(string, keep));
}

}  // namespace headrace::binding
