#include "box/shim/environment.h"

#include "box/shim/image.h"
#include "box/shim/next.h"
#include "box/shim/start.h"

namespace headrace::box {
namespace {

constexpr const char* kPreload = "LD_PRELOAD=";
constexpr const char* kFolder = "HEADRACE_BOX=";
constexpr const char* kParent = "HEADRACE_PARENT=";
constexpr const char* kSanitizer = "ASAN_OPTIONS=";
// Its runtime refuses to start behind another preloaded library unless told not to look.
constexpr const char* kSanitizerOption = "verify_asan_link_order=0";
constexpr const char* kOwnName = "libheadrace_box.so";
constexpr size_t kMostAdded = 4;

void add_uuid(Text<128>* to, const uint8_t bytes[16]) {
  constexpr const char* kDigits = "0123456789abcdef";
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) to->add("-", 1);
    to->add(kDigits + (bytes[i] >> 4), 1);
    to->add(kDigits + (bytes[i] & 15), 1);
  }
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
  const bool has_task = current_task(task, workflow);
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
  }
  size_t n = 0;
  for (size_t i = 0; given != nullptr && given[i] != nullptr; ++i) {
    if ((!has_preload && begins_with(given[i], kPreload)) ||
        (!has_sanitizer && begins_with(given[i], kSanitizer)) ||
        (has_task && begins_with(given[i], kParent))) {
      continue;
    }
    pointers[n++] = given[i];
  }
  if (!has_preload) pointers[n++] = preload_.bytes;
  if (!has_sanitizer) pointers[n++] = sanitizer_.bytes;
  if (has_task) pointers[n++] = parent_.bytes;
  if (folder == nullptr) pointers[n++] = const_cast<char*>(folder_entry());
  pointers[n] = nullptr;
  return pointers;
}

}  // namespace headrace::box
