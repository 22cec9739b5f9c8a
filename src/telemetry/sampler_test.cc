#include "telemetry/sampler.h"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "capture/task.h"
#include "telemetry/kept_file.h"
#include "telemetry/own_recorder_for_test.h"
#include "telemetry/samples_for_test.h"
#include "telemetry/telemetry.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

// Runs `body` in a fork child, as the recorder is one to a process; what the child recorded.
template <typename Body>
Recorded in_child(const Tree& tree, Body&& body) {
  const pid_t child = fork();
  if (child == 0) {
    // Not by the environment: another test of this process may have chosen one.
    const bool chosen = capture::Recorder::use_directory(tree.path()).ok();
    const int code = chosen ? body() : 9;
    capture::stop_capture(TaskStatus::kFinished);
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  return read_samples(Directory{tree.path()});
}

void one_task() {
  capture::end_task(capture::begin_task(capture::intern_activity("work")), TaskStatus::kFinished);
}

// Counts its sweeps; optionally begins and sweeps only when told.
class Scripted : public Provider {
 public:
  explicit Scripted(std::shared_future<void> gate = {}, bool slow = false)
      : gate_(std::move(gate)), slow_(slow) {}
  bool is_slow() const override { return slow_; }
  Probe probe() override {
    if (slow_) gate_.wait();
    Probe probe;
    SensorSpec spec;
    spec.sensor.name = slow_ ? "slow" : "scripted";
    spec.sensor.kind = SensorKind::kCounter;
    probe.sensors.push_back(spec);
    return probe;
  }
  void sweep(std::span<Reading> readings) override {
    if (!slow_ && gate_.valid()) gate_.wait();
    readings[0].set(++sweeps_);
  }

 private:
  std::shared_future<void> gate_;
  bool slow_;
  uint64_t sweeps_ = 0;
};

// For what needs no second process.
class SamplerTest : public OwnRecorderTest {};
constexpr int64_t kLong_ns = 60'000'000'000;

template <typename Make>
std::function<Providers()> only(Make make) {
  return [make] {
    Providers out;
    out.push_back(make());
    return out;
  };
}

TEST(SamplerFork, AShortProcessHasAFirstAndALastReadingOfEverything) {
  const Tree tree;
  const Recorded recorded = in_child(tree, [] {
    install();
    one_task();
    return 0;
  });
  ASSERT_EQ(recorded.size(), 1u);
  const auto& sensors = recorded.begin()->second;
  for (const char* name :
       {"process.cpu_time", "process.memory", "estimate.cpu", "headrace.sampler.cpu_time",
        "headrace.sampler.sweeps", "cpu.user", "memory.available"}) {
    ASSERT_TRUE(sensors.contains(name)) << name;
    EXPECT_GE(sensors.at(name).samples.size(), 2u) << name;
  }
  const auto& cpu = sensors.at("process.cpu_time").samples;
  for (size_t i = 1; i < cpu.size(); ++i) {
    EXPECT_LT(cpu[i - 1].at_ticks, cpu[i].at_ticks);
    EXPECT_LE(cpu[i - 1].raw, cpu[i].raw);
  }
  const RecordedSensor& estimate = sensors.at("estimate.cpu");
  EXPECT_EQ(estimate.sensor.truth, Truth::kEstimated);
  for (const SampleRecord& s : estimate.samples) EXPECT_EQ(s.header.flags, kSampleIsEstimate);
}

TEST(SamplerFork, IsTurnedOffByTheEnvironment) {
  const Tree tree;
  const Recorded recorded = in_child(tree, [] {
    setenv("HEADRACE_TELEMETRY", "0", 1);
    install();
    one_task();
    return 0;
  });
  EXPECT_TRUE(recorded.empty());
}

TEST(SamplerFork, AForkChildSamplesItselfAndOnlyOneProcessTheNode) {
  const Tree tree;
  const Recorded recorded = in_child(tree, [] {
    install();
    one_task();
    // The first sweep, which elects, is done when its readings are there: a record beside the task
    // and its workflow.
    while (capture::Recorder::existing()->counters().records < 3) {
      capture::Recorder::existing()->flush();
      usleep(1000);
    }
    const pid_t child = fork();
    if (child == 0) {
      one_task();
      capture::stop_capture(TaskStatus::kFinished);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  });
  ASSERT_EQ(recorded.size(), 2u);
  int nodes = 0;
  for (const auto& [producer, sensors] : recorded) {
    EXPECT_TRUE(sensors.contains("process.cpu_time"));
    nodes += sensors.contains("cpu.user") ? 1 : 0;
  }
  EXPECT_EQ(nodes, 1);
}

// A program's handlers run on its own threads, whose sleeps and system calls they interrupt.
TEST(SamplerFork, OurThreadsTakeNoSignals) {
  const Tree tree;
  in_child(tree, [] {
    install();
    one_task();
    int ours = 0;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
      const auto text = [&](const char* file) {
        return read_once((thread.path() / file).string()).value_or("");
      };
      const std::string status = text("status");
      const size_t at = status.find("SigBlk:\t");
      if (thread.path().filename() == std::to_string(getpid()) || at == std::string::npos) continue;
      ++ours;
      const uint64_t blocked = std::strtoull(status.c_str() + at + 8, nullptr, 16);
      for (const int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD}) {
        if ((blocked >> (signal - 1) & 1) == 0) return 1;
      }
    }
    return ours >= 2 ? 0 : 2;
  });
}

