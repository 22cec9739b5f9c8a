// The environment of a program about to start: what the caller gives, with our variables put back
// where it cleared them, since otherwise everything below would be unseen.
#pragma once

#include "box/shim/raw.h"

namespace headrace::box {

// What is needed beyond the caller's own entries lies here, on the stack of who starts the program:
// no memory is asked for, as this also runs in vfork children.
class ChildEnvironment {
 public:
  // What record flags should say: kEnvironmentKept, kWatchedElsewhere.
  uint32_t flags() const { return flags_; }
  // How many pointers `place` writes at most for this environment.
  static size_t pointers_for(char* const* given);
  // The environment to start with: `given` itself where nothing is to be added, or `pointers`,
  // filled.
  char* const* place(char* const* given, char** pointers);

 private:
  uint32_t flags_ = 0;
  Text<2048> preload_;
  Text<1024> sanitizer_;
  Text<128> parent_;
  Text<640> process_tasks_;
};

}  // namespace headrace::box
