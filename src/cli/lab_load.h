// The load of an emulated machine: what its scenario's power `load` draws, whoever computes.
#pragma once

#include <memory>

#include "lab/laboratory.h"
#include "telemetry/sensor_check.h"

namespace headrace::cli {

// Of the laboratory that the environment names. Errors: kNotFound where its scenario has no power
// of that name.
Result<std::unique_ptr<telemetry::Load>> lab_load();

}  // namespace headrace::cli
