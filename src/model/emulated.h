// What is shown by `headrace lab` is no measurement of a machine, and says so wherever it is kept:
// in the sensor's assumption. Where its truth is shown, that is kEmulatedTruth.
#pragma once

namespace headrace {

constexpr const char* kEmulatedAssumption = "emulated by headrace lab";
constexpr const char* kEmulatedTruth = "emulated";

}  // namespace headrace
