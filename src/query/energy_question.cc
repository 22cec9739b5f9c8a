#include "query/energy_question.h"

#include <algorithm>
#include <array>
#include <utility>

namespace headrace::query {
namespace {

struct Known {
  const char* about;
  EnergyAnswering answer;
};
constexpr std::array kKnown = {
    Known{"ranks", energy_ranks},
    Known{"outliers", energy_outliers},
    Known{"nodes", energy_nodes},
    Known{"path", energy_path},
    Known{"truth", energy_truth},
    Known{"capture", energy_capture},
    Known{"checks", energy_checks},
    Known{"layers", energy_layers},
    Known{"layer_pairs", energy_layer_pairs},
};

}  // namespace

const std::vector<std::string>& energy_questions() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const Known& one : kKnown) out.emplace_back(one.about);
    return out;
  }();
  return names;
}

std::string EnergyScope::workflows(const std::string& column) const {
  if (!thing) return "true";
  if (thing->kind == ThingKind::kWorkflow) return column + " = '" + thing->id + "'";
  return column + " IN (SELECT workflow FROM workflow_row WHERE campaign = '" + thing->id + "')";
}

Result<EnergyScope> energy_scope(const Session& session, const std::string& what,
                                 const std::filesystem::path& here) {
  if (what.empty()) return EnergyScope{std::nullopt, "everything"};
  Result<Thing> found = identify(session, what, {ThingKind::kCampaign, ThingKind::kWorkflow}, here);
  if (!found.ok()) return found.status();
  std::string of = std::string(name_of(found->kind)) + " " + found->name;
  return EnergyScope{std::move(*found), std::move(of)};
}

Result<EnergyAnswer> ask_energy(const Session& session, const EnergyQuestion& question,
                                const std::filesystem::path& here) {
  const auto* const known = std::find_if(
      kKnown.begin(), kKnown.end(), [&](const Known& one) { return one.about == question.about; });
  if (known == kKnown.end()) {
    std::string names;
    for (const std::string& one : energy_questions()) names += (names.empty() ? "" : ", ") + one;
    return invalid_argument("there is no question " + question.about +
                            " about energy; there are: " + names);
  }
  const Result<EnergyScope> scope = energy_scope(session, question.what, here);
  if (!scope.ok()) return scope.status();
  return known->answer(session, *scope, question);
}

}  // namespace headrace::query
