// The laboratory as a stand-in library sees it: open between the library's init and its shutdown.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "lab/laboratory.h"

#define HEADRACE_FAKE_EXPORT __attribute__((visibility("default")))

namespace headrace::lab {

// Of the devices that `Device` makes of the scenario's instruments of one kind. All calls hold the
// mutex.
template <typename Device>
class OpenStage {
 public:
  explicit OpenStage(const char* kind) : kind_(kind) {}

  std::mutex& mutex() { return mutex_; }
  // Counts how often it was opened. False where there is no laboratory.
  bool open() {
    if (opened_ == 0) {
      Result<Stage> stage = Stage::from_environment();
      if (!stage.ok()) return false;
      stage_.emplace(std::move(*stage));
      devices_.clear();
      for (const Instrument& one : stage_->scenario.of_kind(kind_)) devices_.emplace_back(one);
    }
    ++opened_;
    return true;
  }
  bool close() {
    if (opened_ == 0) return false;
    if (--opened_ == 0) stage_.reset();
    return true;
  }
  bool is_open() const { return opened_ > 0; }
  int64_t now_ns() const { return stage_->clock.now_ns(); }
  std::vector<Device>& devices() { return devices_; }
  Device* device(size_t index) { return index < devices_.size() ? &devices_[index] : nullptr; }

 private:
  const char* const kind_;
  std::mutex mutex_;
  int opened_ = 0;
  std::optional<Stage> stage_;
  std::vector<Device> devices_;
};

}  // namespace headrace::lab
