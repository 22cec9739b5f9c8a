#include "telemetry/sampler.h"

#include <algorithm>
#include <chrono>
#include <pthread.h>
#include <system_error>

#include "base/clock.h"
#include "base/signals_blocked.h"
#include "telemetry/cpu_edges.h"
#include "telemetry/self.h"

namespace headrace::telemetry {
namespace {

constexpr int64_t kElection_ns = 1'000'000'000;
// Ending the process inside a driver's start may crash in the driver; waiting much longer would be
// felt.
constexpr int64_t kProbePatience_ns = 200'000'000;

std::chrono::steady_clock::time_point steady(int64_t monotonic_ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic_ns));
}

}  // namespace

Sampler::Sampler(capture::Recorder& recorder, Options options, Baseline baseline)
    : recorder_(recorder),
      options_(std::move(options)),
      baseline_(baseline),
      batch_(recorder),
      election_(recorder.directory().root) {}

bool Sampler::start() {
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    return false;
  }
  return true;
}

bool Sampler::stop(int64_t patience_ns) {
  if (!thread_.joinable()) return true;
  bool done = false;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
    done = wake_.wait_until(lock, steady(now_monotonic_ns() + patience_ns), [&] { return done_; });
  }
  if (done) {
    thread_.join();
  } else {
    thread_.detach();
  }
  return done;
}

void Sampler::run() {
  pthread_setname_np(pthread_self(), "headrace-sample");
  begin_ticks_ = ticks();
  begin_ns_ = now_monotonic_ns();
  begin_process();
  look_ns_ = now_monotonic_ns();
  while (true) {
    look();
    sweep(false);
    count_cpu();
    plan();
    int64_t deadline_ns = look_ns_;
    for_each_station(
        [&](const Station& one) { deadline_ns = std::min(deadline_ns, one.due_ns()); });
    write_in_time(deadline_ns);
    if (wait_until(deadline_ns)) break;
  }
  if (reads_edges_) stop_reading_at_edges();
  sweep(true);
  batch_.write();
  for (SlowStart& slow : slow_) slow.wait(kProbePatience_ns);
  election_.resign();
  const std::lock_guard lock(mutex_);
  done_ = true;
  wake_.notify_all();
}

void Sampler::begin_process() {
  if (options_.process_providers) {
    for (std::unique_ptr<Provider>& provider : options_.process_providers()) {
      const Probe probe = provider->probe();
      begin(process_, std::move(provider), probe, baseline_);
    }
  }
  auto self = std::make_unique<Self>();
  self_ = self.get();
  const Probe probe = self->probe();
  begin(process_, std::move(self), probe, Baseline());
}

void Sampler::begin_node() {
  for (std::unique_ptr<Provider>& provider : options_.node_providers()) {
    if (provider->is_slow()) {
      slow_.emplace_back(std::move(provider));
      continue;
    }
    const Probe probe = provider->probe();
    begin(node_, std::move(provider), probe, Baseline());
  }
}

void Sampler::adopt_slow_ones() {
  std::erase_if(slow_, [this](SlowStart& slow) {
    auto ready = slow.take();
    if (ready) begin(node_, std::move(ready->provider), ready->probe, Baseline());
    return ready.has_value();
  });
}

void Sampler::begin(std::vector<Station>& stations, std::unique_ptr<Provider> provider,
                    const Probe& probe, const Baseline& baseline) {
  stations.emplace_back(std::move(provider));
  stations.back().begin(batch_, probe, baseline, {options_.period_ns, options_.fixed});
}

template <typename Visit>
void Sampler::for_each_station(Visit&& visit) {
  for (Station& station : process_) visit(station);
  for (Station& station : node_) visit(station);
}

// While the spool cannot be written, samples are the first that records do without.
bool Sampler::is_shed(size_t samples) {
  constexpr uint64_t kThinned = 4;  // one sweep in so many
  const capture::ShedLevel level = recorder_.shed_level();
  if (level == capture::ShedLevel::kNone) return false;
  if (level == capture::ShedLevel::kThinSamples && self_->sweeps % kThinned == 0) return false;
  recorder_.count_shed_samples(samples);
  return true;
}

