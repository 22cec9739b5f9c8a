// Questions about the energy of a campaign or workflow that have an answer of their own.
//
//   Result<EnergyAnswer> answer =
//       ask_energy(session, {.about = "ranks", .what = "sweep"}, std::filesystem::current_path());
//   std::cout << answer->text;
//
//   about    asks
//   ranks    which tasks take much time and little energy, or the other way round?
//   outliers which tasks used another energy than their parameters let expect?
//   nodes    what did each node idle away and work for, and what did waiting cost?
//   path     from a campaign down to the samples behind a task, with a sum check at each step
//   truth    which figures are estimates, from which sensor; what changes without them?
//   capture  what did Headrace itself cost?
//   layers   what did each layer and phase of a model use?
//   layer_pairs  what does the same layer use in two architectures?
//   checks   do a node's sensors, its parts' and a meter outside agree?
//
// Cost of each: a few passes over the tasks asked for and their energy, and where said in its file
// over samples.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct EnergyQuestion {
  std::string about;
  std::string what{};      // a campaign or workflow by its name or id; empty: all there is
  std::string activity{};  // ranks, outliers: of its tasks; empty: see there
  std::string task{};      // path: by its id; empty: the dearest
  // ranks: places moved (1); outliers: standard deviations (3).
  std::optional<double> least{};
  std::string against{};  // checks: a file of energy_meter.h; empty: none
  std::string other{};    // layer_pairs: a campaign or workflow by its name or id
  uint64_t limit = 0;     // rows of a list; 0: all
};

struct EnergyAnswer {
  Json facts;
  std::string text;
};

// Errors: kInvalidArgument for another `about`; of identify; of the file.
Result<EnergyAnswer> ask_energy(const Session& session, const EnergyQuestion& question,
                                const std::filesystem::path& here);
const std::vector<std::string>& energy_questions();

// What a question is of.
struct EnergyScope {
  std::optional<Thing> thing;  // none: all there is
  std::string of;              // "campaign sweep", "everything"
  // On a column that holds a workflow's id.
  std::string workflows(const std::string& column) const;
  const Thing* asked() const { return thing ? &*thing : nullptr; }
};
Result<EnergyScope> energy_scope(const Session& session, const std::string& what,
                                 const std::filesystem::path& here);

// Each in a file of its own, energy_<about>.cc.
using EnergyAnswering = Result<EnergyAnswer> (*)(const Session&, const EnergyScope&,
                                                 const EnergyQuestion&);
Result<EnergyAnswer> energy_ranks(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_outliers(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_nodes(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_path(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_truth(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_capture(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_layers(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_layer_pairs(const Session&, const EnergyScope&, const EnergyQuestion&);
Result<EnergyAnswer> energy_checks(const Session&, const EnergyScope&, const EnergyQuestion&);

}  // namespace headrace::query
