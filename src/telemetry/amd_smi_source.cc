// AMD's system management library. Names, layouts and values: amdsmi.h of ROCm 6 and 7.
#include <array>
#include <vector>

#include "telemetry/amd_source.h"
#include "telemetry/shared_library.h"

namespace headrace::telemetry {
namespace {

using Handle = void*;
constexpr uint64_t kGpus = 2;  // AMDSMI_INIT_AMD_GPUS
constexpr int kNoPermission = 10;
constexpr int kNotFound = 31;
constexpr int kHotspot = 1;
constexpr int kEdge = 0;
constexpr uint32_t kNotAvailable = 0xFFFF;
constexpr uint32_t kAllOnes = 0xFFFFFFFF;

// Since library version 25 (ROCm 6.4) `socket_power` stands in front; before, the next two did.
constexpr uint32_t kWithSocketPower = 25;
struct PowerInfo {
  uint64_t socket_power;
  uint32_t current_socket_power;
  uint32_t average_socket_power;
  uint64_t others[32];
};
struct Usage {
  uint32_t gfx;
  uint32_t others[31];
};
struct Version {
  uint32_t major;
  uint32_t others[15];
};

class AmdSmi : public AmdSource {
 public:
  explicit AmdSmi(std::string library) : library_(std::move(library)) {}
  ~AmdSmi() override {
    if (started_) shut_down_();
  }
  std::string name() const override { return "AMD SMI"; }

  Result<size_t> start() override {
    Result<SharedLibrary> library =
        library_.empty()
            ? SharedLibrary::load({"libamd_smi.so", "libamd_smi.so.26", "libamd_smi.so.25",
                                   "libamd_smi.so.24", "/opt/rocm/lib/libamd_smi.so"})
            : SharedLibrary::load({library_});
    if (!library.ok()) return library.status();
    library->need(init_, "amdsmi_init");
    library->need(shut_down_, "amdsmi_shut_down");
    library->need(sockets_, "amdsmi_get_socket_handles");
    library->need(processors_, "amdsmi_get_processor_handles");
    library->need(energy_, "amdsmi_get_energy_count");
    library->find(uuid_, "amdsmi_get_gpu_device_uuid");
    library->find(power_, "amdsmi_get_power_info");
    library->find(temperature_, "amdsmi_get_temp_metric");
    library->find(usage_, "amdsmi_get_gpu_activity");
    library->find(memory_, "amdsmi_get_gpu_memory_usage");
    int (*version)(Version*) = nullptr;
    library->find(version, "amdsmi_get_lib_version");
    HEADRACE_RETURN_IF_ERROR(library->complete());
    if (const int error = init_(kGpus); error != 0) {
      return unavailable("amdsmi_init returned " + std::to_string(error) +
                         "; is the amdgpu driver loaded, and this user in the groups render and "
                         "video?");
    }
    started_ = true;
    Version found{};
    // Another layout of the powers is not read as if it were this one.
    if (version == nullptr || version(&found) != 0 || found.major < kWithSocketPower ||
        found.major > 2000) {
      power_ = nullptr;
    }
    list();
    return cards_.size();
  }

  std::string serial(size_t card) override {
    std::array<char, 64> text{};
    auto length = static_cast<unsigned>(text.size() - 1);
    if (uuid_ == nullptr || uuid_(cards_[card], &length, text.data()) != 0) return {};
    return text.data();
  }

  AmdCard read(size_t card) override {
    AmdCard out;
    Handle handle = cards_[card];
    uint64_t steps = 0;
    float step_uj = 0;
    uint64_t stamp_ns = 0;
    const int error = energy_(handle, &steps, &step_uj, &stamp_ns);
    if (error == kNoPermission) out.why = ReadFailure::kDenied;
    if (error == kNotFound) out.why = ReadFailure::kGone;
    if (error == 0 && step_uj > 0) {
      out.energy_steps = steps;
      out.step_uj = static_cast<double>(step_uj);
      out.stamp_ns = static_cast<int64_t>(stamp_ns);
    }
    if (PowerInfo power{}; power_ != nullptr && power_(handle, &power) == 0) {
      // A card has one of the two.
      const uint32_t watts = known(power.average_socket_power) ? power.average_socket_power
                                                               : power.current_socket_power;
      if (known(watts)) out.power_uw = uint64_t{watts} * 1'000'000;
    }
    int64_t celsius = 0;
    if (temperature_ != nullptr && (temperature_(handle, kHotspot, 0, &celsius) == 0 ||
                                    temperature_(handle, kEdge, 0, &celsius) == 0)) {
      if (celsius >= 0) out.temperature_mc = static_cast<uint64_t>(celsius) * 1000;
    }
    if (Usage usage{}; usage_ != nullptr && usage_(handle, &usage) == 0 && known(usage.gfx)) {
      out.use_percent = usage.gfx;
    }
    if (uint64_t bytes = 0; memory_ != nullptr && memory_(handle, 0, &bytes) == 0) {
      out.memory_bytes = bytes;
    }
    return out;
  }

 private:
  static bool known(uint32_t value) { return value != kNotAvailable && value != kAllOnes; }

  void list() {
    std::array<Handle, 64> sockets{};
    uint32_t count = sockets.size();
    if (sockets_(&count, sockets.data()) != 0) return;
    for (uint32_t i = 0; i < count && i < sockets.size(); ++i) {
      std::array<Handle, 64> processors{};
      uint32_t here = processors.size();
      if (processors_(sockets.at(i), &here, processors.data()) != 0) continue;
      for (uint32_t k = 0; k < here && k < processors.size(); ++k) {
        cards_.push_back(processors.at(k));
      }
    }
  }

  const std::string library_;
  bool started_ = false;
  std::vector<Handle> cards_;
  int (*init_)(uint64_t) = nullptr;
  int (*shut_down_)() = nullptr;
  int (*sockets_)(uint32_t*, Handle*) = nullptr;
  int (*processors_)(Handle, uint32_t*, Handle*) = nullptr;
  int (*uuid_)(Handle, unsigned*, char*) = nullptr;
  int (*energy_)(Handle, uint64_t*, float*, uint64_t*) = nullptr;
  int (*power_)(Handle, PowerInfo*) = nullptr;
  int (*temperature_)(Handle, int, int, int64_t*) = nullptr;
  int (*usage_)(Handle, Usage*) = nullptr;
  int (*memory_)(Handle, int, uint64_t*) = nullptr;
};

}  // namespace

std::unique_ptr<AmdSource> amd_smi_source(std::string library) {
  return std::make_unique<AmdSmi>(std::move(library));
}

}  // namespace headrace::telemetry
