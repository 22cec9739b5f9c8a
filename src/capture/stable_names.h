// Names and activities by numbers that a program may keep in static constants.
//
// Dictionary ids belong to a recorder, and a fork child has another one; a stable number is the
// process's and its children's for ever, and is turned into a dictionary id when it is used.
//   uint32_t n = stable_name("residual");             // a hash and a compare once a thread knows
//   it uint32_t id = known_name(*recorder, n).id;        // an array look-up
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "capture/redaction.h"
#include "capture/thread_state.h"

namespace headrace::capture {

class Recorder;

// Never 0 unless more than a million names were made or memory ran out.
uint32_t stable_name(std::string_view name);
uint32_t stable_activity(std::string_view name, std::string_view file, int line);

// What the recorder calls it, and whether it is a secret's name.
struct KnownName {
  uint32_t id;  // the dictionary's; 0 for an unknown number
  Secrecy secrecy;
};
// The dictionary's id where the thread knows it already and the name is no secret's, else 0.
inline uint32_t plain_name(std::span<const uint64_t> of_thread, uint32_t stable) {
  if (stable - size_t{1} >= of_thread.size()) return 0;
  const uint64_t known = of_thread[stable - 1];
  return known >> 32 == 0 ? static_cast<uint32_t>(known) : 0;  // Secrecy::kNone is 0
}
namespace detail {
KnownName look_up_name(Recorder& recorder, uint32_t stable);
inline KnownName unpack_name(uint64_t known) {
  return {static_cast<uint32_t>(known), static_cast<Secrecy>(known >> 32)};
}
}  // namespace detail
inline KnownName known_name(Recorder& recorder, uint32_t stable) {
  const ThreadState* const thread = existing_thread_state();
  if (thread != nullptr && stable - size_t{1} < thread->stable_names.size()) [[likely]] {
    if (const uint64_t known = thread->stable_names[stable - 1]; known != 0) [[likely]]
      return detail::unpack_name(known);
  }
  return detail::look_up_name(recorder, stable);
}

}  // namespace headrace::capture
