#include "binding/names.h"

#include <cstring>
#include <pthread.h>

#include "base/bytes.h"
#include "capture/secrets.h"
#include "capture/task.h"
#include "model/value.h"

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

// What is told by the text of the entry's string.
void read_text(Entry& entry) {
  Ref keep;
  const std::string_view text = text_of(entry.string, keep);
  entry.secrecy = capture::secrecy_of_name(text);
  constexpr size_t kBefore = 5;  // the tag and the length
  const bool is_plain = PyUnicode_CheckExact(entry.string) && !text.empty() &&
                        kBefore + text.size() <= sizeof entry.nested &&
                        entry.secrecy == capture::Secrecy::kNone && !capture::may_hold_secret(text);
  entry.nested_size = is_plain ? static_cast<uint8_t>(kBefore + text.size()) : uint8_t{0};
  if (!is_plain) return;
  entry.nested[0] = static_cast<char>(ValueTag::kString);
  store_le(entry.nested + 1, static_cast<uint32_t>(text.size()));
  std::memcpy(entry.nested + kBefore, text.data(), text.size());
}

// The entry of `string`, new if there is room; null otherwise.
Entry* entry_of(PyObject* string) {
  size_t at = detail::name_slot(string);
  for (size_t n = 0; n < kProbes; ++n, at = (at + 1) % kSlots) {
    Entry& entry = detail::name_entries[at];
    if (entry.string == string) [[likely]]
      return &entry;
    if (entry.string != nullptr) continue;
    if (PyUnicode_GET_LENGTH(string) > kMaxNameLength) return nullptr;
    entry.string = Py_NewRef(string);
    read_text(entry);
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

std::optional<Name> detail::name_of_key_slow(PyObject* key) {
  if (!PyUnicode_CheckExact(key)) return std::nullopt;
  return name_of_slow(key);
}

std::string_view detail::nested_key_slow(PyObject* key) {
  const Entry* entry = PyUnicode_CheckExact(key) ? entry_of(key) : nullptr;
  return entry != nullptr ? std::string_view(entry->nested, entry->nested_size)
                          : std::string_view();
}

void forget_secrecies() {
  for (Entry& entry : detail::name_entries) {
    if (entry.string == nullptr) continue;
    read_text(entry);
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
