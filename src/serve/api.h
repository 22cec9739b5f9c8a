// The parts of the table of routes, one a resource; each in api_<part>.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "serve/route.h"

namespace headrace::serve {

void add_list_routes(std::vector<Route>* out);     // campaigns, workflows, tasks, objects
void add_lineage_routes(std::vector<Route>* out);  // why, affects
void add_choice_routes(std::vector<Route>* out);   // diff, trade-off, regret, findings
void add_time_routes(std::vector<Route>* out);     // timeline, counters, stragglers, critical path
void add_shape_routes(std::vector<Route>* out);    // graph, curves, ranks
void add_energy_routes(std::vector<Route>* out);   // energy
void add_run_routes(std::vector<Route>* out);      // marginal, thermal, phases
void add_name_routes(std::vector<Route>* out);     // completions, filters
void add_sql_routes(std::vector<Route>* out);      // SQL
void add_health_routes(std::vector<Route>* out);   // accounts, losses, versions
void add_source_routes(std::vector<Route>* out);   // what is served
void add_amend_routes(std::vector<Route>* out);    // tags, notes

// Paths in a question are read from where the folder lies.
std::filesystem::path here_of(const Call& call);

// An answer that a room gave as JSON.
inline Result<Answer> document(Result<query::Json> json) {
  if (!json.ok()) return json.status();
  return Answer(std::move(*json));
}
inline Result<Answer> rows(Result<query::ResultTable> table,
                           std::optional<uint64_t> total = std::nullopt) {
  if (!table.ok()) return table.status();
  return Answer(TableAnswer{std::move(*table), total});
}

}  // namespace headrace::serve
