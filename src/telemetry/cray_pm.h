// Cray's board sensors: <sysfs>/cray/pm_counters/{energy,power,cpu_energy,accel0_energy,...}, in
// whole joules and watts, each with the time of its scan. Which files there are differs between
// machines. `freshness` counts the scans, `raw_scan_hz` says how many there are in a second.
//
// A sweep counts only if no scan came between its first and its last file. Where no scan came since
// the sweep before, the readings are those of then; where none comes for long, they are gaps.
//
// Parts that a nearer sensor measures as well (packages by RAPL, GPUs by their driver) are
// node/board/..., so that nobody adds both up: which accelerator is which GPU, the board does not
// say.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"
#include "telemetry/source_clock.h"

namespace headrace::telemetry {

class CrayPm : public Provider {
 public:
  // `now_ns`: the monotonic clock, unless a test has its own.
  explicit CrayPm(Roots roots, std::function<int64_t()> now_ns = now_monotonic_ns)
      : roots_(std::move(roots)), now_ns_(std::move(now_ns)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  std::string domain_of(std::string_view part) const;
  Reading read(KeptFile& file);
  bool read_all(std::span<Reading> readings);
  bool read_scan(uint64_t* scan);

  const Roots roots_;
  const std::function<int64_t()> now_ns_;
  KeptFile freshness_;
  std::vector<KeptFile> files_;
  std::vector<Reading> last_;
  uint64_t scan_ = 0;  // that last_ is of
  bool any_ = false;
  ReadFailure why_ = ReadFailure::kFailed;  // the last sweep was none
  int64_t scanned_ns_ = 0;                  // when scan_ was first seen
  int64_t patience_ns_ = 0;
  SourceClock board_;
};

}  // namespace headrace::telemetry
