#include "telemetry/nvml.h"

#include <array>
#include <cstdlib>
#include <cstring>

#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

struct Description {
  const char* name;
  const char* quantity;
  const char* unit;
  SensorKind kind;
  double scale;
};
constexpr Description kEnergySensor{"energy", "hw.energy", "J", SensorKind::kCounter, 1e-3};
constexpr Description kPowerSensor{"power", "hw.power", "W", SensorKind::kGauge, 1e-3};
constexpr Description kTemperatureSensor{"temperature", "hw.temperature", "Cel", SensorKind::kGauge,
                                         1};
constexpr Description kUseSensor{"utilization", "hw.gpu.utilization", "1", SensorKind::kGauge,
                                 0.01};
constexpr Description kMemoryUseSensor{"memory_utilization", "hw.gpu.memory.utilization", "1",
                                       SensorKind::kGauge, 0.01};
constexpr Description kMemorySensor{"memory", "hw.gpu.memory.usage", "By", SensorKind::kGauge, 1};

SensorSpec described(const Description& what, const Sensor& base) {
  SensorSpec spec;
  spec.sensor = base;
  spec.sensor.name += std::string(".") + what.name;
  spec.sensor.quantity = what.quantity;
  spec.sensor.unit = what.unit;
  spec.sensor.kind = what.kind;
  spec.sensor.scale = what.scale;
  spec.keeps_edges = what.kind == SensorKind::kGauge;
  return spec;
}

void append(std::string& list, const std::string& item, const char* between) {
  if (!list.empty()) list += between;
  list += item;
}

}  // namespace

bool is_visible(const char* cuda_visible_devices, unsigned index, std::string_view uuid,
                unsigned devices) {
  if (cuda_visible_devices == nullptr) return true;
  std::string_view list = cuda_visible_devices;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view entry = trimmed(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (const auto number_given = number(entry)) {
      if (*number_given >= devices) return false;
      if (*number_given == index) return true;
      continue;
    }
    // "MIG-GPU-<uuid>/gi/ci" names an instance of that GPU; "MIG-<uuid>" of its own does not say
    // of which GPU, so it is taken to be any.
    if (entry.starts_with("MIG-GPU-")) {
      entry = entry.substr(4, entry.find('/') - 4);
    } else if (entry.starts_with("MIG-")) {
      return true;
    }
    if (!entry.starts_with("GPU-")) return false;
    if (uuid.starts_with(entry)) return true;
  }
  return false;
}

Nvml::~Nvml() {
  if (initialised_) api_.shutdown();
}

Probe Nvml::probe() {
  Probe probe;
  Source source;
  source.name = "nvml (NVIDIA)";
  source.energy = true;
  const auto fail = [&](std::string why) {
    source.detail = std::move(why);
    probe.sources.push_back(source);
    return probe;
  };
  Result<nvml::Api> api = nvml::load(library_);
  if (!api.ok()) return fail("no NVIDIA driver library: " + api.status().message());
  api_ = *api;
  if (const int error = api_.init(); error != nvml::kSuccess) {
    return fail("NVML does not start: " + api_.text_of(error) +
                "; nvidia-smi tells more where it is installed");
  }
  initialised_ = true;
  unsigned count = 0;
  if (const int error = api_.device_count(&count); error != nvml::kSuccess) {
    return fail("NVML cannot count GPUs: " + api_.text_of(error));
  }
  if (count == 0) return fail("NVML finds no GPU");
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  for (unsigned index = 0; index < count; ++index) {
    nvml::Device* device = nullptr;
    std::array<char, nvml::kUuidBytes> uuid{};
    int error = api_.device_by_index(index, &device);
    if (error == nvml::kSuccess) error = api_.uuid(device, uuid.data(), uuid.size() - 1);
    if (error != nvml::kSuccess) {
      append(source.detail, "GPU " + std::to_string(index) + ": " + api_.text_of(error), "; ");
      continue;
    }
    Sensor base;
    base.name = "gpu-" + std::to_string(index);
    base.domain = "node/gpu-" + std::to_string(index);
    base.source = "nvml";
    base.device = uuid.data();
    std::string unreadable;
    const size_t before = probe.sensors.size();
    add(device, What::kEnergy, base, probe, unreadable);
    const bool energy = probe.sensors.size() > before;
    add(device, What::kPower, base, probe, unreadable);
    add(device, What::kTemperature, base, probe, unreadable);
    add(device, What::kUtilization, base, probe, unreadable);
    add(device, What::kMemory, base, probe, unreadable);
    if (energy) append(source.domains, base.domain, " ");
    source.readable = source.readable || energy;
    std::array<char, nvml::kNameBytes> name{};
    if (api_.name != nullptr) api_.name(device, name.data(), name.size() - 1);
    std::string line = base.name + " " + name.data() + " " + base.device;
    if (!is_visible(visible, index, base.device, count)) {
      line += ", not shown to this process by CUDA_VISIBLE_DEVICES";
    }
    if (!unreadable.empty()) line += ", cannot read " + unreadable;
    append(source.detail, line, "; ");
  }
  probe.sources.push_back(std::move(source));
  return probe;
}

