// What changed in the store, for those who look on (server-sent events, WHATWG HTML section 9.2):
//
//   id: 5f0c...          the store's watermark after the change
//   event: changed
//   data: {"workflows": [ids of those that changed], "all": false, "tasks": 12, "failed": 0,
//          "running": 3, "watermark": "5f0c...", "late_s": 0.2}
//
// A reader that is slower than the changes gets them as one, so nothing grows; one that comes back
// with Last-Event-ID gets what it missed as one, or `all` when that is too long ago.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "serve/http.h"
#include "serve/live_store.h"

namespace headrace::serve {

class EventStream {
 public:
  // To all readers. Any thread.
  void publish(const Change& change);
  // A new reader. `last_seen`: the id that it saw last, "" for none; `now`: the latest change.
  std::shared_ptr<TextStream> subscribe(const std::string& last_seen, const Change& now);

  bool has_readers();

 private:
  class Reader;
  static constexpr size_t kRemembered = 256;

  std::mutex mutex_;
  std::deque<Change> past_;  // the last one is the latest
  std::list<std::weak_ptr<Reader>> readers_;
};

// `later` after `earlier`, as one.
Change merged(const Change& earlier, const Change& later);
// The lines of one event, with the empty one at the end.
std::string event_text(const Change& change);

}  // namespace headrace::serve
