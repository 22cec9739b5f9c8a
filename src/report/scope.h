// The campaign or workflow that a report is about, and what all its parts ask of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "query/domain_sum.h"
#include "query/emulated_domains.h"
#include "query/identify.h"
#include "query/session.h"
#include "report/cells.h"

namespace headrace::report {

struct Scope {
  const query::Session* session = nullptr;
  query::Thing of;                     // a campaign or a workflow
  std::string campaign_id;             // "": a workflow of none
  int64_t start_ns = 0;                // since the epoch
  std::optional<int64_t> end_ns;       // none while it runs
  std::vector<std::string> workflows;  // ids by start: what places refer to by index
  std::unordered_map<std::string, std::string> workflow_names;  // by id
  query::EmulatedDomains emulated;
  std::unordered_map<std::string, query::EnergySum> task_energy;  // by the task's id
  // Of the tasks without a parent, which hold their children's: by workflow id, under "" of all. A
  // task without a figure adds nothing.
  std::unordered_map<std::string, query::EnergySum> root_energy;
  ObjectNames object_names;

  bool is_workflow() const { return of.kind == query::ThingKind::kWorkflow; }
  // "campaign = 'name'" or "workflow_id = 'id'", for the views task and workflow.
  std::string is_this() const;
};

// The campaign or else the workflow of that name or id (or its beginning); with "" the campaign
// that started last, or the workflow where there is no campaign. Errors: kNotFound, with the
// nearest names.
Result<Scope> find_scope(const query::Session& session, const std::string& wanted);

// "energy" of schema/report.schema.json; null for a sum without a figure.
query::Json energy_json(const query::EnergySum& sum);

}  // namespace headrace::report
