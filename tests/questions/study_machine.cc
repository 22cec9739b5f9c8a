#include "study_machine.h"

#include <algorithm>
#include <cmath>

namespace headrace::questions {
namespace {

constexpr double kWarming_ms = 1000;

Stretch idle_between(int64_t begin_ms, int64_t end_ms) {
  Stretch out;
  out.begin_ms = begin_ms;
  out.end_ms = end_ms;
  return out;
}

Counted sum(Counted a, const Counted& b) {
  a.gpu_uj += b.gpu_uj;
  a.cpu_uj += b.cpu_uj;
  a.memory_uj += b.memory_uj;
  a.node_uj += b.node_uj;
  a.busy_ns += b.busy_ns;
  a.idle_ns += b.idle_ns;
  a.disk_ns += b.disk_ns;
  return a;
}

}  // namespace

Counted counted_in(const Stretch& stretch, int64_t length_ms) {
  const auto ms = static_cast<double>(length_ms);
  const double weight = stretch.cpus + 0.1 * (kCpus - stretch.cpus);
  Counted out;
  out.gpu_uj = stretch.gpu_w * ms * 1e3;
  out.cpu_uj = kCpu_w * weight * ms * 1e3;
  out.memory_uj = kMemory_w * weight * ms * 1e3;
  out.node_uj = out.gpu_uj + out.cpu_uj + out.memory_uj + kOther_w * ms * 1e3;
  out.busy_ns = stretch.cpus * ms * 1e6;
  out.idle_ns = (kCpus - stretch.cpus) * ms * 1e6;
  out.disk_ns = stretch.disk_use * ms * 1e6;
  return out;
}

StudyMachine::StudyMachine(const StudyPlan& plan, size_t host) {
  constexpr int64_t kForever_ms = 3'600'000;
  int64_t until_ms = 0;
  for (const PlannedWorkflow& workflow : plan.workflows) {
    if (workflow.host != host) continue;
    if (workflow.begin_ms > until_ms) {
      stretches_.push_back(idle_between(until_ms, workflow.begin_ms));
    }
    stretches_.insert(stretches_.end(), workflow.stretches.begin(), workflow.stretches.end());
    until_ms = workflow.end_ms;
  }
  stretches_.push_back(idle_between(until_ms, kForever_ms));
  Counted so_far;
  for (const Stretch& one : stretches_) {
    before_.push_back(so_far);
    so_far = sum(so_far, counted_in(one, one.end_ms - one.begin_ms));
  }
}

size_t StudyMachine::place(int64_t at_ms) const {
  const auto after =
      std::upper_bound(stretches_.begin(), stretches_.end(), at_ms,
                       [](int64_t t, const Stretch& one) { return t < one.begin_ms; });
  return static_cast<size_t>(after - stretches_.begin()) - 1;
}

Counted StudyMachine::counted(int64_t at_ms) const {
  const size_t at = place(at_ms);
  return sum(before_[at], counted_in(stretches_[at], at_ms - stretches_[at].begin_ms));
}

const Stretch& StudyMachine::doing(int64_t at_ms) const { return stretches_[place(at_ms)]; }

int64_t StudyMachine::celsius(int64_t at_ms) const {
  const size_t at = place(at_ms);
  const int64_t from_c = at == 0 ? kIdle_c : stretches_[at - 1].to_c;
  const double done =
      std::min(1.0, static_cast<double>(at_ms - stretches_[at].begin_ms) / kWarming_ms);
  return std::llround(static_cast<double>(from_c) +
                      done * static_cast<double>(stretches_[at].to_c - from_c));
}

}  // namespace headrace::questions
