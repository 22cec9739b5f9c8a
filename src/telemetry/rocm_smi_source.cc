// ROCm's older management library. Names, layouts and values: rocm_smi.h of ROCm 5.
#include <cstdio>

#include "telemetry/amd_source.h"
#include "telemetry/shared_library.h"

namespace headrace::telemetry {
namespace {

constexpr int kPermission = 4;
constexpr int kNotFound = 12;
constexpr int kUnexpectedSize = 15;

class RocmSmi : public AmdSource {
 public:
  explicit RocmSmi(std::string library) : library_(std::move(library)) {}
  ~RocmSmi() override {
    if (started_) shut_down_();
  }
  std::string name() const override { return "ROCm SMI"; }

  Result<size_t> start() override {
    Result<SharedLibrary> library =
        library_.empty()
            ? SharedLibrary::load({"librocm_smi64.so", "librocm_smi64.so.7", "librocm_smi64.so.6",
                                   "librocm_smi64.so.5", "/opt/rocm/lib/librocm_smi64.so"})
            : SharedLibrary::load({library_});
    if (!library.ok()) return library.status();
    library->need(init_, "rsmi_init");
    library->need(shut_down_, "rsmi_shut_down");
    library->need(count_, "rsmi_num_monitor_devices");
    library->need(energy_, "rsmi_dev_energy_count_get");
    library->find(id_, "rsmi_dev_unique_id_get");
    library->find(power_, "rsmi_dev_power_ave_get");
    library->find(temperature_, "rsmi_dev_temp_metric_get");
    library->find(busy_, "rsmi_dev_busy_percent_get");
    library->find(memory_, "rsmi_dev_memory_usage_get");
    HEADRACE_RETURN_IF_ERROR(library->complete());
    if (const int error = init_(0); error != 0) {
      return unavailable("rsmi_init returned " + std::to_string(error) +
                         "; is the amdgpu driver loaded, and this user in the groups render and "
                         "video?");
    }
    started_ = true;
    uint32_t count = 0;
    if (const int error = count_(&count); error != 0) {
      return unavailable("rsmi_num_monitor_devices returned " + std::to_string(error));
    }
    return size_t{count};
  }

  std::string serial(size_t card) override {
    uint64_t id = 0;
    if (id_ == nullptr || id_(index(card), &id) != 0) return {};
    char text[24];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(id));
    return text;
  }

  AmdCard read(size_t card) override {
    AmdCard out;
    uint64_t value = 0;
    float step_uj = 0;
    uint64_t stamp_ns = 0;
    const int error = energy_(index(card), &value, &step_uj, &stamp_ns);
    if (error == kPermission) out.why = ReadFailure::kDenied;
    if (error == kNotFound) out.why = ReadFailure::kGone;
    if (error == kUnexpectedSize) out.why = ReadFailure::kTorn;
    if (error == 0 && step_uj > 0) {
      out.energy_steps = value;
      out.step_uj = static_cast<double>(step_uj);
      out.stamp_ns = static_cast<int64_t>(stamp_ns);
    }
    if (power_ != nullptr && power_(index(card), 0, &value) == 0) out.power_uw = value;
    int64_t temperature_mc = 0;
    constexpr uint32_t kEdge = 0;
    constexpr uint32_t kJunction = 1;
    if (temperature_ != nullptr &&
        (temperature_(index(card), kJunction, 0, &temperature_mc) == 0 ||
         temperature_(index(card), kEdge, 0, &temperature_mc) == 0) &&
        temperature_mc >= 0) {
      out.temperature_mc = static_cast<uint64_t>(temperature_mc);
    }
    if (uint32_t percent = 0; busy_ != nullptr && busy_(index(card), &percent) == 0) {
      out.use_percent = percent;
    }
    if (memory_ != nullptr && memory_(index(card), 0, &value) == 0) out.memory_bytes = value;
    return out;
  }

 private:
  static uint32_t index(size_t card) { return static_cast<uint32_t>(card); }

  const std::string library_;
  bool started_ = false;
  int (*init_)(uint64_t) = nullptr;
  int (*shut_down_)() = nullptr;
  int (*count_)(uint32_t*) = nullptr;
  int (*id_)(uint32_t, uint64_t*) = nullptr;
  int (*energy_)(uint32_t, uint64_t*, float*, uint64_t*) = nullptr;
  int (*power_)(uint32_t, uint32_t, uint64_t*) = nullptr;
  int (*temperature_)(uint32_t, uint32_t, int, int64_t*) = nullptr;
  int (*busy_)(uint32_t, uint32_t*) = nullptr;
  int (*memory_)(uint32_t, int, uint64_t*) = nullptr;
};

}  // namespace

std::unique_ptr<AmdSource> rocm_smi_source(std::string library) {
  return std::make_unique<RocmSmi>(std::move(library));
}

}  // namespace headrace::telemetry
