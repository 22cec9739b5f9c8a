// A counter that fails in every way that was seen: no joule more than was used, a coverage below 1
// where something is not known, and the reason.

#include <gtest/gtest.h>

#include "energy/emulated_campaign_for_test.h"
#include "energy/self_energy.h"

namespace headrace::energy {
namespace {

constexpr uint64_t kRange = 65'536'000;  // mJ

class Faults : public testing::Test {
 protected:
  Faults() : campaign_(plan()), samples_(campaign_.read({})), spans_(campaign_.spans()) {
    at_ = samples_.size() / 2;
  }
  static EmulatedPlan plan() {
    EmulatedPlan out;
    out.tasks = 60;
    out.task_s = 1;
    return out;
  }
  // Divides what was read; `reason` must stand at the tasks around the fault, and nowhere else.
  SelfEnergy divided(Gap reason, uint64_t range = 0) {
    const Timeline timeline = Timeline::of_counter({1e3, range, 2500e6, true, 0}, samples_);
    SelfEnergy out = divide(timeline, spans_, order_events(spans_), 4);
    int64_t sum = out.rest + out.unseen;
    for (const TaskEnergy& task : out.tasks) sum += task.self;
    EXPECT_EQ(sum, timeline.total());
    const double truth = campaign_.joules_at(static_cast<double>(campaign_.end_ns())) * 1e6;
    EXPECT_LE(static_cast<double>(timeline.total()), truth) << "phantom joules";
    lost_ = truth - static_cast<double>(timeline.total());
    const int64_t fault_ns = samples_[at_].at_ns;
    for (size_t i = 0; i < spans_.size(); ++i) {
      const bool hit = spans_[i].begin_ns < fault_ns && spans_[i].end_ns > fault_ns;
      const double covered =
          out.tasks[i].covered_ns / static_cast<double>(spans_[i].end_ns - spans_[i].begin_ns);
      if (hit && reason != Gap::kNone) {
        EXPECT_LT(covered, 1);
        EXPECT_NE(out.tasks[i].gaps & static_cast<uint16_t>(reason), 0)
            << name_of(Gap{out.tasks[i].gaps});
        ++hits_;
      }
      const bool is_far = spans_[i].end_ns < fault_ns - 3'000'000'000 ||
                          spans_[i].begin_ns > fault_ns + 8'000'000'000;
      if (!is_far) continue;
      EXPECT_EQ(out.tasks[i].gaps, 0) << i;
      EXPECT_NEAR(covered, 1, 1e-6) << i;
      const double joules = static_cast<double>(out.tasks[i].self) * 1e-6;
      EXPECT_NEAR(joules, campaign_.tasks()[i].true_j, 0.1 * joules) << i;
    }
    return out;
  }
  // The fault falls into the middle of a task.
  void SetUp() override {
    const TaskSpan& span = spans_[spans_.size() / 2];
    while (samples_[at_].at_ns < (span.begin_ns + span.end_ns) / 2) ++at_;
    while (samples_[at_].at_ns > (span.begin_ns + span.end_ns) / 2) --at_;
  }

  EmulatedCampaign campaign_;
  std::vector<RawSample> samples_;
  std::vector<TaskSpan> spans_;
  size_t at_ = 0;
  double lost_ = 0;  // micro-joules
  int hits_ = 0;
};

TEST_F(Faults, None) {
  divided(Gap::kNone);
  EXPECT_LT(lost_, 50e6);
}

TEST_F(Faults, AWrapLosesNothing) {
  const uint64_t begin = kRange - samples_[at_].raw;
  for (RawSample& one : samples_) one.raw = (one.raw + begin) % kRange;
  divided(Gap::kNone, kRange);
  EXPECT_LT(lost_, 50e6);
}

TEST_F(Faults, AResetIsAGap) {
  const uint64_t lost = samples_[at_].raw;
  for (size_t i = at_; i < samples_.size(); ++i) samples_[i].raw -= lost;
  divided(Gap::kReset);
  EXPECT_EQ(hits_, 1);
  EXPECT_LT(lost_, 400e6) << "no more than a window of it";
}

TEST_F(Faults, AFrozenCounterIsAGap) {
  size_t until = at_;
  while (samples_[until].at_ns < samples_[at_].at_ns + 5'000'000'000) ++until;
  const uint64_t lost = samples_[until].raw - samples_[at_].raw;
  for (size_t i = at_; i < samples_.size(); ++i) {
    samples_[i].raw = i <= until ? samples_[at_].raw : samples_[i].raw - lost;
  }
  divided(Gap::kFrozen);
  EXPECT_EQ(hits_, 1);
}

TEST_F(Faults, ATornReadingIsSkipped) {
  samples_[at_].raw += uint64_t{1} << 32;
  divided(Gap::kImpossible);
  EXPECT_EQ(hits_, 1);
  EXPECT_LT(lost_, 50e6) << "the counter went on";
}

TEST_F(Faults, ALeapIsNotBelieved) {
  for (size_t i = at_; i < samples_.size(); ++i) samples_[i].raw += uint64_t{1} << 32;
  divided(Gap::kImpossible);
  EXPECT_EQ(hits_, 1);
}

TEST_F(Faults, SpuriousZerosAreSkipped) {
  samples_[at_].raw = 0;
  samples_[at_ + 1].raw = 0;
  divided(Gap::kSpuriousZero);
  EXPECT_EQ(hits_, 1);
  EXPECT_LT(lost_, 50e6);
}

TEST_F(Faults, ALongZeroIsNoNewBeginningEvenWhereSoMuchCouldBeDrawn) {
  // A node may draw 20 kW: the leap back would be believed.
  std::vector<RawSample> samples;
  for (int i = 0; i < 200; ++i) {
    const bool zero = i >= 60 && i < 95;
    samples.push_back({i * 100'000'000LL, zero ? 0 : 5000 + uint64_t{30} * i, false});
  }
  const Timeline timeline = Timeline::of_counter({1e6, 0, 20'000e6, true, 0}, samples);
  EXPECT_EQ(timeline.total(), 199 * 30'000'000LL);
  uint16_t gaps = 0;
  for (const Timeline::Knot& knot : timeline.knots()) gaps |= knot.gaps;
  EXPECT_NE(gaps & static_cast<uint16_t>(Gap::kSpuriousZero), 0);
}

TEST_F(Faults, FailedReadingsLoseNoCountedEnergy) {
  for (size_t i = at_; i < at_ + 20; ++i) samples_[i] = {samples_[i].at_ns, 0, true};
  divided(Gap::kReadFailed);
  EXPECT_GE(hits_, 1);
  EXPECT_LT(lost_, 50e6);
}

TEST_F(Faults, NobodyReadIt) {
  size_t until = at_;
  while (samples_[until].at_ns < samples_[at_].at_ns + 5'000'000'000) ++until;
  const auto begin = samples_.begin() + static_cast<std::ptrdiff_t>(at_ + 1);
  samples_.erase(begin, samples_.begin() + static_cast<std::ptrdiff_t>(until));
  divided(Gap::kNotRead);
  EXPECT_EQ(hits_, 1);
  EXPECT_LT(lost_, 50e6);
}

TEST_F(Faults, AClockThatWentBackIsAGap) {
  for (size_t i = at_; i < at_ + 12; ++i) samples_[i].at_ns -= 400'000'000;
  samples_[at_].at_ns += 0;
  const int64_t back_ns = samples_[at_ - 1].at_ns;
  divided(Gap::kNone);
  EXPECT_LT(lost_, 50e6);
  EXPECT_GT(back_ns, samples_[at_].at_ns);
}

}  // namespace
}  // namespace headrace::energy
