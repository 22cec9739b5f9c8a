#include "telemetry/nvml.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "telemetry/nvml_sensors.h"
#include "telemetry/visible_devices.h"

namespace headrace::telemetry {

namespace {

ReadFailure failure_of(int error) {
  switch (error) {
    case nvml::kNoPermission: return ReadFailure::kDenied;
    case nvml::kNotFound:
    case nvml::kGpuIsLost: return ReadFailure::kGone;
    default: return ReadFailure::kFailed;
  }
}

}  // namespace

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
    source.enable = "sudo modprobe nvidia";
    return fail("NVML does not start: " + api_.text_of(error) +
                "; nvidia-smi tells more where it is installed");
  }
  initialised_ = true;
  unsigned count = 0;
  if (const int error = api_.device_count(&count); error != nvml::kSuccess) {
    return fail("NVML cannot count GPUs: " + api_.text_of(error));
  }
  if (count == 0) return fail("NVML finds no GPU");
  for (unsigned index = 0; index < count; ++index) add_gpu(index, count, probe, source);
  probe.sources.push_back(std::move(source));
  return probe;
}

void Nvml::add_gpu(unsigned index, unsigned count, Probe& probe, Source& source) {
  nvml::Device* device = nullptr;
  std::array<char, nvml::kUuidBytes> uuid{};
  int error = api_.device_by_index(index, &device);
  if (error == nvml::kSuccess) error = api_.uuid(device, uuid.data(), uuid.size() - 1);
  if (error != nvml::kSuccess) {
    append_to(source.detail, "GPU " + std::to_string(index) + ": " + api_.text_of(error));
    return;
  }
  Sensor base;
  base.name = "gpu-" + std::to_string(index);
  base.domain = "node/" + base.name;
  base.source = "nvml";
  base.device = uuid.data();
  std::string unreadable;
  const size_t before = probe.sensors.size();
  add(device, What::kEnergy, base, probe, unreadable);
  const bool counts = probe.sensors.size() > before;
  for (const What what : {What::kPower, What::kTemperature, What::kUtilization, What::kMemory,
                          What::kClocks, What::kThrottle}) {
    add(device, what, base, probe, unreadable);
  }
  add_fields(device, !counts, base, probe);
  const bool energy = std::any_of(
      probe.sensors.begin() + static_cast<std::ptrdiff_t>(before), probe.sensors.end(),
      [](const SensorSpec& spec) { return spec.sensor.quantity == nvml::kEnergy.quantity.name; });
  if (energy) append_to(source.domains, base.domain, " ");
  source.readable = source.readable || energy;
  const std::vector<std::string> instances = add_instances(device, base, probe);
  std::array<char, nvml::kNameBytes> name{};
  if (api_.name != nullptr) api_.name(device, name.data(), name.size() - 1);
  std::string line = base.name + " " + name.data() + " " + base.device;
  if (!instances.empty()) line += " with " + std::to_string(instances.size()) + " MIG instances";
  if (!cuda_shows(std::getenv("CUDA_VISIBLE_DEVICES"), {index, base.device, instances, count})) {
    line += ", not shown to this process by CUDA_VISIBLE_DEVICES";
  }
  if (!unreadable.empty()) line += ", cannot read " + unreadable;
  append_to(source.detail, line);
}

void Nvml::add(nvml::Device* device, What what, const Sensor& base, Probe& probe,
               std::string& unreadable) {
  static constexpr std::array<const char*, 7> kNames{
      "energy", "power", "temperature", "utilization", "memory", "clocks", "throttle reasons"};
  Channel channel{device, what, {}};
  std::array<Reading, 2> reading;
  if (const int error = read(channel, reading.data()); error != nvml::kSuccess) {
    append_to(unreadable,
              std::string(kNames.at(static_cast<size_t>(what))) + " (" + api_.text_of(error) + ")",
              ", ");
    return;
  }
  channels_.push_back(std::move(channel));
  const auto push = [&](const nvml::Described& described) {
    probe.sensors.push_back(nvml::spec_of(described, base));
  };
  switch (what) {
    case What::kEnergy: push(nvml::kEnergy); break;
    case What::kPower: push(nvml::kPower); break;
    case What::kTemperature: push(nvml::kTemperature); break;
    case What::kUtilization: push(nvml::kUse), push(nvml::kMemoryUse); break;
    case What::kMemory: push(nvml::kMemory); break;
    case What::kClocks: push(nvml::kClock), push(nvml::kMemoryClock); break;
    case What::kThrottle: push(nvml::kThrottle); break;
    case What::kFields: break;
  }
}

