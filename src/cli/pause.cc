#include "cli/pause.h"

#include <ctime>
#include <pthread.h>

namespace headrace::cli {

Pause::Pause() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

Pause::~Pause() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool Pause::operator()(int64_t wait_ms) const {
  const timespec wait{wait_ms / 1000, wait_ms % 1000 * 1'000'000};
  return sigtimedwait(&signals_, nullptr, &wait) < 0;
}

}  // namespace headrace::cli
