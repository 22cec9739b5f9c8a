// One provider at work: its sensors, which of its readings become records.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "telemetry/change_filter.h"
#include "telemetry/pace.h"
#include "telemetry/provider.h"
#include "telemetry/sample_batch.h"

namespace headrace::telemetry {

// The value of the CPU counters when capture began, read on the thread that began it: so a task
// that starts before the first sweep is covered too.
struct Baseline {
  uint64_t at_ticks = 0;
  uint64_t cpu_ns = 0;
};

class Station {
 public:
  explicit Station(std::unique_ptr<Provider> provider) : provider_(std::move(provider)) {}

  // Makes the sensors of `probe` known, and adds `baseline` for those that it is known of.
  void begin(SampleBatch& batch, const Probe& probe, const Baseline& baseline,
             const PaceTerms& terms = {});
  // Reads all sensors once and adds what is worth recording. The time of a reading is the middle of
  // its provider's sweep, whose ends are read around it, unless its source says when it took it.
  // Between two usual sweeps only what the pace is for is added. Returns how many were.
  size_t sweep(SampleBatch& batch, bool force, bool between = false);
  Provider& provider() { return *provider_; }
  size_t channels() const { return channels_.size(); }
  // Of the sensor that counts this process's CPU time; 0: it has none.
  uint32_t cpu_sensor_id() const { return cpu_sensor_id_; }

  // When it is to be read next.
  int64_t due_ns() const { return due_ns_; }
  // So that those with nearly the same deadline are read together: a little early is due.
  bool is_due(int64_t now_ns) const { return due_ns_ - slack_ns_ <= now_ns; }
  // Of the budget, with steps as wanted.
  double load(std::optional<int64_t> youngest_ns) const;
  // From one sweep to the next.
  int64_t step_ns(std::optional<int64_t> youngest_ns, double slowdown) const {
    return pace_.step_ns(youngest_ns, slowdown);
  }
  // After a sweep at its due time, or too late: sets the next. The deadlines lie on a grid. Returns
  // how many were missed.
  uint64_t plan(int64_t now_ns, std::optional<int64_t> youngest_ns, double slowdown);
  // Brings the next sweep forward where tasks have begun since it was planned.
  void hasten(int64_t now_ns, std::optional<int64_t> youngest_ns, double slowdown);
  // Sweeps, of all sensors or between, and notes the CPU time that this thread spent on it since
  // `cpu_ns`. Returns the CPU time now.
  int64_t sweep_due(SampleBatch& batch, bool force, int64_t cpu_ns);

 private:
  struct Channel {
    uint32_t sensor_id;
    uint8_t flags;
    bool paced;
    ChangeFilter filter;
    int64_t taken_ns = 0;  // as the source said last, and the ticks of that
    uint64_t taken_ticks = 0;
  };
  size_t add(SampleBatch& batch, Channel& channel, const Reading& reading, uint64_t at_ticks,
             int64_t now_ns, bool force);
  uint64_t ticks_of(Channel& channel, int64_t taken_ns, uint64_t at_ticks, int64_t now_ns) const;

  std::unique_ptr<Provider> provider_;
  uint32_t cpu_sensor_id_ = 0;
  uint64_t begin_ticks_ = 0;
  int64_t begin_ns_ = 0;
  std::vector<Channel> channels_;
  std::vector<Reading> readings_;
  Pace pace_;
  int64_t usual_ns_ = 0;
  int64_t due_ns_ = 0;
  int64_t slack_ns_ = 0;
  int64_t swept_ns_ = 0;
  int64_t all_swept_ns_ = 0;
};

}  // namespace headrace::telemetry
