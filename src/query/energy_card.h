// The energy of a campaign or workflow as a card that sums: what each activity's tasks used
// themselves, what was idle or nobody's, and that all of it is what the sensors counted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/carbon_factors.h"
#include "query/energy_activities.h"
#include "query/energy_domains.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

// Joules as the books have them, and how far off they may be, with 95 %.
struct EnergyFigure {
  int64_t energy_uj = 0;
  double sensor_u95_j = 0;  // the sensors' own: the same in all figures of one
  double split_u95_j = 0;   // of the division among processes and tasks
  // measured, mixed, estimated, or emulated by headrace lab; empty: there is nothing
  std::string truth;

  double energy_j() const { return static_cast<double>(energy_uj) * 1e-6; }
  double u95_j() const;
};

// What an activity's tasks in one workflow used in one domain, without the tasks inside them.
struct EnergyLine {
  std::string workflow_id;
  std::string workflow;  // its name
  std::string activity;
  std::string domain;
  EnergyFigure figure;
  int64_t tasks = 0;
  int64_t withheld = 0;  // of these: have no figure of their own (task_energy.attributed_j is NULL)
  std::optional<double> coverage;  // of their time
  std::string method;              // each once, joined by "; "
  std::string assumption;          // likewise
  std::optional<double> carbon_g;
};

// measured = attributed + elsewhere + idle + unattributed + difference, in one domain. Elsewhere:
// tasks that were not asked for, in the processes whose books hang together with these.
struct EnergyBooks {
  std::string domain;
  std::string truth;
  int64_t attributed_uj = 0;
  int64_t elsewhere_uj = 0;
  int64_t idle_uj = 0;
  int64_t unattributed_uj = 0;
  int64_t measured_uj = 0;

  int64_t difference_uj() const {
    return measured_uj - attributed_uj - elsewhere_uj - idle_uj - unattributed_uj;
  }
};

// Why tasks have no figure of their own (`withheld`), or not all of their time is covered.
struct EnergyReason {
  std::string domain;
  std::string reason;
  bool withheld = false;
  int64_t tasks = 0;
};

// A machine's own counter beside those of its parts: measured = parts + rest + uncompared +
// difference. Rest is what nobody measures (disks, network, fans, losses), of the windows in which
// all are known; uncompared is what the others add.
struct EnergyMachine {
  std::string hostname;
  std::string truth;
  int64_t parts_uj = 0;
  int64_t rest_uj = 0;
  int64_t uncompared_uj = 0;
  int64_t measured_uj = 0;

  int64_t difference_uj() const { return measured_uj - parts_uj - rest_uj - uncompared_uj; }
};

struct EnergyCard {
  std::string of;           // "campaign sweep", "workflow tune", "everything"
  std::string idle_policy;  // see energy/idle_policy.h
  EnergyFigure total;       // of all lines
  // From the begin of the first task to the end of the last that ended; unset: none did.
  std::optional<double> time_s;
  std::optional<double> coverage;              // of the tasks' time in all domains
  std::map<std::string, int64_t> uj_by_truth;  // of the total
  std::vector<EnergyLine> lines;               // by workflow as they began, then the largest first
  std::vector<EnergyBooks> books;
  EnergyBooks all_books;                // of all domains, none of which holds another
  std::vector<EnergyMachine> machines;  // that have a counter of their own
  std::vector<EnergyReason> reasons;
  std::vector<EnergyActivity> activities;
  std::vector<EnergyDomain> domains;
  int64_t without_energy = 0;  // tasks of which nothing was recorded
  std::optional<Carbon> carbon;
};

// `text`: a workflow or a campaign; empty: all there is. `carbon`: null: none is asked for. Errors:
// of identify; of the factors' file. Cost: a few passes over the energy of tasks and over the
// tasks, about 0.3 s a million.
Result<EnergyCard> energy_card(const Session& session, const std::string& text,
                               const std::filesystem::path& here,
                               const CarbonQuestion* carbon = nullptr);

// `by_workflow`: energy_breakdown.h's tables instead of a line for each activity.
std::string energy_card_text(const EnergyCard& card, bool by_workflow = false);
Json energy_card_json(const EnergyCard& card);

}  // namespace headrace::query
