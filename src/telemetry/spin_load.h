// A load of the processors that goes on and off: threads that compute, on all CPUs but one, which
// reads the sensors.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "telemetry/sensor_check.h"

namespace headrace::telemetry {

class SpinLoad : public Load {
 public:
  // Starts its threads, which wait.
  SpinLoad();
  ~SpinLoad() override;
  void keep(int64_t now_ns) override;
  std::vector<LoadSpan> spans(int64_t now_ns) const override;

 private:
  void work();
  void turn(bool on, int64_t now_ns);

  std::vector<LoadSpan> spans_;
  bool on_ = false;
  size_t half_ = 0;
  int64_t until_ns_ = 0;
  std::atomic<bool> spin_ = false;
  bool ending_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> threads_;
};

}  // namespace headrace::telemetry
