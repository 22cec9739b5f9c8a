// Puts spans of one thread into lanes in which they nest, as trace viewers ask of a track.
// Coroutines of one thread overlap without nesting; functions never need a second lane.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headrace::exchange {

class Lanes {
 public:
  // The lane, from 0, of a span. Spans come by begin, of equal begins the longest first.
  size_t place(int64_t begin_ns, int64_t end_ns);
  void clear() { open_.clear(); }

 private:
  std::vector<std::vector<int64_t>> open_;  // per lane the ends of what is open, the innermost last
};

}  // namespace headrace::exchange
