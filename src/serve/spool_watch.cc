#include "serve/spool_watch.h"

#include <algorithm>
#include <climits>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

namespace headrace::serve {
namespace {

constexpr uint32_t kWrites = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_ONESHOT | IN_ONLYDIR;

void drain(int descriptor) {
  char ignored[4096];
  while (read(descriptor, ignored, sizeof ignored) > 0) {
  }
}

}  // namespace

SpoolWatch::SpoolWatch(std::filesystem::path folder)
    : folder_(std::move(folder)),
      notify_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      called_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

SpoolWatch::~SpoolWatch() {
  if (notify_ >= 0) close(notify_);
  if (called_ >= 0) close(called_);
}

bool SpoolWatch::arm() {
  if (notify_ < 0) return false;
  const bool is_watched = inotify_add_watch(notify_, folder_.c_str(), kWrites) >= 0;
  // What was told until now is found by the look that follows.
  drain(notify_);
  // That may have taken the one word of a write since: then it is said again.
  return is_watched && inotify_add_watch(notify_, folder_.c_str(), kWrites) >= 0;
}

SpoolWatch::Woken SpoolWatch::wait(int64_t ms, bool or_written) {
  pollfd both[] = {{called_, POLLIN, 0}, {or_written ? notify_ : -1, POLLIN, 0}};
  if (poll(both, 2, static_cast<int>(std::clamp<int64_t>(ms, 0, INT_MAX))) <= 0) {
    return Woken::kByTime;
  }
  if (both[0].revents == 0) return Woken::kByWrite;
  drain(called_);
  return Woken::kByCall;
}

void SpoolWatch::wake() { static_cast<void>(eventfd_write(called_, 1)); }

}  // namespace headrace::serve
