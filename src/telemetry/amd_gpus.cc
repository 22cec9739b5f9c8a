#include "telemetry/amd_gpus.h"

#include "telemetry/made_sensor.h"
#include "telemetry/visible_devices.h"

namespace headrace::telemetry {
namespace {

constexpr Quantity kUse{"hw.gpu.utilization", "1", SensorKind::kGauge, 0.01};
constexpr Quantity kMemory{"hw.gpu.memory.usage", "By", SensorKind::kGauge, 1};

}  // namespace

std::vector<std::unique_ptr<AmdSource>> amd_sources(const Roots& roots) {
  std::vector<std::unique_ptr<AmdSource>> out;
  out.push_back(amd_smi_source());
  out.push_back(rocm_smi_source());
  out.push_back(amdgpu_files_source(roots));
  return out;
}

Probe AmdGpus::probe() {
  Probe probe;
  Source source;
  source.name = "AMD GPUs";
  source.energy = true;
  std::string failed;
  for (std::unique_ptr<AmdSource>& one : sources_) {
    const Result<size_t> cards = one->start();
    if (!cards.ok() || *cards == 0) {
      append_to(failed,
                one->name() + ": " + (cards.ok() ? "finds no card" : cards.status().message()));
      continue;
    }
    for (size_t card = 0; card < *cards; ++card) add_gpu(*one, card, probe, source.detail);
    if (probe.sensors.empty()) {
      append_to(failed, one->name() + ": its cards answer nothing");
      gpus_.clear();
      source.detail.clear();
      continue;
    }
    source.name += " (" + one->name() + ")";
    source_ = std::move(one);
    break;
  }
  sources_.clear();
  for (const SensorSpec& spec : probe.sensors) {
    if (spec.sensor.quantity != kEnergy_uj.name) continue;
    append_to(source.domains, spec.sensor.domain, " ");
    source.readable = true;
  }
  if (source_ == nullptr) source.detail = failed;
  if (failed.find("render and video") != std::string::npos) {
    source.enable = "sudo usermod -aG render,video $USER";
  }
  probe.sources.push_back(std::move(source));
  return probe;
}

void AmdGpus::add_gpu(AmdSource& source, size_t card, Probe& probe, std::string& notes) {
  const std::string name = "gpu-amd-" + std::to_string(card);
  const AmdCard now = source.read(card);
  Gpu gpu{card, {}, {}};
  const std::string serial = source.serial(card);
  const auto add = [&](What what, const char* suffix, const Quantity& quantity) {
    SensorSpec spec = made_sensor(name + suffix, quantity, "node/" + name, "amd", serial);
    probe.sensors.push_back(std::move(spec));
    gpu.what.push_back(what);
  };
  // The second die of a package has no power of its own; whether its counter counts differs.
  const bool second_die = card % 2 == 1 && now.power_uw == uint64_t{0};
  const bool counts = now.energy_steps && (!second_die || *now.energy_steps > 0);
  if (counts)
    add(What::kEnergy, ".energy", {"hw.energy", "J", SensorKind::kCounter, now.step_uj * 1e-6});
  if (now.power_uw && !second_die) add(What::kPower, ".power", kPower_uw);
  if (now.temperature_mc) add(What::kTemperature, ".temperature", kTemperature_mc);
  if (now.use_percent) add(What::kUse, ".utilization", kUse);
  if (now.memory_bytes) add(What::kMemory, ".memory", kMemory);
  std::string line = name + " " + serial;
  if (second_die) {
    line += ", whose power" + std::string(counts ? "" : " and energy") + " gpu-amd-" +
            std::to_string(card - 1) + " reports for their package";
  } else if (!counts) {
    line += ", counts no energy";
  }
  if (!rocm_shows(card, serial)) line += ", not shown to this process";
  append_to(notes, line);
  if (!gpu.what.empty()) gpus_.push_back(std::move(gpu));
}

Reading AmdGpus::reading_of(What what, const AmdCard& card, Gpu& gpu) const {
  Reading out;
  out.why = card.why;
  const auto set = [&](const std::optional<uint64_t>& value) {
    if (value) out.set(*value);
  };
  switch (what) {
    case What::kEnergy:
      out.why = card.energy_steps ? ReadFailure::kZero : card.why;
      if (!card.energy_steps || *card.energy_steps == 0) break;
      out.set(*card.energy_steps);
      if (card.stamp_ns > 0) out.taken_ns = gpu.clock.taken_ns(card.stamp_ns, now_ns_());
      break;
    case What::kPower:
      if (card.power_uw != uint64_t{0}) set(card.power_uw);
      break;
    case What::kTemperature: set(card.temperature_mc); break;
    case What::kUse: set(card.use_percent); break;
    case What::kMemory: set(card.memory_bytes); break;
  }
  return out;
}

void AmdGpus::sweep(std::span<Reading> readings) {
  size_t at = 0;
  for (Gpu& gpu : gpus_) {
    const AmdCard card = source_->read(gpu.card);
    for (const What what : gpu.what) readings[at++] = reading_of(what, card, gpu);
  }
}

}  // namespace headrace::telemetry
