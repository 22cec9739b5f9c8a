// What the sensors of running processes read just now: power, use of processors, memory.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/status.h"
#include "store/database.h"
#include "top/folder.h"

namespace headrace::top {

class Sensors {
 public:
  // Takes in what was sampled since the last call; at the first one the newest samples.
  Status read(const store::Connection& connection);
  // Of processes that run, by what they sampled in the ten seconds before `now_ns`.
  Machine machine(const std::unordered_map<uint32_t, Process>& processes, int64_t now_ns) const;
  void forget() { *this = Sensors(); }

 private:
  enum class What : uint8_t {
    kEnergy,
    kPower,
    kGpu,
    kCpuBusy,
    kCpuIdle,
    kMemory,
    kMemoryLeft,
    kProcessCpu,
    kOwnCpu
  };
  struct Sensor {
    What what = What::kEnergy;
    uint32_t producer = 0;
    std::string name;
    std::string domain;
    std::string truth;
    bool is_estimate = false;  // of the process's own share, not of the machine
    double scale = 1;
    double range = 0;                               // of the raw counter; 0: it does not wrap
    std::deque<std::pair<int64_t, double>> recent;  // time in ns, raw value
    std::pair<int64_t, double> last;
  };
  Status read_sensors(const store::Connection& connection);
  static bool is_wanted(const std::string& quantity, const std::string& name, What* out);
  void take(Sensor& sensor, int64_t time_ns, double raw);
  // Per second; nothing with fewer than two samples.
  static std::optional<double> slope(const Sensor& sensor);

  std::unordered_map<uint32_t, Sensor> sensors_;
  int64_t last_sensor_ = -1;
  int64_t last_row_ = -1;
};

}  // namespace headrace::top
