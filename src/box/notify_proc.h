// What /proc says of a process that is stopped in a system call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

#include "box/log.h"

namespace headrace::box {

struct ProcStat {
  pid_t parent = 0;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t start_time_ticks = 0;
  // Where the image lies in memory: another after each exec. Empty where that is hidden.
  std::string image;
};
std::optional<ProcStat> read_proc_stat(pid_t pid);

// The process of a thread; 0 where it is gone.
pid_t process_of(pid_t tid);

struct Descriptor {
  int fd = -1;
  struct stat facts {};
};
// Open descriptors with what fstat would say. Empty where that is hidden (then `hidden` is set).
std::vector<Descriptor> list_descriptors(pid_t tid, bool* hidden = nullptr);
bool stat_descriptor(pid_t tid, int fd, struct stat* facts);

struct DescriptorMode {
  uint32_t flags = 0;  // O_* but those that only open itself knows
  int64_t position = -1;
};
DescriptorMode read_descriptor_mode(pid_t tid, int fd);

// Empty where it cannot be read.
std::string read_link(const std::string& path);
std::string descriptor_path(pid_t tid, int fd);
std::string read_proc_file(pid_t pid, const char* name);
std::vector<pid_t> children_of(pid_t pid);
unsigned thread_count(pid_t pid);
ExitBody read_totals(pid_t pid);

// A text of the process's memory, up to kLongestPath; empty optional where it cannot be read.
std::optional<std::string> read_text(pid_t tid, uint64_t address);
bool read_memory(pid_t tid, uint64_t address, void* out, size_t size);

FileBody file_body(const struct stat& facts);

}  // namespace headrace::box
