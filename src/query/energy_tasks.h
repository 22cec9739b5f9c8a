// Tasks with their energy, summed over domains: what questions about single tasks begin with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/energy_question.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

// The tasks inside it included, as in the view task_energy.
struct EnergyTask {
  std::string id;
  std::string workflow_id;
  std::string workflow;  // its name
  std::string activity;
  std::string hostname;
  std::string device;
  std::string parent_id;  // empty: none
  std::string status;
  int64_t begin_ns = 0;
  double duration_s = 0;
  std::optional<int64_t> energy_uj{};  // as the books have it; none: nothing is known
  bool withheld = false;               // one domain's figure of its own is NULL
  double split_u95_j = 0;
  double sensor_u95_j = 0;
  std::string truth{};
  Json used{};  // where asked for

  double energy_j() const { return static_cast<double>(energy_uj.value_or(0)) * 1e-6; }
};

// Tasks of the scope that have ended, in the order in which they began. `activity`: only its;
// empty: those without a task around them, unless `all`. Errors: kNotFound where there is no such
// activity.
Result<std::vector<EnergyTask>> energy_tasks(const Session& session, const EnergyScope& scope,
                                             const std::string& activity, bool all, bool with_used);

}  // namespace headrace::query
