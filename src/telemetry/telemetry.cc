#include "telemetry/telemetry.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <pthread.h>
#include <utility>

#include "base/clock.h"
#include "capture/recorder.h"
#include "telemetry/cpu_edges.h"
#include "telemetry/providers.h"
#include "telemetry/sampler.h"

namespace headrace::telemetry {
namespace {

constexpr double kDefaultHz = 10;
// The last sweep takes well under a millisecond; more than this only behind a driver that hangs.
constexpr int64_t kPatience_ns = 250'000'000;

// Guards the pointer, not the sampler's work. Never destroyed: other threads may outlive main.
std::mutex g_mutex;
Sampler* g_sampler = nullptr;

// A fork child does not have the thread of the sampler that it inherits: it forgets it,
// undestroyed, and its first event makes its own.
void forget_in_child() {
  new (&g_mutex) std::mutex;
  stop_reading_at_edges();
  g_sampler = nullptr;
}

bool turned_off() {
  const char* set = std::getenv("HEADRACE_TELEMETRY");
  return set != nullptr && std::strcmp(set, "0") == 0;
}

// The usual rate, or the one that was asked for.
void set_rate(Sampler::Options& options) {
  double hz = kDefaultHz;
  if (const char* set = std::getenv("HEADRACE_TELEMETRY_HZ"); set != nullptr && *set != '\0') {
    const char* end = set + std::strlen(set);
    const auto [stopped, error] = std::from_chars(set, end, hz);
    if (error != std::errc() || stopped != end || !(hz >= 0.1 && hz <= 1000)) {
      std::fprintf(stderr,
                   "headrace: HEADRACE_TELEMETRY_HZ is '%s', not a number from 0.1 to 1000; "
                   "sampling at %g Hz\n",
                   set, kDefaultHz);
      hz = kDefaultHz;
    } else {
      options.fixed = true;
    }
  }
  options.period_ns = std::llround(1e9 / hz);
}

// HEADRACE_TELEMETRY_BUDGET: the share of one core, in percent, that sampling may take.
void set_budget(Sampler::Options& options) {
  const char* set = std::getenv("HEADRACE_TELEMETRY_BUDGET");
  if (set == nullptr || *set == '\0') return;
  double percent = 0;
  const char* end = set + std::strlen(set);
  const auto [stopped, error] = std::from_chars(set, end, percent);
  if (error != std::errc() || stopped != end || !(percent >= 0.001 && percent <= 100)) {
    std::fprintf(stderr,
                 "headrace: HEADRACE_TELEMETRY_BUDGET is '%s', not a percentage of one core from "
                 "0.001 to 100; sampling within %g %%\n",
                 set, 100 * Pace::kBudget);
    return;
  }
  options.budget = percent / 100;
}

void begin() {
  capture::Recorder* recorder = capture::Recorder::existing();
  if (recorder == nullptr || turned_off()) return;
  static const int once = pthread_atfork(nullptr, nullptr, &forget_in_child);
  (void)once;
  const std::lock_guard lock(g_mutex);
  if (g_sampler != nullptr) return;
  const Baseline baseline{ticks(), static_cast<uint64_t>(read_clock_ns(CLOCK_PROCESS_CPUTIME_ID))};
  Sampler::Options options;
  set_rate(options);
  set_budget(options);
  options.process_providers = &process_providers;
  options.node_providers = &node_providers;
  auto sampler = std::make_unique<Sampler>(*recorder, std::move(options), baseline);
  if (!sampler->start()) {
    std::fputs("headrace: no thread for the sampler; this process has no telemetry\n", stderr);
  }
  g_sampler = sampler.release();
}

void end() {
  Sampler* sampler = nullptr;
  {
    const std::lock_guard lock(g_mutex);
    sampler = std::exchange(g_sampler, nullptr);
  }
  // Not under the lock, for which the sampler's thread may be waiting.
  if (sampler != nullptr && sampler->stop(kPatience_ns)) delete sampler;
}

}  // namespace

void install() noexcept {
  capture::set_event_hooks(&begin, &end);
  begin();
}

std::vector<Source> describe_sources() {
  std::vector<Source> out;
  for (const std::unique_ptr<Provider>& provider : every_provider()) {
    for (Source& source : provider->probe().sources) out.push_back(std::move(source));
  }
  return out;
}

}  // namespace headrace::telemetry

void hr_telemetry_install(void) { headrace::telemetry::install(); }
