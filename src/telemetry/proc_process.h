// This process, from the kernel's books: CPU time in ns (all threads), resident memory, threads,
// bytes read and written by system calls and by storage.
#pragma once

#include "telemetry/kept_file.h"
#include "telemetry/provider.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

class ProcProcess : public Provider {
 public:
  explicit ProcProcess(Roots roots) : roots_(std::move(roots)) {}
  Probe probe() override;
  void sweep(std::span<Reading> readings) override;

 private:
  const Roots roots_;
  KeptFile statm_;
  KeptFile stat_;
  KeptFile io_;
};

}  // namespace headrace::telemetry
