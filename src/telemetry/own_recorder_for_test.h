// For tests: the recorder of the test's own process, which has one, however many tests run in it.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <string>
#include <vector>

#include "capture/recorder.h"
#include "telemetry/samples_for_test.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {

class OwnRecorderTest : public testing::Test {
 protected:
  OwnRecorderTest() {
    // The samplers here are the tests' own; another would read what other tests emulate.
    setenv("HEADRACE_TELEMETRY", "0", 1);
    EXPECT_TRUE(capture::Recorder::use_directory(tree().path()).ok());
    recorder_ = capture::Recorder::get();
  }
  ~OwnRecorderTest() override { unsetenv("HEADRACE_TELEMETRY"); }
  static const Tree& tree() {
    static const Tree made;
    return made;
  }
  // What was recorded so far of the sensor.
  std::vector<SampleRecord> samples(const std::string& sensor) {
    recorder_->flush();
    Recorded recorded = read_samples(Directory{tree().path()});
    return recorded[recorder_->producer()][sensor].samples;
  }
  capture::Recorder* recorder_ = nullptr;
};

}  // namespace headrace::telemetry
