#include "exchange/lanes.h"

namespace headrace::exchange {

size_t Lanes::place(int64_t begin_ns, int64_t end_ns) {
  for (size_t lane = 0; lane < open_.size(); ++lane) {
    std::vector<int64_t>& ends = open_[lane];
    while (!ends.empty() && ends.back() <= begin_ns) ends.pop_back();
    if (ends.empty() || end_ns <= ends.back()) {
      ends.push_back(end_ns);
      return lane;
    }
  }
  open_.push_back({end_ns});
  return open_.size() - 1;
}

}  // namespace headrace::exchange
