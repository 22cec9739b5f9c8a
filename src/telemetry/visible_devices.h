// Which devices the runtimes show to this process. Telemetry reads all of a node's, whatever these
// variables say: power does not heed them; which are this process's is noted beside.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace headrace::telemetry {

struct CudaDevice {
  unsigned index = 0;
  std::string_view uuid;                   // GPU-...
  std::span<const std::string> instances;  // the UUIDs of its MIG instances: MIG-...
  unsigned devices = 0;                    // on the node
};

// Whether CUDA shows the device, or an instance of it, to a process with this CUDA_VISIBLE_DEVICES
// (null: not set). Indices, UUIDs and their unambiguous beginnings, MIG instances by their own UUID
// or as MIG-GPU-<uuid>/gi/ci; as in CUDA, the first entry that names no device hides the rest.
// Order of indices: assumes CUDA_DEVICE_ORDER=PCI_BUS_ID, which is NVML's.
bool cuda_shows(const char* cuda_visible_devices, const CudaDevice& device);

// Whether ROCm does: `rocr` (ROCR_VISIBLE_DEVICES: indices, or GPU-<serial>) chooses among the
// node's, `hip` (HIP_VISIBLE_DEVICES, else CUDA_VISIBLE_DEVICES; null: not set) among those by
// their new numbers. `serial` in hexadecimal.
bool rocm_shows(const char* rocr, const char* hip, size_t index, std::string_view serial);
// By this process's environment.
bool rocm_shows(size_t index, std::string_view serial);

}  // namespace headrace::telemetry
