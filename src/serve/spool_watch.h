// Tells that a program on this machine has written into a folder, by inotify(7): at once, and at no
// cost until then.
//
// It is no promise: what another node writes on a network file system makes no sound, nor do rings,
// nor a folder that cannot be watched. Who uses it goes on looking, less often.
#pragma once

#include <cstdint>
#include <filesystem>

namespace headrace::serve {

class SpoolWatch {
 public:
  explicit SpoolWatch(std::filesystem::path folder);
  ~SpoolWatch();
  SpoolWatch(const SpoolWatch&) = delete;
  SpoolWatch& operator=(const SpoolWatch&) = delete;

  // The next write from now on is told, once: a busy folder costs no more than a quiet one. Call it
  // before a look, so that nothing falls between. False: the folder cannot be watched.
  bool arm();

  enum class Woken : uint8_t { kByTime, kByCall, kByWrite };
  // Until wake() or the end of `ms`, or a write since arm() if `or_written`.
  Woken wait(int64_t ms, bool or_written);
  // Ends the wait that is going on, or the next one. Any thread.
  void wake();

 private:
  const std::filesystem::path folder_;
  const int notify_;  // -1: there is none
  const int called_;
};

}  // namespace headrace::serve
