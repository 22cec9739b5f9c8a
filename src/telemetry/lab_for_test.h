// An emulated laboratory on a clock that the test turns, gone with its object.
#pragma once

#include <gtest/gtest.h>

#include "lab/laboratory.h"
#include "telemetry/roots.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {

class TurnedLab {
 public:
  explicit TurnedLab(const std::string& scenario)
      : lab_(lab::Laboratory::create(tree_.path(), scenario, lab::LabClock::Kind::kTurned)) {
    EXPECT_TRUE(lab_.ok()) << lab_.status().message();
  }
  void turn_to(double at_s) {
    at_ns_ = static_cast<int64_t>(at_s * 1e9);
    EXPECT_TRUE(lab_->turn_to(at_ns_).ok());
  }
  int64_t now_ns() const { return at_ns_; }
  Roots roots() const { return {lab_->proc(), lab_->sysfs()}; }
  // Drawn until now, in micro-joules: the truth.
  uint64_t drawn_uj(const std::string& power) const {
    return lab_->scenario().traces.at(power).energy_uj(at_ns_);
  }
  std::string folder() const { return tree_.path(); }

 private:
  Tree tree_;
  Result<lab::Laboratory> lab_;
  int64_t at_ns_ = 0;
};

}  // namespace headrace::telemetry
