// Names and activities by numbers that a program may keep in static constants.
//
// Dictionary ids belong to a recorder, and a fork child has another one; a stable number is the
// process's and its children's for ever, and is turned into a dictionary id when it is used.
//   uint32_t n = stable_name("residual");                 // a hash and a compare once a thread
//   knows it uint32_t id = dictionary_id(*recorder, n);            // an array look-up
#pragma once

#include <cstdint>
#include <string_view>

#include "capture/redaction.h"

namespace headrace::capture {

class Recorder;

// Never 0 unless more than a million names were made or memory ran out.
uint32_t stable_name(std::string_view name);
uint32_t stable_activity(std::string_view name, std::string_view file, int line);
// 0 for an unknown number.
uint32_t dictionary_id(Recorder& recorder, uint32_t stable);
// Whether a name is a secret's, remembered as the id is.
Secrecy secrecy_of_stable(uint32_t stable);

}  // namespace headrace::capture
