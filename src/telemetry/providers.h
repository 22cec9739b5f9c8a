// Which providers there are: a new one is added here, and nowhere else.
#pragma once

#include "telemetry/sampler.h"

namespace headrace::telemetry {

// Of every process that records.
Providers process_providers();
// Of the node, for the process that is elected.
Providers node_providers();
// Both.
Providers every_provider();

}  // namespace headrace::telemetry
