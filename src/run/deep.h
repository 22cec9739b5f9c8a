// `headrace run --deep`: the program under a supervisor that sees its system calls
// (box/notify_supervisor.h), in place of the preloaded library.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/status.h"
#include "box/notify_supervisor.h"
#include "run/boxes.h"
#include "run/spawn.h"

namespace headrace::run {

class Deep {
 public:
  // Ok where the program could be supervised, as far as that shows before it starts.
  static Status can_run(const std::vector<std::string>& command);

  // As spawn(). Where the kernel refuses supervision nothing is started, and `refused` says why.
  int spawn(const SpawnPlan& plan, const Boxes& boxes, pid_t* program, Status* refused);
  // When the program has ended: completes what is known of all processes.
  void finish();

 private:
  std::unique_ptr<box::Supervisor> supervisor_;
};

}  // namespace headrace::run
