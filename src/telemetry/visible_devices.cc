#include "telemetry/visible_devices.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "telemetry/scan.h"

namespace headrace::telemetry {
namespace {

// Takes the next entry off the front of a list with commas.
std::string_view take_entry(std::string_view& list) {
  const size_t comma = list.find(',');
  const std::string_view entry = trimmed(list.substr(0, comma));
  list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
  return entry;
}

// The place of the device in the list, if it is there.
std::optional<size_t> place_in(std::string_view list, size_t index, std::string_view serial) {
  for (size_t place = 0; !list.empty(); ++place) {
    const std::string_view entry = take_entry(list);
    if (number(entry) == index) return place;
    constexpr std::string_view kGpu = "GPU-";
    if (!number(entry) && !entry.starts_with(kGpu)) return std::nullopt;
    if (entry.starts_with(kGpu) && entry.substr(kGpu.size()) == serial) return place;
  }
  return std::nullopt;
}

}  // namespace

bool cuda_shows(const char* cuda_visible_devices, const CudaDevice& device) {
  if (cuda_visible_devices == nullptr) return true;
  std::string_view list = cuda_visible_devices;
  while (!list.empty()) {
    std::string_view entry = take_entry(list);
    if (const auto index = number(entry)) {
      if (*index >= device.devices) return false;
      if (*index == device.index) return true;
      continue;
    }
    constexpr std::string_view kOldInstance = "MIG-GPU-";
    if (entry.starts_with(kOldInstance)) {
      entry = entry.substr(4, entry.find('/') - 4);
    } else if (entry.starts_with("MIG-")) {
      const bool ours = std::any_of(device.instances.begin(), device.instances.end(),
                                    [&](const std::string& one) { return one.starts_with(entry); });
      if (ours) return true;
      continue;
    }
    if (!entry.starts_with("GPU-")) return false;
    if (device.uuid.starts_with(entry)) return true;
  }
  return false;
}

bool rocm_shows(const char* rocr, const char* hip, size_t index, std::string_view serial) {
  std::optional<size_t> place = index;
  if (rocr != nullptr) place = place_in(rocr, index, serial);
  if (place && hip != nullptr) place = place_in(hip, *place, serial);
  return place.has_value();
}

bool rocm_shows(size_t index, std::string_view serial) {
  const char* hip = std::getenv("HIP_VISIBLE_DEVICES");
  if (hip == nullptr) hip = std::getenv("CUDA_VISIBLE_DEVICES");
  return rocm_shows(std::getenv("ROCR_VISIBLE_DEVICES"), hip, index, serial);
}

}  // namespace headrace::telemetry
