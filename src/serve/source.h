// One of the things that a server shows: a folder that programs write into, or a store's file by
// itself, which is only read. Each has its own pages and its own API below "/s/NAME"; the first one
// is there without a name too.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/event_stream.h"
#include "serve/live_store.h"
#include "serve/made_ahead.h"

namespace headrace::serve {

struct SourceSpec {
  std::string name;            // in addresses: letters, digits, . _ -
  std::filesystem::path root;  // a folder .headrace, or a store's file
};

// Where the store of each path lies: a folder .headrace, a folder with one in it, or a store's
// file. Named by the folder or file, with a number behind where two are called alike. Errors:
// kInvalidArgument for a path that is given twice, kNotFound for a file that is not there.
Result<std::vector<SourceSpec>> find_sources(const std::vector<std::filesystem::path>& paths);

class Source {
 public:
  // `ask_ahead` answers a question at a path below /api/v1 of this source, and keeps the answer.
  Source(SourceSpec spec, LiveStoreOptions options,
         std::function<void(Source&, const std::string& target)> ask_ahead);
  ~Source();
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  const std::string& name() const { return spec_.name; }
  const std::filesystem::path& root() const { return spec_.root; }
  std::string address() const { return "/s/" + spec_.name + "/"; }
  bool is_folder() const { return !live_.is_file(); }
  LiveStore& live() { return live_; }
  EventStream& events() { return events_; }
  MadeAhead& ahead() { return ahead_; }

 private:
  LiveStoreOptions watched_by(LiveStoreOptions options);

  const SourceSpec spec_;
  EventStream events_;
  MadeAhead ahead_;  // before what calls it
  LiveStore live_;
};

}  // namespace headrace::serve
