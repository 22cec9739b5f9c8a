// Measures in Prometheus's text format (version 0.0.4): what was captured and lost, the energy, and
// what the server itself did and cost.
#pragma once

#include <string>

namespace headrace::serve {

class Site;

std::string metrics_text(Site& site);

}  // namespace headrace::serve
