#include "run/deep.h"

#include <cerrno>
#include <cstdio>

#include "box/notify_spawn.h"

namespace headrace::run {

Status Deep::can_run(const std::vector<std::string>& command) {
  return box::can_supervise(find_executable(command[0]));
}

int Deep::spawn(const SpawnPlan& plan, const Boxes& boxes, pid_t* program, Status* refused) {
  box::SupervisedPlan supervised;
  supervised.command = plan.command;
  supervised.environment = plan.environment;
  supervised.stdout_fd = plan.stdout_fd;
  supervised.stderr_fd = plan.stderr_fd;
  supervised.signal_mask = plan.signal_mask;
  box::SupervisedSpawn start;
  if (*refused = start.start(supervised); !refused->ok()) return EPERM;
  supervisor_ = std::make_unique<box::Supervisor>(start.listener(), boxes.log_folder().string());
  if (!supervisor_->guard().ok()) {
    std::fprintf(stderr, "headrace: %s; what outlives headrace may fail\n",
                 supervisor_->guard().message().c_str());
  }
  const int error = start.finish();
  if (error != 0) {
    supervisor_->finish();
    return error;
  }
  *program = start.pid();
  return 0;
}

void Deep::finish() {
  if (supervisor_ != nullptr) supervisor_->finish();
}

}  // namespace headrace::run
