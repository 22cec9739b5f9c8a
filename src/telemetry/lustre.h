// What this node moved to and from Lustre file systems, whose traffic no disk counter sees:
// <proc>/fs/lustre/llite/NAME/stats, since Lustre 2.12
// <sysfs>/kernel/debug/lustre/llite/NAME/stats. A line: "read_bytes 12 samples [bytes] 4096 1048576
// 1234567", where the last is their sum.
#pragma once

#include <string>
#include <vector>

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class Lustre : public Provider {
 public:
  explicit Lustre(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  const Roots roots_;
  std::vector<char> buffer_;
  std::vector<KeptFile> mounts_;  // three sensors each: read, written, opened
};

}  // namespace headrace::telemetry