TEST(SamplerFork, AForkChildThatRecordsNothingEndsCleanly) {
  const Tree tree;
  const Recorded recorded = in_child(tree, [] {
    install();
    one_task();
    const pid_t child = fork();
    if (child == 0) exit(0);  // runs the handlers of exit
    int status = 0;
    waitpid(child, &status, 0);
    return status;
  });
  EXPECT_EQ(recorded.size(), 1u);
}

TEST_F(SamplerTest, AProviderThatStartsSlowlyKeepsNobodyWaiting) {
  std::promise<void> started;
  const std::shared_future<void> gate = started.get_future().share();
  Sampler::Options options;
  options.period_ns = 1'000'000;
  options.process_providers = only([] { return std::make_unique<Scripted>(); });
  options.node_providers = only([gate] { return std::make_unique<Scripted>(gate, true); });
  Sampler sampler(*recorder_, options, Baseline());
  ASSERT_TRUE(sampler.start());
  while (samples("scripted").size() < 20) usleep(1000);
  EXPECT_TRUE(samples("slow").empty());
  started.set_value();
  while (samples("slow").size() < 2) usleep(1000);
  EXPECT_TRUE(sampler.stop(kLong_ns));
}

TEST_F(SamplerTest, AReadingThatHangsDoesNotKeepTheProcessFromEnding) {
  std::promise<void> release;
  const std::shared_future<void> gate = release.get_future().share();
  Sampler::Options options;
  options.process_providers = only([gate] { return std::make_unique<Scripted>(gate); });
  // Its thread still stands in the provider when stop gives up: what it uses stays.
  static Sampler* const sampler = new Sampler(*recorder_, options, Baseline());
  ASSERT_TRUE(sampler->start());
  EXPECT_FALSE(sampler->stop(1'000'000));
  release.set_value();
}

TEST_F(SamplerTest, TheKnownStartOfACpuCounterIsItsFirstSampleAndTheLastSweepItsLast) {
  class Cpu : public Provider {
    Probe probe() override {
      Probe probe;
      SensorSpec spec;
      spec.sensor.name = "cpu";
      spec.counts_cpu_ns = true;
      probe.sensors.push_back(spec);
      return probe;
    }
    void sweep(std::span<Reading> readings) override { readings[0].set(500); }
  };
  Sampler::Options options;
  options.process_providers = only([] { return std::make_unique<Cpu>(); });
  Sampler sampler(*recorder_, options, Baseline{ticks(), 77});
  ASSERT_TRUE(sampler.start());
  ASSERT_TRUE(sampler.stop(kLong_ns));
  const auto cpu = samples("cpu");
  ASSERT_GE(cpu.size(), 2u);
  EXPECT_EQ(cpu.front().raw, 77u);
  EXPECT_EQ(cpu.back().raw, 500u);
}

// Says when it took its reading: 20 ms before it was asked.
class Late : public Provider {
  Probe probe() override {
    Probe probe;
    SensorSpec spec;
    spec.sensor.name = "late";
    probe.sensors.push_back(spec);
    return probe;
  }
  void sweep(std::span<Reading> readings) override {
    readings[0].set(1);
    readings[0].taken_ns = now_monotonic_ns() - 20'000'000;
  }
};

