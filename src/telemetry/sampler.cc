#include "telemetry/sampler.h"

#include <chrono>
#include <pthread.h>
#include <system_error>

#include "base/clock.h"
#include "base/signals_blocked.h"
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
  begin_process();
  int64_t deadline_ns = now_monotonic_ns();
  sweep(false);
  while (true) {
    deadline_ns += options_.period_ns;
    if (const int64_t behind_ns = now_monotonic_ns() - deadline_ns; behind_ns > 0) {
      const int64_t missed = behind_ns / options_.period_ns;
      self_->late += static_cast<uint64_t>(missed);
      deadline_ns += missed * options_.period_ns;
    }
    if (wait_until(deadline_ns)) break;
    sweep(false);
  }
  sweep(true);
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
  stations.back().begin(recorder_, probe, baseline);
}

// While the spool cannot be written, samples are the first that records do without.
bool Sampler::is_shed(bool force) {
  constexpr uint64_t kThinned = 4;  // one sweep in so many
  const capture::ShedLevel level = recorder_.shed_level();
  if (level == capture::ShedLevel::kNone || force) return false;
  if (level == capture::ShedLevel::kThinSamples && self_->sweeps % kThinned == 0) return false;
  size_t samples = 0;
  for (const Station& station : process_) samples += station.channels();
  for (const Station& station : node_) samples += station.channels();
  recorder_.count_shed_samples(samples);
  return true;
}

void Sampler::sweep(bool force) {
  ++self_->sweeps;
  if (is_shed(force)) return;
  const int64_t now_ns = now_monotonic_ns();
  if (!elected_ && !force && options_.node_providers && now_ns >= next_election_ns_) {
    next_election_ns_ = now_ns + kElection_ns;
    elected_ = election_.stand();
    if (elected_) begin_node();
  }
  if (!slow_.empty()) adopt_slow_ones();
  for (Station& station : process_) station.sweep(recorder_, force);
  for (Station& station : node_) station.sweep(recorder_, force);
}

// True when it is time to stop.
bool Sampler::wait_until(int64_t deadline_ns) {
  std::unique_lock lock(mutex_);
  return wake_.wait_until(lock, steady(deadline_ns), [&] { return stopping_; });
}

}  // namespace headrace::telemetry
