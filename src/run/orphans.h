// Descendants that outlive their parents become children of this process, so that their ends are
// seen: what they recorded last can be taken in at once.
#pragma once

#include <functional>
#include <string>
#include <sys/types.h>
#include <unordered_map>

namespace headrace::run {

class Orphans {
 public:
  // `ended` runs on the waiting thread, never twice at once, when processes have ended.
  using WhenEnded = std::function<void(const Orphans&)>;

  // From here on the kernel gives us the orphans below us (PR_SET_CHILD_SUBREAPER).
  explicit Orphans(WhenEnded when_ended);
  // Takes the ends of children that nobody here waits for; `program` is waited for elsewhere.
  void reap(pid_t program);
  // The program has ended so.
  void program_ended(pid_t program, int exit_code, int signal);
  // "signal 9", "exit code 3"; empty for a process whose end was not seen.
  std::string how_ended(int64_t pid) const;

 private:
  WhenEnded when_ended_;
  std::unordered_map<int64_t, std::string> ends_;
};

}  // namespace headrace::run
