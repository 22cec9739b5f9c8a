// The line "cost": time and energy, of the last step and of all.
#include <map>

#include "query/units.h"
#include "query/why_story.h"

namespace headrace::query {
namespace {

std::string energy_text(double joules, const std::string& truth) {
  return (truth == "measured" ? "" : "≈ ") + si_text(joules, "J");
}

}  // namespace

void Story::cost() {
  const Json& whole = whole_of(*actor_);
  const auto time = whole["duration_s"].number();
  const auto energy = whole["energy_j"].number();
  const std::string truth = whole["energy_truth"].is_null() ? "" : whole["energy_truth"].text();
  std::string text;
  if (time) text = duration_text(*time);
  if (energy) {
    text += (text.empty() ? "" : ", ") + energy_text(*energy, truth) + " (" + truth +
            (truth == "measured" ? "" : ": " + whole["energy_method"].text()) + ")";
  } else {
    miss("energy of " + node(*actor_).label,
         "headrace doctor says which sources this machine offers");
  }
  const Total total = cost_of_all();
  if (total.steps + total.inferred > 1) {
    text += (text.empty() ? "" : "; ") + std::string("with all it was made from ") +
            duration_text(total.seconds);
    if (total.with_energy > 0) {
      text += ", " + energy_text(total.joules, total.measured ? "measured" : "estimated");
      if (total.with_energy < total.steps) {
        text += " (of " + std::to_string(total.with_energy) + " of " + std::to_string(total.steps) +
                " steps)";
      }
    }
    if (total.inferred > 0) {
      text += "; without " + counted(total.inferred, "inferred step");
    }
  }
  if (!text.empty()) line("cost", text);
  fact("cost", members({{"time_s", whole["duration_s"]},
                        {"energy_j", whole["energy_j"]},
                        {"energy_truth", whole["energy_truth"]},
                        {"energy_method", whole["energy_method"]},
                        {"steps", static_cast<int64_t>(total.steps)},
                        {"steps_inferred", static_cast<int64_t>(total.inferred)},
                        {"steps_with_energy", static_cast<int64_t>(total.with_energy)},
                        {"total_time_s", total.seconds},
                        {"total_energy_j", total.with_energy > 0 ? Json(total.joules) : Json()}}));
}

Story::Total Story::cost_of_all() const {
  std::map<std::string, const Json*> wholes;
  size_t inferred = 0;
  for (const size_t at : made_by_) {
    if (!node(at).node.exact) {
      ++inferred;
      continue;
    }
    const Json& whole = whole_of(at);
    wholes.emplace(whole["task_id"].is_null() ? node(at).node.id.text() : whole["task_id"].text(),
                   &whole);
  }
  Total total;
  total.inferred = inferred;
  for (const auto& [id, whole] : wholes) {
    bool inside = false;
    const Json* at = whole;
    for (int steps = 0; !(*at)["parent_task_id"].is_null() && steps < 64; ++steps) {
      const std::string parent = (*at)["parent_task_id"].text();
      inside |= wholes.contains(parent);
      const auto found = facts_.tasks.find(parent);
      if (found == facts_.tasks.end()) break;
      at = &found->second;
    }
    if (inside) continue;
    ++total.steps;
    total.seconds += (*whole)["duration_s"].number().value_or(0);
    if (const auto joules = (*whole)["energy_j"].number()) {
      total.joules += *joules;
      ++total.with_energy;
      total.measured &= (*whole)["energy_truth"].text() == "measured";
    }
  }
  return total;
}

}  // namespace headrace::query
