// Answers made before they are asked for: those that a page opens on, of the campaign and the
// workflow that began last. They are kept as any answer is, so whoever asks for one just then waits
// for the same work; any other question is answered when it is asked.
//
// Done in a thread of its own at low priority: once after the start, and after a fold only while
// somebody looks; a round that took t is followed by a pause of 9t, so it never takes more than a
// tenth of the time. While questions of readers come it waits between two of its own, at most
// 5 s before each.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "query/session.h"
#include "store/interrupt.h"

namespace headrace::serve {

class MadeAhead {
 public:
  // `ask` answers the question at a path below /api/v1 and keeps the answer; the thread begins with
  // the first changed().
  MadeAhead(std::function<void(const std::string& target)> ask,
            std::function<std::vector<std::string>()> targets);
  ~MadeAhead();
  MadeAhead(const MadeAhead&) = delete;
  MadeAhead& operator=(const MadeAhead&) = delete;

  // The store holds something else. Any thread.
  void changed();
  // Somebody looks. Any thread.
  void looked();
  // Whether somebody did within the last seconds.
  bool is_looked_at() const;
  // Ends the thread, and the question that it is asking.
  void stop();
  // Since the start: rounds, and the time they took.
  struct Counts {
    uint64_t rounds = 0;
    double seconds = 0;
  };
  Counts counts() const;

 private:
  void work();
  void ask(const std::string& target);
  bool is_wanted() const;
  void give_way();

  const std::function<void(const std::string&)> ask_;
  const std::function<std::vector<std::string>()> targets_;
  mutable std::mutex mutex_;
  std::condition_variable woken_;
  bool stopping_ = false;
  uint64_t states_ = 0;  // of the store, that were told
  uint64_t made_ = 0;    // up to which one
  int64_t looked_ns_ = 0;
  Counts counts_;
  std::shared_ptr<store::Interrupt> asking_;
  std::thread thread_;
};

// The questions that the pages of these open on, below /api/v1, the first page's first. Errors: the
// store's.
Result<std::vector<std::string>> opening_questions(const query::Session& session);

}  // namespace headrace::serve
