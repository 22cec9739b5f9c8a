// Provenance as PROV-JSON, which ProvToolbox, the Python package `prov` and ProvStore read.
//
// Format: "The PROV-JSON Serialization", W3C member submission of 24 April 2013,
// https://www.w3.org/submissions/2013/SUBM-prov-json-20130424/; terms: PROV-DM, W3C recommendation.
//
//   task, workflow             activity, with start and end; captured values as JSON text
//   object                     entity
//   campaign                   entity of type prov:Collection
//   host                       agent
//   edge used, generated       used, wasGeneratedBy, the value's name as prov:role
//   edge parent                wasInformedBy: the inner task by the outer
//   where something ran        wasAssociatedWith
//   what a campaign generated  hadMember
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "base/status.h"
#include "exchange/scope.h"

namespace headrace::exchange {

struct ProvChoice {
  ScopeChoice scope;
  // With edges that were guessed, marked "headrace:exact": false; else exact ones alone.
  bool inferred = false;
  bool force = false;
};

// Returns how many there are of each kind, by its PROV-JSON name. Rows are written as they are
// read: the memory needed does not grow with the store beyond the DuckDB limit. Errors: of Target
// and Scope.
Result<std::map<std::string, uint64_t>> export_prov_json(const query::Session& session,
                                                         const ProvChoice& choice,
                                                         const std::filesystem::path& file);

}  // namespace headrace::exchange