// Of the fields, those that this GPU and driver have; the energy only where nothing else counts it.
void Nvml::add_fields(nvml::Device* device, bool energy, const Sensor& base, Probe& probe) {
  if (api_.fields == nullptr) return;
  Channel channel{device, What::kFields, {}};
  for (const nvml::Field& field : nvml::kFields) {
    nvml::FieldValue value{};
    value.field = field.field;
    value.scope = field.scope;
    if (field.field == nvml::kFieldEnergy && !energy) continue;
    if (api_.fields(device, 1, &value) != nvml::kSuccess || value.error != nvml::kSuccess) continue;
    channel.fields.push_back(value);
    probe.sensors.push_back(nvml::spec_of(field.described, base));
    probe.sensors.back().sensor.method = field.method;
  }
  if (!channel.fields.empty()) channels_.push_back(std::move(channel));
}

// An instance measures no energy of its own, but has its part of the memory. Their UUIDs.
std::vector<std::string> Nvml::add_instances(nvml::Device* device, const Sensor& base,
                                             Probe& probe) {
  std::vector<std::string> out;
  unsigned current = 0;
  unsigned pending = 0;
  unsigned most = 0;
  if (api_.mig_mode == nullptr || api_.mig_count == nullptr || api_.mig_by_index == nullptr ||
      api_.mig_mode(device, &current, &pending) != nvml::kSuccess || current != 1 ||
      api_.mig_count(device, &most) != nvml::kSuccess) {
    return out;
  }
  for (unsigned index = 0; index < most; ++index) {
    nvml::Device* instance = nullptr;
    std::array<char, nvml::kUuidBytes> uuid{};
    if (api_.mig_by_index(device, index, &instance) != nvml::kSuccess ||
        api_.uuid(instance, uuid.data(), uuid.size() - 1) != nvml::kSuccess) {
      continue;
    }
    Sensor part = base;
    part.name += ".mig-" + std::to_string(index);
    part.domain += "/mig-" + std::to_string(index);
    part.device = uuid.data();
    out.push_back(part.device);
    std::string unreadable;
    add(instance, What::kMemory, part, probe, unreadable);
  }
  return out;
}

size_t Nvml::Channel::readings() const {
  if (what == What::kFields) return fields.size();
  return what == What::kUtilization || what == What::kClocks ? 2 : 1;
}

int Nvml::read(Channel& channel, Reading* out) const {
  int error = nvml::kNotSupported;
  unsigned value = 0;
  unsigned long long long_value = 0;
  switch (channel.what) {
    case What::kEnergy:
      if (api_.total_energy_mj != nullptr) {
        error = api_.total_energy_mj(channel.device, &long_value);
      }
      if (error == nvml::kSuccess) out[0].set(long_value);
      break;
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
    case What::kClocks:
      for (int i = 0; api_.clock_mhz != nullptr && i < 2; ++i) {
        error =
            api_.clock_mhz(channel.device, i == 0 ? nvml::kClockSm : nvml::kClockMemory, &value);
        if (error == nvml::kSuccess) out[i].set(value);
      }
      break;
    case What::kThrottle:
      if (api_.throttle_reasons != nullptr) {
        error = api_.throttle_reasons(channel.device, &long_value);
      }
      if (error == nvml::kSuccess) out[0].set(long_value);
      break;
    case What::kFields: error = read_fields(channel, out); break;
  }
  return error;
}

int Nvml::read_fields(Channel& channel, Reading* out) const {
  for (nvml::FieldValue& value : channel.fields) value.error = nvml::kNotSupported;
  const auto count = static_cast<int>(channel.fields.size());
  const int error = api_.fields(channel.device, count, channel.fields.data());
  if (error != nvml::kSuccess) return error;
  for (size_t i = 0; i < channel.fields.size(); ++i) {
    const nvml::FieldValue& value = channel.fields[i];
    out[i].why = failure_of(value.error);
    if (value.error != nvml::kSuccess) continue;
    if (value.type == 1) out[i].set(value.value.number);
    if (value.type == 2 || value.type == 3) out[i].set(value.value.long_number);
  }
  return error;
}

void Nvml::sweep(std::span<Reading> readings) { sweep(readings, false); }

void Nvml::sweep_counters(std::span<Reading> readings) { sweep(readings, true); }

// Each call goes to the driver, and costs many times what reading a file does.
void Nvml::sweep(std::span<Reading> readings, bool only_counters) {
  size_t at = 0;
  for (Channel& channel : channels_) {
    const size_t past = at + channel.readings();
    if (only_counters && channel.what != What::kEnergy && channel.what != What::kFields) {
      at = past;
      continue;
    }
    const int error = read(channel, &readings[at]);
    for (; at < past; ++at) {
      if (error != nvml::kSuccess) readings[at].why = failure_of(error);
    }
  }
}

}  // namespace headrace::telemetry
