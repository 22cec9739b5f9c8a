// A task's energy over all its domains, none counted twice.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::query {

struct DomainEnergy {
  std::string domain;  // a path in the containment tree: node, node/cpu-0, node/gpu-0, process
  std::optional<double> attributed_j;
  std::optional<double> u95_j;
  std::string truth;
  std::string method;
  std::string assumption{};
};

struct EnergySum {
  std::optional<double> joules;  // null as soon as one domain's figure is
  std::optional<double> u95_j;
  std::string truth;       // of all: measured, mixed, estimated; emulated where one is
  std::string method;      // each once, joined by "; "
  std::string assumption;  // likewise
};

// Whether what `domain` counts is counted by `by` too: it lies inside, or is an estimate of the
// processors (`node/cpu`, `process`) that a sensor covers.
bool is_covered(std::string_view domain, std::string_view by);

// Leaves out a domain that another one of the list covers.
EnergySum sum_domains(const std::vector<DomainEnergy>& domains);

}  // namespace headrace::query