void Nvml::add(nvml::Device* device, What what, const Sensor& base, Probe& probe,
               std::string& unreadable) {
  static constexpr std::array<const char*, 5> kNames{"energy", "power", "temperature",
                                                     "utilization", "memory"};
  const Channel channel{device, what};
  std::array<Reading, 2> reading;
  if (const int error = read(channel, reading.data()); error != nvml::kSuccess) {
    append(unreadable,
           std::string(kNames.at(static_cast<size_t>(what))) + " (" + api_.text_of(error) + ")",
           ", ");
    return;
  }
  channels_.push_back(channel);
  switch (what) {
    case What::kEnergy: probe.sensors.push_back(described(kEnergySensor, base)); break;
    case What::kPower: probe.sensors.push_back(described(kPowerSensor, base)); break;
    case What::kTemperature: probe.sensors.push_back(described(kTemperatureSensor, base)); break;
    case What::kUtilization:
      probe.sensors.push_back(described(kUseSensor, base));
      probe.sensors.push_back(described(kMemoryUseSensor, base));
      break;
    case What::kMemory: probe.sensors.push_back(described(kMemorySensor, base)); break;
  }
}

int Nvml::read(const Channel& channel, Reading* out) const {
  int error = nvml::kNotSupported;
  unsigned value = 0;
  switch (channel.what) {
    case What::kEnergy: {
      unsigned long long energy_mj = 0;
      if (api_.total_energy_mj != nullptr) error = api_.total_energy_mj(channel.device, &energy_mj);
      if (error == nvml::kSuccess) out[0].set(energy_mj);
      break;
    }
    case What::kPower:
      if (api_.power_mw != nullptr) error = api_.power_mw(channel.device, &value);
      if (error == nvml::kSuccess) out[0].set(value);
      break;
    case What::kTemperature:
      if (api_.temperature_c != nullptr) {
        error = api_.temperature_c(channel.device, nvml::kTemperatureGpu, &value);
      }
      if (error == nvml::kSuccess) out[0].set(value);
      break;
    case What::kUtilization: {
      nvml::Utilization use{};
      if (api_.utilization != nullptr) error = api_.utilization(channel.device, &use);
      if (error == nvml::kSuccess) out[0].set(use.gpu), out[1].set(use.memory);
      break;
    }
    case What::kMemory: {
      nvml::Memory memory{};
      if (api_.memory != nullptr) error = api_.memory(channel.device, &memory);
      if (error == nvml::kSuccess) out[0].set(memory.used_bytes);
      break;
    }
  }
  return error;
}

void Nvml::sweep(std::span<Reading> readings) {
  size_t at = 0;
  for (const Channel& channel : channels_) {
    read(channel, &readings[at]);
    at += readings_of(channel.what);
  }
}

}  // namespace headrace::telemetry
