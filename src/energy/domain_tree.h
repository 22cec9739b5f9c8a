// What a domain's parts leave of it: the residual that nobody measures, and whether there can be
// one.
//
//   measured = children + other + uncompared        exactly, in micro-joules
//
// Counted over the windows in which the domain and all its children are known; what it counted in
// others is `uncompared`. Children are those counted domains that no other counted domain between
// holds, so that nothing is counted twice.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "energy/timeline.h"

namespace headrace::energy {

// A domain's counter on one host, whoever read it.
struct CountedDomain {
  std::string hostname;
  std::string domain;
  uint32_t reporter = 0;  // a producer that read it
  std::string truth;
  bool divided = false;  // among processes
  Timeline timeline;     // micro-joules
};

enum class DomainRole : uint8_t {
  kDivided,  // its energy is what tasks are given
  kWhole,    // holds divided ones
  kPart,     // of a divided one
  kCheck,    // measured elsewhere as well: to compare with
};
constexpr std::string_view name_of(DomainRole role) {
  switch (role) {
    case DomainRole::kDivided: return "divided";
    case DomainRole::kWhole: return "whole";
    case DomainRole::kPart: return "part";
    case DomainRole::kCheck: return "check";
  }
  return "check";
}

struct DomainNode {
  size_t counted = 0;  // place in what was given
  std::string parent;  // the nearest counted domain that holds it; empty: none
  DomainRole role = DomainRole::kDivided;
  bool has_children = false;
  int64_t measured_uj = 0;
  int64_t children_uj = 0;
  int64_t other_uj = 0;
  int64_t uncompared_uj = 0;
  // How far below 0 `other` may come out by what sensors are off by (95 %) and by two of the
  // children's windows.
  double tolerance_uj = 0;
  // Its children counted more than it did: one of the sensors is wrong, or shows another thing.
  bool inconsistent = false;
  double coverage = 0;  // the share of its time in which it is known itself
  uint16_t gaps = 0;    // why less than all
};

// By host and domain. Cost: one pass over each timeline, and one more over a parent's for each
// child.
std::vector<DomainNode> domain_tree(std::span<const CountedDomain> counted);

}  // namespace headrace::energy
