// The store of a folder that programs go on writing into: open for reading, and from time to time,
// when there are new bytes, closed for the moment that taking them in needs.
//
// DuckDB's file has one writer or many readers, in all processes together. So nobody here reads
// while a fold writes: view() waits that long, and a fold waits for those who read, first a little,
// then longer, so that neither keeps the other away. What a fold reads at once is bounded.
// Another process that wants to write gets the file by lend().
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "collect/fold.h"
#include "query/session.h"
#include "serve/kept_answers.h"
#include "serve/spool_watch.h"
#include "spool/directory.h"

namespace headrace::serve {

// How the store stood after one fold.
struct StoreView {
  query::Session session;
  std::string watermark;  // another one whenever the store holds something else
  KeptAnswers* kept;      // of any view, see there
};

// What a fold changed.
struct Change {
  std::string watermark;
  std::vector<std::string> workflows;  // ids of those that changed, at most 100
  bool all = false;                    // there were more, or it is not known which
  int64_t tasks = 0;                   // in the store now
  int64_t failed = 0;
  int64_t running = 0;
  double late_s = 0;  // how long something new had waited to be taken in
};

struct LiveStoreOptions {
  int64_t busy_poll_ms = 150;
  int64_t idle_poll_ms = 500;
  uint64_t most_bytes = 32 << 20;  // of one fold
  int64_t patience_ms = 200;       // first, with those who read; doubles up to 10 s
  // Whether somebody wants to see soon what is new. Not given: always.
  std::function<bool()> is_watched{};
};

// Since the start.
struct LiveStoreCounts {
  uint64_t folds = 0;
  uint64_t folded_tasks = 0;
  uint64_t folded_bytes = 0;
  double fold_s = 0;
  double last_fold_s = 0;
  uint64_t folds_put_off = 0;  // somebody went on reading
  uint64_t lent = 0;
  double late_s = 0;
  std::string trouble;  // why the last look failed, or ""
};

class LiveStore {
 public:
  // Looks at once, and then again and again, in a thread of its own, which calls `on_change`. The
  // directory's root may be a store's file too.
  LiveStore(Directory directory, const LiveStoreOptions& options,
            std::function<void(const Change&)> on_change);
  ~LiveStore();
  LiveStore(const LiveStore&) = delete;
  LiveStore& operator=(const LiveStore&) = delete;

  // What to answer from. Let it go soon: it holds up the next fold. Errors: why the store cannot be
  // read, as collect::open_folded; kUnavailable while it is being written for longer than this.
  Result<std::shared_ptr<const StoreView>> view(int64_t wait_ms = 10'000);

  // The watermark of what a view shows now or, while what is new is taken in, of the last one: an
  // answer kept for it may be given without waiting. Nothing while the store is lent or cannot be
  // read.
  std::optional<std::string> shown() const;

  // Takes in everything that is there now. Errors: as view; kUnavailable when it takes longer.
  Status fold_now(int64_t wait_ms);

  // Closes the store until what is returned is gone. Errors: kUnavailable when those who read have
  // not ended by then.
  Result<std::shared_ptr<void>> lend(int64_t wait_ms);

  // Ends the thread; view() gives errors from now on.
  void stop();

  // Of this store's answers, whatever view they came from.
  KeptAnswers& kept() { return kept_; }
  const Directory& directory() const { return directory_; }
  // Its root is a store's file by itself: nothing is taken in, and nobody may change it here.
  bool is_file() const { return is_file_; }
  LiveStoreCounts counts() const;
  Change latest() const;

 private:
  void watch();
  void rest(std::unique_lock<std::mutex>& lock);
  int64_t pause_ms(int64_t took_ms, int64_t cpu_ms) const;
  void look(std::unique_lock<std::mutex>& lock);
  bool is_unchanged(std::unique_lock<std::mutex>& lock);
  bool wait_for_readers(std::unique_lock<std::mutex>& lock, int64_t ms);
  void reopen(std::unique_lock<std::mutex>& lock, bool is_known_new);
  Result<store::Store> open(bool is_known_new, collect::FoldReport* report) const;
  void stay_closed(std::unique_lock<std::mutex>& lock);
  Status read_change(const store::Connection& connection, Change* out);

  const Directory directory_;
  const bool is_file_;
  const LiveStoreOptions options_;
  const std::function<void(const Change&)> on_change_;
  KeptAnswers kept_;
  SpoolWatch spool_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<const StoreView> current_;
  std::optional<std::string> shown_;
  Status trouble_;  // why there is no view
  size_t readers_ = 0;
  bool closed_ = true;  // nobody gets a view now
  size_t lenders_ = 0;
  bool stopping_ = false;
  uint64_t asked_ = 0;  // folds
  uint64_t done_ = 0;
  int64_t patience_ms_;
  int64_t next_look_ms_ = 0;  // from the last one
  int64_t new_since_ns_ = 0;
  // What the thread alone uses.
  bool may_listen_ = false;  // the spool is watched, and nothing was new when it was looked at
  // How the store stood when it was opened last.
  int64_t seen_rows_ = -1;
  std::set<std::string> running_;  // workflows
  Change latest_;
  LiveStoreCounts counts_;
  std::thread thread_;  // last
};

}  // namespace headrace::serve
