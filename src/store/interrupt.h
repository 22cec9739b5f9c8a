// Ends questions whose asker has gone.
//
//   auto interrupt = std::make_shared<Interrupt>();
//   {
//     InterruptScope scope(interrupt);      // on the thread that asks
//     Result<Connection> c = db.connect();  // what runs on it can be ended
//   }
//   interrupt->stop();                      // by another thread
//
// A question that begins just then may not hear it: call stop() again until its thread has ended.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/status.h"

namespace headrace::store {

class Interrupt {
 public:
  Interrupt() = default;
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Ends what runs, and lets nothing begin. Any thread, as often as needed.
  void stop();
  bool is_stopped() const;
  // kUnavailable once it is stopped.
  Status status() const;

  // `end` ends something that is about to run, or does nothing when that is over. Errors: as
  // status(); then nothing should run.
  Status watch(std::function<void()> end);
  // A descriptor that can be read once it is stopped, for poll(); -1 where there is none. It lives
  // as long as this.
  int descriptor();

  // Of the innermost scope of this thread; null outside of one.
  static Interrupt* of_this_thread();

 private:
  mutable std::mutex mutex_;
  bool stopped_ = false;
  int descriptor_ = -1;
  std::vector<std::function<void()>> ends_;
};

// Database::connect() on this thread gives connections that `interrupt` (may be null) ends, and
// none once it is stopped.
class InterruptScope {
 public:
  explicit InterruptScope(std::shared_ptr<Interrupt> interrupt);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  const std::shared_ptr<Interrupt> interrupt_;
  Interrupt* const outer_;
};

}  // namespace headrace::store
