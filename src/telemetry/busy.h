// Whether tasks run on this node, and how young the youngest is: what the pace of reading hangs on.
#pragma once

#include <cstdint>
#include <optional>

#include "capture/recorder.h"

namespace headrace::telemetry {

class Busy {
 public:
  // What was seen of tasks holds for so long, because those that end at once are rarely seen open.
  static constexpr int64_t kLinger_ns = 2'000'000'000;

  // Looks at the recorder's open tasks, each of which costs about a ns.
  void look(capture::Recorder& recorder, int64_t now_ns);
  // An open task of that age; nothing: there is none.
  void see(std::optional<int64_t> age_ns, int64_t now_ns);
  // Of this process's tasks, at the last look.
  std::optional<int64_t> own_ns() const { return own_ns_; }
  // Of all, at the last look or shortly before.
  std::optional<int64_t> youngest_ns() const { return youngest_ns_; }

 private:
  std::optional<int64_t> own_ns_;
  // A program that has just begun to record is about to run tasks.
  std::optional<int64_t> youngest_ns_ = 0;
  int64_t seen_ns_ = 0;
  uint64_t begin_ticks_ = 0;
  int64_t begin_ns_ = 0;
};

}  // namespace headrace::telemetry
