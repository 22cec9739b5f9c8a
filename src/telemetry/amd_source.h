// One way to read AMD GPUs: a library, or the driver's files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/status.h"
#include "model/read_failure.h"
#include "telemetry/roots.h"

namespace headrace::telemetry {

// What a card, or one of the two dies of a package, shows; what is missing is not known.
struct AmdCard {
  std::optional<uint64_t> energy_steps;
  double step_uj = 0;    // of energy_steps, as the source says
  int64_t stamp_ns = 0;  // when energy_steps was taken, on the card's clock; 0: not said
  ReadFailure why = ReadFailure::kFailed;  // where it shows no energy
  std::optional<uint64_t> power_uw;
  std::optional<uint64_t> temperature_mc;
  std::optional<uint64_t> use_percent;
  std::optional<uint64_t> memory_bytes;
};

// Not shared by threads.
class AmdSource {
 public:
  AmdSource() = default;
  virtual ~AmdSource() = default;
  AmdSource(const AmdSource&) = delete;
  AmdSource& operator=(const AmdSource&) = delete;

  virtual std::string name() const = 0;
  // How many cards there are; once, first. Errors say what is missing and, where something would
  // help, the command.
  virtual Result<size_t> start() = 0;
  // A card's own identity, which stays when the order of cards changes.
  virtual std::string serial(size_t card) = 0;
  virtual AmdCard read(size_t card) = 0;
};

// libamd_smi.so of ROCm 6 and newer.
std::unique_ptr<AmdSource> amd_smi_source(std::string library = {});
// librocm_smi64.so, which came before it.
std::unique_ptr<AmdSource> rocm_smi_source(std::string library = {});
// <sysfs>/class/drm/cardN/device: no library at all.
std::unique_ptr<AmdSource> amdgpu_files_source(Roots roots);

}  // namespace headrace::telemetry
