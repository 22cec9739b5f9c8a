// One look at a folder after the other: each takes in what is new and lets the store go again.
//
//   FolderReader reader([] { return find_directory(); });
//   std::mutex mutex; Folder folder;
//   Result<Look> look = reader.look(folder, mutex);
//
// Cost of a look: that of folding what is new, and then of the new rows; with nothing new some
// system calls. What needs all rows (energy) is asked again only after ten times the processor's
// time that it took.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"
#include "query/session.h"
#include "spool/directory.h"
#include "top/folder.h"
#include "top/sensors.h"

namespace headrace::top {

struct Look {
  bool is_news = false;    // the store was read
  bool is_behind = false;  // more is there already: look again soon
  int64_t took_ns = 0;
  int64_t cpu_ns = 0;  // of it, on processors
  // How long to wait before the next, so that all of it takes at most a third of a processor and
  // the store is free for others: twice the processors' time, half of what it took, or what is left
  // of a second.
  int64_t rest_ms() const;
  std::string note;  // why less is shown than there is, or ""
};

class FolderReader {
 public:
  // `where`: the folder, asked for until it is there: it may be made after a person begins to look.
  explicit FolderReader(std::function<Directory()> where) : where_(std::move(where)) {}

  // `mutex` is held only while `folder` changes. `ask`: is called with the open store, whether or
  // not there was news, if it is not empty. Errors: as collect::open_folded.
  Result<Look> look(Folder& folder, std::mutex& mutex,
                    const std::function<void(const query::Session&)>& ask = {});
  // Only tasks that a filter takes, from the next look on; empty: all. Everything is read anew.
  void set_filter(std::string text);
  // Why the filter is not in force, or "".
  const std::string& filter_trouble() const { return filter_trouble_; }

 private:
  struct Mark {
    std::string store;  // which store it is, and which task stood last
    int64_t row = -1;
    int64_t rows = 0;
  };
  Status read(const query::Session& session, Folder& folder, std::mutex& mutex);
  Result<Mark> mark_of(const store::Connection& connection, int64_t row) const;
  Status read_tasks(const query::Session& session, Folder& folder, std::mutex& mutex);
  Status read_energy(const query::Session& session, Folder& folder, std::mutex& mutex);

  const std::function<Directory()> where_;
  Directory directory_;
  bool is_found_ = false;
  std::string filter_text_;
  std::string filter_trouble_;
  bool is_anew_ = true;
  Mark mark_;
  Sensors sensors_;
  int64_t metric_row_ = -1;
  size_t running_workflows_ = 0;
  std::string fingerprint_;
  int64_t looked_ns_ = 0;      // monotonic: the store was opened last
  int64_t new_since_ns_ = 0;   // monotonic: since when something new waits; 0: nothing does
  int64_t energy_due_ns_ = 0;  // monotonic
};

}  // namespace headrace::top
