// What an image says at its start and end, and the making of its log.
#pragma once

#include "box/log.h"
#include "box/shim/raw.h"

namespace headrace::box {

struct Settings {
  Text<512> folder_entry;  // "HEADRACE_BOX=" and where logs go; empty: nowhere
};

// Null while libc cannot say yet. Kept from the first answer on.
const Settings* find_settings();

// A new file in the folder, its first kLogChunkBytes mapped, its header filled. `parent`: the image
// that this one was forked from, all zero where it was not. Null where there is no room or no
// folder.
LogHeader* create_log(const LogHeader& parent);
// The log, mapped a second time and `bytes` of it; null where there is no room.
char* map_again(LogHeader* log, uint64_t bytes);
// Makes `bytes` of the log at `address` (`offset` in its file) real.
bool populate(const LogHeader& log, char* address, uint64_t offset, uint64_t bytes);

// Command, folder, descriptors. A fork child's command is its parent's, and one that is about to
// exec has nothing to say.
void write_start(bool is_fork_child, bool before_exec);
void write_end(int code);

// From the constructor: where libc does not say, what the kernel gave the program.
void keep_arguments(int count, char** arguments, char** environment);

// Entry `name` ("NAME=") of an environment; null where there is none.
const char* find_entry(char* const* environment, const char* name);

}  // namespace headrace::box
