// What a domain's name says: what holds it, how much it can draw, and whether its energy is what
// tasks are given.
//
//   node ⊃ node/cpu ⊃ node/cpu-0 ⊃ node/cpu-0/core
//   node ⊃ node/memory ⊃ node/dram-0
//   node ⊃ node/gpu-0, node/accel-0, node/module-0 ⊃ node/module-0/grace
//
// What lies under node/board is measured by the board where a nearer sensor measures the same
// thing: it is compared, and never part of a sum.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace headrace::energy {

constexpr std::string_view kNodeDomain = "node";

// The domain that directly holds this one; empty for the node and what is none of it.
std::string holder_of(std::string_view domain);

// More than this (W) no such thing draws today; what exceeds it is a counter's fault.
double most_w(std::string_view domain);

// Packages, their memories and what a board counts for all of them: drawn by what CPUs do.
bool is_processor_side(std::string_view domain);

// Only to compare with.
bool is_check(std::string_view domain);

// Whether this of the host's `counted` domains is divided among processes: the node's direct
// children, and instead of node/cpu and node/memory their own parts where those are counted. No two
// of them hold each other.
bool is_divided(std::string_view domain, const std::set<std::string>& counted);

}  // namespace headrace::energy
