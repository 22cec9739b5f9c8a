// Takes in what is new and lets the store go again: `headrace collect`, once or again and again.
//
//   Result<Collected> done = collect_now(directory, options);
//   if (done.ok() && done->report.tasks > 0) ...
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.h"
#include "collect/open.h"

namespace headrace::collect {

struct Collected {
  FoldReport report;          // nothing in it: nothing was new
  std::string note;           // as of Store::note()
  uint64_t producers = 0;     // that ever wrote into this folder
  uint64_t running = 0;       // of them, not ended as far as is known
  bool is_up_to_date = true;  // false: a round's limit was reached and more is there already
};

// With nothing new the store is only looked at: some ms. Errors: as open_for_change(); kUnavailable
// while another process has the store.
Result<Collected> collect_now(const Directory& directory, const OpenOptions& options = {});

struct FollowOptions {
  OpenOptions open;
  // Between two looks at the folder when nothing was left to do.
  int64_t every_ms = 1000;
  // What one round reads at most, so that others get at the store and a signal is heard.
  uint64_t most_bytes = uint64_t{256} << 20;
  // Ends when everything is stored of at least one producer and none runs any more.
  bool until_done = false;
};

// Goes on until `pause` says so by returning false: it is called between rounds with the ms to
// wait. `see` gets each round that found something. A folder that is not there yet and a store that
// others have are waited for; other errors end it.
Status follow(const Directory& directory, const FollowOptions& options,
              const std::function<bool(int64_t wait_ms)>& pause,
              const std::function<void(const Collected&)>& see);

}  // namespace headrace::collect
