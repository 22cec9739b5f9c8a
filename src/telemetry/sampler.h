// The thread that sweeps the providers: always this process's own, and the node's while this
// process is the elected one.
//
// Each provider is read at its own pace (telemetry/pace.h), all together within a budget of CPU
// time, which the thread's waking up and writing count into. Deadlines lie on a grid, so that
// lateness does not add up; periods that were missed are counted, not made up for. There is a sweep
// at the start and one at the end. What was read is written once a second, and when tasks have
// ended (telemetry/sample_batch.h).
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "capture/recorder.h"
#include "telemetry/busy.h"
#include "telemetry/election.h"
#include "telemetry/slow_start.h"
#include "telemetry/station.h"

namespace headrace::telemetry {

using Providers = std::vector<std::unique_ptr<Provider>>;

class Sampler {
 public:
  struct Options {
    int64_t period_ns = 100'000'000;  // the usual one
    bool fixed = false;               // always that
    double budget = Pace::kBudget;    // of one core
    std::function<Providers()> process_providers;
    std::function<Providers()> node_providers;
  };

  // `recorder` and this object must outlive the thread. Nothing runs yet.
  Sampler(capture::Recorder& recorder, Options options, Baseline baseline);
  // False when the system gives no thread; then nothing is sampled.
  bool start();
  // Asks for the last sweep and waits at most `patience_ns`. False when the thread is still busy,
  // e.g. inside a driver that hangs: then this object must be left alone for good.
  bool stop(int64_t patience_ns);

 private:
  void run();
  void begin_process();
  void begin_node();
  void adopt_slow_ones();
  void begin(std::vector<Station>& stations, std::unique_ptr<Provider> provider, const Probe& probe,
             const Baseline& baseline);
  void look();
  void write_in_time(int64_t next_ns);
  void read_edges(int64_t now_ns);
  void count_cpu();
  void plan();
  void sweep(bool force);
  bool is_shed(size_t samples);
  template <typename Visit>
  void for_each_station(Visit&& visit);
  bool wait_until(int64_t deadline_ns);

  capture::Recorder& recorder_;
  const Options options_;
  const Baseline baseline_;
  SampleBatch batch_;
  Election election_;
  bool elected_ = false;
  int64_t next_election_ns_ = 0;
  std::vector<Station> process_;
  std::vector<Station> node_;
  std::vector<SlowStart> slow_;
  Busy busy_;
  bool ran_tasks_ = false;    // at the look before
  int64_t look_ns_ = 0;       // the next
  int64_t step_ns_ = 0;       // the shortest of those planned
  int64_t cpu_ns_ = 0;        // of this thread, when it was last counted
  int64_t swept_cpu_ns_ = 0;  // of that, the sweeps since
  double wake_cpu_ns_ = 0;    // of a wake without its sweep, about
  uint64_t wakes_ = 0;
  uint64_t begin_ticks_ = 0;
  int64_t begin_ns_ = 0;
  bool reads_edges_ = false;
  int64_t sweep_ns_ = 0;  // the last
  class Self* self_ = nullptr;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace headrace::telemetry
