#include "query/lanes.h"

namespace headrace::query {

std::string lane_label(const Lane& lane) {
  std::string out;
  const auto add = [&out](const std::string& part) { out += (out.empty() ? "" : " · ") + part; };
  if (lane.rank) add("rank " + std::to_string(*lane.rank));
  if (!lane.hostname.empty()) add(lane.hostname);
  if (lane.pid) {
    add(std::to_string(*lane.pid) + (lane.thread ? "/" + std::to_string(*lane.thread) : ""));
  } else if (lane.thread) {
    add("thread " + std::to_string(*lane.thread));
  }
  if (lane.process > 0) out += " (" + std::to_string(lane.process) + ")";
  if (lane.depth > 0) out += " +" + std::to_string(lane.depth);
  return out;
}

size_t LanePacker::place(int64_t begin_ns, int64_t end_ns) {
  for (size_t lane = 0; lane < ends_.size(); ++lane) {
    if (ends_[lane] > begin_ns) continue;
    ends_[lane] = end_ns;
    return lane;
  }
  ends_.push_back(end_ns);
  return ends_.size() - 1;
}

}  // namespace headrace::query
