// A process that never ran, for stores of a chosen size: its sensors, its threads, its segments.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collect/spool_fixture.h"

namespace headrace::bench {

// Ticks are ns since collect::kEpoch_ns. Tasks come by begin within a thread, and sensors are read
// ten times a second until the last one's end. Dies (std::abort) where the disk is full.
class MadeProcess {
 public:
  // Its number is its pid as well. The first process reads what the package counts, 100 W.
  MadeProcess(const Directory& directory, uint32_t number);
  ~MadeProcess();
  MadeProcess(const MadeProcess&) = delete;
  MadeProcess& operator=(const MadeProcess&) = delete;

  collect::SpoolFixture& spool() { return spool_; }
  // The number of the next task of a thread, from 1 on; what another task names as its parent.
  uint64_t next_number(uint32_t thread);
  // Numbers it, unless it has one, and seals a segment now and then.
  void task(uint32_t thread, collect::SpoolFixture::Task task);
  void ends_not_before(uint64_t tick);

 private:
  void sample_until(uint64_t tick);
  void sample(uint32_t sensor, uint64_t at, uint64_t raw);

  collect::SpoolFixture spool_;
  const uint32_t number_;
  uint32_t package_energy_ = 0;  // 0: not read here
  uint32_t cpu_time_ = 0;
  std::vector<uint64_t> tasks_;  // by thread
  uint64_t unsealed_ = 0;
  uint64_t sampled_ = 0;
  uint64_t last_ = 0;
};

}  // namespace headrace::bench
