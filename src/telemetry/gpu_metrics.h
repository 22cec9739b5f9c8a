// The table that the amdgpu driver gives as one binary file, gpu_metrics: a header with its size
// and version, and fields at places that differ by version. Layouts: kgd_pp_interface.h of Linux,
// of discrete GPUs: format 1, contents 0 to 8.
#pragma once

#include <string_view>

#include "telemetry/amd_source.h"

namespace headrace::telemetry {

// What a table says; nothing of one that is cut off. Fields that are all ones are not known.
// Errors: kUnsupported for another version (APUs have format 2 and 3, which count no energy),
// kCorrupt.
Result<AmdCard> parse_gpu_metrics(std::string_view bytes);

}  // namespace headrace::telemetry
