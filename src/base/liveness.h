// Whether a process that wrote records can still write more.
#pragma once

#include <cstdint>
#include <string>

namespace headrace {

// This machine as producers name it. `proc_root` stands for /proc (tests give a folder of theirs).
class Liveness {
 public:
  explicit Liveness(std::string proc_root = "/proc");

  // True only when it is certain: same host, and another boot, or no such process, or one that
  // started at another time. A process of another host may live, and one of another pid namespace
  // (0: not known) whose number means another process here.
  bool is_dead(const std::string& hostname, const std::string& boot_id, int64_t pid,
               int64_t start_time_ticks, uint64_t pid_namespace = 0) const;
  const std::string& hostname() const { return hostname_; }
  const std::string& boot_id() const { return boot_id_; }
  // In which process numbers mean something to us; 0: unknown.
  uint64_t pid_namespace() const { return pid_namespace_; }

 private:
  std::string proc_root_;
  std::string hostname_;
  std::string boot_id_;
  uint64_t pid_namespace_ = 0;
};

}  // namespace headrace
