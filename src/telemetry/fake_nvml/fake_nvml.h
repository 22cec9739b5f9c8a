// A stand-in for NVIDIA's library with a scripted truth: GPUs draw a piecewise constant power on a
// clock that the test turns, so that the exact energy is known. It is strict where the real one is:
// nothing but nvmlErrorString works before nvmlInit_v2.
#pragma once

#include <cstdint>

extern "C" {
struct FakeNvmlGpu {
  const char* uuid;
  double power_w;         // from now on
  double energy_j;        // exact, so far
  uint64_t published_mj;  // what the counter shows: refreshed every period
  unsigned temperature_c;
  unsigned use_percent;
  uint64_t used_bytes;
  int error;         // what every reading of this GPU returns; 0: it works
  int energy_error;  // the same for the energy counter alone
};
struct FakeNvmlControl {
  int init_error;
  int initialised;        // how many inits are open
  int calls_before_init;  // readings asked for without init: an error of the caller
  unsigned gpus;
  uint64_t period_ns;  // of the energy counters' refresh
  uint64_t now_ns;
  FakeNvmlGpu gpu[4];
};
// Shared by all who loaded the library.
FakeNvmlControl* fake_nvml_control();
// Turns the clock on; powers stay what they are.
void fake_nvml_advance(uint64_t by_ns);
}
