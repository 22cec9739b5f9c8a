#include "box/shim/environment.h"

#include "box/shim/image.h"
#include "box/shim/next.h"
#include "box/shim/start.h"

namespace headrace::box {
namespace {

constexpr const char* kPreload = "LD_PRELOAD=";
constexpr const char* kFolder = "HEADRACE_BOX=";
constexpr const char* kParent = "HEADRACE_PARENT=";
constexpr const char* kProcessTasks = "HEADRACE_PROCESS_TASKS=";
constexpr size_t kUuidText = 36;
constexpr const char* kSanitizer = "ASAN_OPTIONS=";
// Its runtime refuses to start behind another preloaded library unless told not to look.
constexpr const char* kSanitizerOption = "verify_asan_link_order=0";
constexpr const char* kOwnName = "libheadrace_box.so";
constexpr size_t kMostAdded = 5;

template <size_t kSize>
void add_uuid(Text<kSize>* to, const uint8_t bytes[16]) {
  constexpr const char* kDigits = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) to->add("-", 1);
    to->add(kDigits + (bytes[i] >> 4), 1);
    to->add(kDigits + (bytes[i] & 15), 1);
  }
}

// Whether the caller has set HEADRACE_PARENT ("<workflow>:<task>") itself; see
// capture/process_task.h.
bool names_own_parent(const char* parent, const char* process_tasks) {
  if (parent == nullptr || process_tasks == nullptr) return false;
  while (*parent != '\0' && *parent != ':') ++parent;
  if (*parent == ':') ++parent;
  return length_of(parent) != kUuidText || !begins_with(process_tasks, parent);
}

}  // namespace

size_t ChildEnvironment::pointers_for(char* const* given) {
  size_t n = 0;
  while (given != nullptr && given[n] != nullptr) ++n;
  return n + kMostAdded + 1;
}

char* const* ChildEnvironment::place(char* const* given, char** pointers) {
  const char* preload = find_entry(given, kPreload);
  const char* folder = find_entry(given, kFolder);
  const char* sanitizer = find_entry(given, kSanitizer);
  const char* process_tasks = find_entry(given, kProcessTasks);
  if (folder_entry()[0] == '\0') return given;
  if (folder != nullptr && !same_text(folder, folder_entry() + length_of(kFolder))) {
    flags_ |= kWatchedElsewhere;  // or switched off by hand
    return given;
  }
  flags_ |= kEnvironmentKept;
  const bool has_preload = preload != nullptr && contains(preload, kOwnName);
  const bool has_sanitizer = sanitizer != nullptr && contains(sanitizer, kSanitizerOption);
  uint8_t task[16] = {};
  uint8_t workflow[16] = {};
  const bool has_task =
      !names_own_parent(find_entry(given, kParent), process_tasks) && current_task(task, workflow);
  if (has_preload && has_sanitizer && folder != nullptr && !has_task) return given;

  if (!has_preload) {
    preload_.add(kPreload);
    if (preload != nullptr && preload[0] != '\0') {
      preload_.add(preload);
      preload_.add(":");
    }
    preload_.add(own_path());
    if (preload_.cut) return given;
  }
  if (!has_sanitizer) {
    sanitizer_.add(kSanitizer);
    if (sanitizer != nullptr && sanitizer[0] != '\0') {
      sanitizer_.add(sanitizer);
      sanitizer_.add(":");
    }
    sanitizer_.add(kSanitizerOption);
    if (sanitizer_.cut) return given;
  }
  if (has_task) {
    parent_.add(kParent);
    add_uuid(&parent_, workflow);
    parent_.add(":");
    add_uuid(&parent_, task);
    if (process_tasks != nullptr && length_of(process_tasks) > kUuidText) {
      process_tasks_.add(kProcessTasks);
      add_uuid(&process_tasks_, task);
      process_tasks_.add(process_tasks + kUuidText);
    }
  }
  const bool has_process_tasks = process_tasks_.size > 0 && !process_tasks_.cut;
  size_t n = 0;
  for (size_t i = 0; given != nullptr && given[i] != nullptr; ++i) {
    if ((!has_preload && begins_with(given[i], kPreload)) ||
        (!has_sanitizer && begins_with(given[i], kSanitizer)) ||
        (has_task && begins_with(given[i], kParent)) ||
        (has_process_tasks && begins_with(given[i], kProcessTasks))) {
      continue;
    }
    pointers[n++] = given[i];
  }
  if (!has_preload) pointers[n++] = preload_.bytes;
  if (!has_sanitizer) pointers[n++] = sanitizer_.bytes;
  if (has_task) pointers[n++] = parent_.bytes;
  if (has_process_tasks) pointers[n++] = process_tasks_.bytes;
  if (folder == nullptr) pointers[n++] = const_cast<char*>(folder_entry());
  pointers[n] = nullptr;
  return pointers;
}

}  // namespace headrace::box