// At the usual rate: who is elected, who has started, who runs tasks. With a sweep where there is
// one within half a period, and while tasks run no oftener than sweeps: to wake up costs more than
// to look.
void Sampler::look() {
  const int64_t now_ns = now_monotonic_ns();
  if (now_ns < look_ns_ - options_.period_ns / 2) return;
  const bool is_busy = busy_.youngest_ns().has_value();
  const int64_t step_ns = is_busy ? std::max(options_.period_ns, step_ns_) : options_.period_ns;
  look_ns_ = std::max(look_ns_ + step_ns, now_ns);
  if (!elected_ && options_.node_providers && now_ns >= next_election_ns_) {
    next_election_ns_ = now_ns + kElection_ns;
    elected_ = election_.stand();
    if (elected_) begin_node();
  }
  if (!slow_.empty()) adopt_slow_ones();
  if (!reads_edges_) read_edges(now_ns);
  busy_.look(recorder_, now_ns);
  if (elected_) {
    if (const auto theirs_ns = election_.heard()) busy_.see(theirs_ns, now_ns);
  } else if (options_.node_providers && busy_.own_ns()) {
    election_.tell(*busy_.own_ns());
  }
  for_each_station([&](Station& one) { one.hasten(now_ns, busy_.youngest_ns(), self_->slowdown); });
}

// The first sweep at once, for programs that end soon. What this process's tasks need is written
// once they have ended: it may be about to end too.
void Sampler::write_in_time(int64_t next_ns) {
  const bool runs_tasks = busy_.own_ns().has_value();
  if (self_->sweeps <= 1 || (ran_tasks_ && !runs_tasks)) batch_.write();
  ran_tasks_ = runs_tasks;
  batch_.write_before(next_ns);
}

// Once a tick's length is known.
void Sampler::read_edges(int64_t now_ns) {
  const int64_t known_ns = now_ns - begin_ns_;
  if (known_ns < Pace::kShortest_ns) return;
  reads_edges_ = true;
  const double ticks_per_ns =
      static_cast<double>(ticks() - begin_ticks_) / static_cast<double>(known_ns);
  for (const Station& one : process_) {
    if (one.cpu_sensor_id() == 0) continue;
    read_cpu_at_edges(recorder_, one.cpu_sensor_id(),
                      static_cast<uint64_t>(ticks_per_ns * Pace::kShortest_ns));
  }
}

// What this thread took since the last time but for its sweeps: to sleep, to wake, to look, to
// write. The first wakes start providers.
void Sampler::count_cpu() {
  constexpr uint64_t kStarting = 3;
  constexpr double kEwma = 1.0 / 16;
  const int64_t now_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
  const auto outside_ns = static_cast<double>(now_ns - cpu_ns_ - swept_cpu_ns_);
  cpu_ns_ = now_ns;
  swept_cpu_ns_ = 0;
  if (++wakes_ == kStarting) wake_cpu_ns_ = outside_ns;
  if (wakes_ > kStarting) wake_cpu_ns_ += kEwma * (outside_ns - wake_cpu_ns_);
}

// Sets when those that were due are read next.
void Sampler::plan() {
  const std::optional<int64_t> youngest_ns = busy_.youngest_ns();
  double load = 0;
  int64_t step_ns = options_.period_ns;
  for_each_station([&](const Station& one) {
    load += one.load(youngest_ns);
    step_ns = std::min(step_ns, one.step_ns(youngest_ns, 1));
  });
  load += wake_cpu_ns_ / static_cast<double>(step_ns);
  self_->slowdown = options_.fixed ? 1 : slowdown(load, options_.budget);
  step_ns_ = Pace::kResting_ns;
  for_each_station([&](const Station& one) {
    step_ns_ = std::min(step_ns_, one.step_ns(youngest_ns, self_->slowdown));
  });
  const int64_t now_ns = now_monotonic_ns();
  for_each_station([&](Station& one) {
    if (!one.is_due(sweep_ns_)) return;
    self_->late += one.plan(now_ns, busy_.youngest_ns(), self_->slowdown);
  });
}

void Sampler::sweep(bool force) {
  sweep_ns_ = now_monotonic_ns();
  const auto is_due = [&](const Station& one) { return force || one.is_due(sweep_ns_); };
  size_t samples = 0;
  for_each_station([&](const Station& one) { samples += is_due(one) ? one.channels() : 0; });
  if (samples == 0) return;
  ++self_->sweeps;
  if (!force && is_shed(samples)) return;
  const int64_t from_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
  int64_t cpu_ns = from_ns;
  for_each_station([&](Station& one) {
    if (is_due(one)) cpu_ns = one.sweep_due(batch_, force, cpu_ns);
  });
  swept_cpu_ns_ += cpu_ns - from_ns;
}

// True when it is time to stop.
bool Sampler::wait_until(int64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  return wake_.wait_until(lock, steady(deadline_ns), [&] { return stopping_; });
}

}  // namespace headrace::telemetry