TEST_F(SamplerTest, AReadingHasTheTimeThatItsSourceSays) {
  Station station(std::make_unique<Late>());
  SampleBatch batch(*recorder_);
  station.begin(batch, station.provider().probe(), Baseline());
  usleep(30'000);  // so that 20 ms ago is a time that it was at work
  const uint64_t before_ticks = ticks();
  station.sweep(batch, true);
  batch.write();
  const auto late = samples("late");
  ASSERT_EQ(late.size(), 1u);
  EXPECT_LT(late[0].at_ticks, before_ticks);
}

// So that providers with nearly the same deadline, and the look, cost one wake.
TEST_F(SamplerTest, ReadsWhatIsNearlyDueWithWhatIs) {
  SampleBatch batch(*recorder_);
  Station station(std::make_unique<Scripted>());
  station.begin(batch, station.provider().probe(), Baseline(), {kLong_ns, true});
  const int64_t first_ns = station.due_ns();
  EXPECT_TRUE(station.is_due(first_ns));
  station.plan(first_ns, 0, 1);
  EXPECT_EQ(station.due_ns(), first_ns + kLong_ns);
  EXPECT_TRUE(station.is_due(first_ns + kLong_ns - kLong_ns / 20));
  EXPECT_FALSE(station.is_due(first_ns + kLong_ns - kLong_ns / 10));
  station.plan(first_ns + kLong_ns - kLong_ns / 20, 0, 1);
  EXPECT_EQ(station.due_ns(), first_ns + 2 * kLong_ns) << "the grid stays where it was";
}

TEST_F(SamplerTest, SeesOpenTasksAndHowYoungTheYoungestIs) {
  Busy busy;
  busy.look(*recorder_, now_monotonic_ns());
  EXPECT_EQ(busy.own_ns(), std::nullopt);
  const auto begin = [] { return capture::begin_task(capture::intern_activity("work")); };
  capture::TaskState* const task = begin();
  usleep(5000);
  busy.look(*recorder_, now_monotonic_ns());
  const int64_t age_ns = busy.own_ns().value_or(0);
  EXPECT_GE(age_ns, 4'000'000);
  capture::TaskState* const child = begin();
  busy.look(*recorder_, now_monotonic_ns());
  EXPECT_LT(busy.own_ns().value_or(age_ns), age_ns);
  capture::end_task(child, TaskStatus::kFinished);
  capture::end_task(task, TaskStatus::kFinished);
  busy.look(*recorder_, now_monotonic_ns());
  EXPECT_EQ(busy.own_ns(), std::nullopt);
}

TEST_F(SamplerTest, RecordsBesideAFastCounterAsUsual) {
  class Gpu : public Provider {
    Probe probe() override {
      Probe probe;
      SensorSpec spec;
      spec.sensor.name = "fast";
      spec.sensor.quantity = "hw.energy";
      spec.sensor.kind = SensorKind::kCounter;
      spec.period_ns = 80'000'000;
      probe.sensors.push_back(spec);
      spec.sensor.name = "beside";
      spec.sensor.quantity = "hw.power";
      probe.sensors.push_back(spec);
      return probe;
    }
    void sweep(std::span<Reading> readings) override {
      ++sweeps_;
      for (Reading& one : readings) one.set(sweeps_);
    }
    uint64_t sweeps_ = 0;
  };
  Sampler::Options options;
  options.process_providers = only([] { return std::make_unique<Gpu>(); });
  Sampler sampler(*recorder_, options, Baseline());
  ASSERT_TRUE(sampler.start());
  while (samples("fast").size() < 20) usleep(10'000);
  ASSERT_TRUE(sampler.stop(kLong_ns));
  EXPECT_GE(samples("fast").size(), 2 * samples("beside").size())
      << "what its pace is not for is recorded as usual";
  EXPECT_FALSE(samples("headrace.sampler.slowdown").empty());
}

TEST_F(SamplerTest, WhatALaboratoryShowsSaysSo) {
  ASSERT_EQ(setenv("HEADRACE_LAB", "/somewhere", 1), 0);
  Station station(std::make_unique<Scripted>());
  Probe probe = station.provider().probe();
  probe.sensors[0].sensor.name = "in a laboratory";
  SampleBatch batch(*recorder_);
  station.begin(batch, probe, Baseline());
  unsetenv("HEADRACE_LAB");
  station.sweep(batch, true);
  batch.write();
  recorder_->flush();
  Recorded recorded = read_samples(Directory{tree().path()});
  EXPECT_EQ(recorded[recorder_->producer()]["in a laboratory"].sensor.assumption,
            "emulated by headrace lab");
}

TEST(DescribeSources, SaysForEachEnergySourceWhetherItReads) {
  const std::vector<Source> sources = describe_sources();
  int energy = 0;
  for (const Source& source : sources) {
    EXPECT_FALSE(source.name.empty());
    EXPECT_TRUE(source.readable || !source.detail.empty()) << source.name;
    energy += source.energy ? 1 : 0;
  }
  EXPECT_GE(energy, 4);
}

}  // namespace
}  // namespace headrace::telemetry
