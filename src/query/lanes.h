// Where tasks ran, as rows of a picture: a lane for each thread of each process, and more for one
// whose tasks lie in each other or overlap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headrace::query {

struct Lane {
  std::string hostname;
  std::optional<int64_t> pid;
  std::optional<int64_t> thread;  // its number in the system
  std::optional<int64_t> rank;
  // Which of the processes that had this pid on this machine, from 1; 0: there was but one. A
  // number is given out again, and each container counts its own.
  size_t process = 0;
  size_t depth = 0;  // 0: the outermost tasks of the thread
};

// "rank 3 · node7 · 4711/4712", with what is known; "4711/4712 (2)" for the second process of that
// number; "+2" behind it for the third lane of a thread.
std::string lane_label(const Lane& lane);

// Gives the spans of one thread to the fewest lanes in which none overlap, the first that is free.
// One inside another lands in a later lane than that.
class LanePacker {
 public:
  // Spans come by begin, of equal begins the longest first.
  size_t place(int64_t begin_ns, int64_t end_ns);
  size_t lanes() const { return ends_.size(); }

 private:
  std::vector<int64_t> ends_;  // of the last span of each lane
};

}  // namespace headrace::query
