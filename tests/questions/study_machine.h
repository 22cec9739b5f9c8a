// What the instruments of one machine of the study show at any moment.
#pragma once

#include <cstdint>
#include <vector>

#include "study_plan.h"

namespace headrace::questions {

// Energies in micro-joules and times in ns since the study began.
struct Counted {
  double gpu_uj = 0;
  double cpu_uj = 0;
  double memory_uj = 0;
  double node_uj = 0;
  double busy_ns = 0;
  double idle_ns = 0;
  double disk_ns = 0;
};

class StudyMachine {
 public:
  StudyMachine(const StudyPlan& plan, size_t host);

  Counted counted(int64_t at_ms) const;
  // What it does from then on.
  const Stretch& doing(int64_t at_ms) const;
  int64_t celsius(int64_t at_ms) const;

 private:
  size_t place(int64_t at_ms) const;
  std::vector<Stretch> stretches_;  // without gaps, from 0 on
  std::vector<Counted> before_;     // of each
};

// What `stretch` adds.
Counted counted_in(const Stretch& stretch, int64_t length_ms);

}  // namespace headrace::questions
