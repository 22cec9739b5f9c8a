// What has changed in a folder since the last look, a line for each.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "query/json.h"
#include "top/picture.h"

namespace headrace::top {

struct Change {
  int64_t time_ns = 0;
  std::string event;      // workflow, task failed, straggler, metric, lost,
                          // energy budget, progress, summary
  std::string text;       // what stands behind the time, safe for a terminal
  query::Json::Map json;  // the same, by name
};
// "2026-11-22 03:40:12  …", without the time's fraction.
std::string line_of(const Change& change);
// {"time": …, "event": …, …}
std::string json_line_of(const Change& change);

class Changes {
 public:
  // A metric is said again, and progress, only after so long. `budget_j`: said once when it will be
  // exceeded by what runs, and once when it is; 0: none.
  explicit Changes(int64_t every_ns, double budget_j = 0)
      : every_ns_(every_ns), budget_j_(budget_j) {}

  // In the order of their times. The first look tells what runs, and how much had ended before.
  std::vector<Change> since_last(const Folder& folder, const Scope& scope, int64_t now_ns);
  // What it all came to.
  static Change summary(const Folder& folder, const Scope& scope, int64_t now_ns);

 private:
  void workflows(const Folder& folder, const Picture& picture);
  void failures(const Folder& folder, const std::set<uint32_t>& mine);
  void stragglers(const Picture& picture);
  void metrics(const Folder& folder, const std::set<uint32_t>& mine);
  void losses(const Picture& picture);
  void progress(const Picture& picture);
  void budget(const Picture& picture);
  void add(int64_t time_ns, const std::string& event, const std::string& text,
           query::Json::Map json);

  const int64_t every_ns_;
  const double budget_j_;
  bool budget_will_ = false;  // told
  bool budget_is_ = false;
  int64_t now_ns_ = 0;
  bool is_first_ = true;
  std::map<std::string, TaskStatus> statuses_;  // of workflows, by id
  uint64_t failures_ = 0;
  std::unordered_set<std::string> stragglers_;  // told
  std::map<std::pair<uint32_t, std::string>, int64_t> metric_said_ns_;
  int64_t lost_ = 0;
  int64_t progress_said_ns_ = 0;
  std::pair<int64_t, int64_t> progress_said_;  // done and running then
  std::vector<Change> out_;
};

// Has everything in the scope ended: there was something, and no process of it writes any more?
bool is_over(const Folder& folder, const Scope& scope);
// Did a workflow of it fail or get lost?
bool has_failed(const Folder& folder, const Scope& scope);

}  // namespace headrace::top
