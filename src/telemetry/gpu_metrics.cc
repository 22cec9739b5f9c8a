#include "telemetry/gpu_metrics.h"

#include <array>
#include <cstring>

namespace headrace::telemetry {
namespace {

// Where fields of a version lie, in bytes.
struct Layout {
  size_t hotspot_c;
  size_t power_w;
  size_t use_percent;
  size_t energy;
  size_t clock_ns;
};
constexpr Layout kFirst{18, 34, 28, 36, 8};  // its energy has 32 bits
constexpr Layout kMi200{6, 22, 16, 24, 32};
constexpr std::array<Layout, 9> kContents{{kFirst,
                                           kMi200,
                                           kMi200,
                                           kMi200,
                                           {4, 10, 12, 24, 32},
                                           {4, 10, 12, 56, 64},
                                           {4, 10, 12, 16, 24},
                                           {4, 10, 12, 24, 32},
                                           {4, 10, 12, 24, 32}}};
constexpr double kStep_uj = 1e6 / 65536;  // "15.259uJ (2^-16) units"

template <typename T>
std::optional<T> field(std::string_view bytes, size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value == static_cast<T>(~T{0}) ? std::nullopt : std::optional(value);
}

}  // namespace

Result<AmdCard> parse_gpu_metrics(std::string_view bytes) {
  constexpr size_t kHeader = 4;
  if (bytes.size() < kHeader) return corrupt("gpu_metrics is shorter than its header");
  const size_t size = field<uint16_t>(bytes, 0).value_or(0);
  const auto format = static_cast<uint8_t>(bytes[2]);
  const auto content = static_cast<uint8_t>(bytes[3]);
  if (format != 1 || content >= kContents.size()) {
    return unsupported("gpu_metrics has version " + std::to_string(format) + "." +
                       std::to_string(content) + "; known are 1.0 to 1.8");
  }
  const Layout& at = kContents.at(content);
  if (bytes.size() < size || size < at.energy + sizeof(uint64_t) ||
      size < at.clock_ns + sizeof(uint64_t)) {
    return corrupt("gpu_metrics is cut off");
  }
  AmdCard out;
  out.step_uj = kStep_uj;
  if (content == 0) {
    if (const auto steps = field<uint32_t>(bytes, at.energy)) out.energy_steps = *steps;
  } else {
    out.energy_steps = field<uint64_t>(bytes, at.energy);
  }
  out.stamp_ns = static_cast<int64_t>(field<uint64_t>(bytes, at.clock_ns).value_or(0));
  if (const auto watts = field<uint16_t>(bytes, at.power_w)) {
    out.power_uw = uint64_t{*watts} * 1'000'000;
  }
  if (const auto celsius = field<uint16_t>(bytes, at.hotspot_c)) {
    out.temperature_mc = uint64_t{*celsius} * 1000;
  }
  if (const auto percent = field<uint16_t>(bytes, at.use_percent)) out.use_percent = *percent;
  return out;
}

}  // namespace headrace::telemetry
