// How many there were in each of the last 64 seconds.
#pragma once

#include <array>
#include <cstdint>

namespace headrace::top {

class Recent {
 public:
  static constexpr int kSeconds = 64;

  void add(int64_t second);
  // In one second; 0 outside of what is kept.
  uint32_t at(int64_t second) const;
  // Per second over ten seconds, or as many as there were since the first. The last two before
  // `now_s` are left out: what ended then may not have been seen yet.
  double rate(int64_t now_s) const;

 private:
  std::array<uint32_t, kSeconds> counts_{};
  int64_t first_s_ = 0;  // of all that was ever counted
  int64_t newest_s_ = 0;
};

}  // namespace headrace::top
