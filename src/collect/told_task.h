// A task that is told in parts: how they become one, and how they are kept meanwhile.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "collect/told.h"

namespace headrace::collect {

// How far on a part is: 0 pending, 1 running, 2 ended.
int stage_of(TaskStatus status);
constexpr int kStages = 3;

// What `over` says added to `base`: it holds where both say something. Begin is the earlier one,
// end and attempt the later.
void overlay(TaskTold& base, const TaskTold& over);

// The parts of one task, by stage, so that their order does not matter.
class TaskInParts {
 public:
  void add(const TaskTold& part);
  // All of them as one.
  TaskTold whole() const;
  bool has_ended() const { return parts_[kStages - 1].has_value(); }
  const std::array<std::optional<TaskTold>, kStages>& parts() const { return parts_; }

 private:
  std::array<std::optional<TaskTold>, kStages> parts_;
};

// A part as bytes, and back; false when they are none. Equal parts have equal bytes.
std::string encode(const TaskTold& part);
bool decode(std::string_view bytes, TaskTold* part);
// The same for a person to read.
std::string to_json(const TaskTold& part);

}  // namespace headrace::collect
