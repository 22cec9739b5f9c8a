#include "telemetry/nvml_process.h"

#include <algorithm>
#include <array>
#include <unistd.h>

#include "telemetry/made_sensor.h"

namespace headrace::telemetry {
namespace {

constexpr Quantity kTime{"process.gpu.time", "s", SensorKind::kCounter, 1e-9};
// Longer than the driver's own period: what lies further back was not this process's use.
constexpr unsigned long long kLongest_us = 1'000'000;
constexpr size_t kProcesses = 64;

}  // namespace

NvmlProcess::~NvmlProcess() {
  if (initialised_) api_.shutdown();
}

Probe NvmlProcess::probe() {
  Probe probe;
  Source source;
  source.name = "nvml (process)";
  const auto done = [&](const std::string& why) {
    source.detail = why;
    probe.sources.push_back(source);
    return probe;
  };
  Result<nvml::Api> api = nvml::load(library_);
  if (!api.ok()) return probe;  // Nvml says so
  api_ = *api;
  if (api_.process_use == nullptr) return done("the driver does not tell use by process");
  if (const int error = api_.init(); error != nvml::kSuccess) {
    return done("NVML does not start: " + api_.text_of(error));
  }
  initialised_ = true;
  unsigned count = 0;
  if (const int error = api_.device_count(&count); error != nvml::kSuccess) {
    return done("NVML cannot count GPUs: " + api_.text_of(error));
  }
  samples_.resize(kProcesses);
  std::string why;
  for (unsigned index = 0; index < count; ++index) {
    Gpu gpu;
    std::array<char, nvml::kUuidBytes> uuid{};
    int error = api_.device_by_index(index, &gpu.device);
    if (error == nvml::kSuccess) error = api_.uuid(gpu.device, uuid.data(), uuid.size() - 1);
    if (error == nvml::kSuccess) error = read(gpu);
    if (error != nvml::kSuccess) {
      why += (why.empty() ? "GPU " : "; GPU ") + std::to_string(index) + ": " + api_.text_of(error);
      continue;
    }
    gpu.busy_ns = 0;  // what was before capture began
    gpus_.push_back(gpu);
    const std::string name = "gpu-" + std::to_string(index);
    probe.sensors.push_back(
        made_sensor("process." + name + ".time", kTime, "node/" + name, "nvml", uuid.data()));
    probe.sensors.back().sensor.method = "nvmlDeviceGetProcessUtilization, smUtil";
    source.domains += (source.domains.empty() ? "node/" : " node/") + name;
  }
  source.readable = !gpus_.empty();
  return done(why);
}

int NvmlProcess::read(Gpu& gpu) {
  const unsigned own = static_cast<unsigned>(getpid());
  auto count = static_cast<unsigned>(samples_.size());
  int error = api_.process_use(gpu.device, samples_.data(), &count, gpu.seen_us);
  if (error == nvml::kInsufficientSize) {
    samples_.resize(std::max<size_t>(2 * samples_.size(), count));
    count = static_cast<unsigned>(samples_.size());
    error = api_.process_use(gpu.device, samples_.data(), &count, gpu.seen_us);
  }
  if (error == nvml::kNotFound) return nvml::kSuccess;  // nothing since
  if (error != nvml::kSuccess) return error;
  // In the order of time: each stands for what passed since the one before.
  const auto end = samples_.begin() + std::min<size_t>(count, samples_.size());
  std::sort(samples_.begin(), end,
            [](const nvml::ProcessUse& a, const nvml::ProcessUse& b) { return a.at_us < b.at_us; });
  for (auto one = samples_.begin(); one != end; ++one) {
    if (one->pid != own || one->at_us <= gpu.seen_us) continue;
    if (gpu.seen_us != 0) {
      const auto passed_us = static_cast<double>(std::min(one->at_us - gpu.seen_us, kLongest_us));
      gpu.busy_ns += passed_us * 1e3 * std::min(one->sm_percent, 100U) / 100;
    }
    gpu.seen_us = one->at_us;
  }
  return nvml::kSuccess;
}

void NvmlProcess::sweep(std::span<Reading> readings) {
  for (size_t i = 0; i < gpus_.size(); ++i) {
    if (read(gpus_[i]) == nvml::kSuccess) {
      readings[i].set(static_cast<uint64_t>(gpus_[i].busy_ns));
    }
  }
}

}  // namespace headrace::telemetry
