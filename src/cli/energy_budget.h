// `headrace run --energy-budget 5kJ`: says, or ends the program, when the machine has used more
// than that since the program began.
//
// Reads the counters of energy of the node once a second, on a thread of its own, by the providers
// of the sampler; only increments that such a thing can have counted are believed. On a machine
// without a counter nothing is known, and it says so.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>

namespace headrace::cli {

class EnergyBudget {
 public:
  struct Options {
    double joules = 0;
    bool stops = false;  // the program, by SIGTERM; false: only says so
    std::function<void(const std::string&)> say;
    // Called once with what was used when that is more: who used it, or "".
    std::function<std::string(double joules)> blame;
  };

  explicit EnergyBudget(Options options) : options_(std::move(options)) {}
  ~EnergyBudget() { end(); }
  EnergyBudget(const EnergyBudget&) = delete;
  EnergyBudget& operator=(const EnergyBudget&) = delete;

  // The program runs: energy counts from here on.
  void begin(pid_t program);
  // It has ended; nothing is said any more.
  void end();

 private:
  void watch(int program_fd);
  // False when the program has ended meanwhile.
  bool wait();

  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace headrace::cli
