// The line "cost": time and energy, of the last step and of all.
#include <algorithm>
#include <map>
#include <utility>

#include "query/units.h"
#include "query/why_story.h"

namespace headrace::query {
namespace {

// A graph with more nodes is not gone through from each of its objects.
constexpr size_t kMostCumulated = 2000;

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
  const Total total = cost_of(made_by_);
  if (total.steps + total.inferred > 1) {
    text += (text.empty() ? "" : "; ") + std::string("with all it was made from ") +
            duration_text(total.seconds);
    if (total.with_energy > 0) {
      text += ", " + energy_text(total.joules, total.truth);
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
  Json::List parts;
  std::string of;
  for (const Json* part : total.parts) {
    const Json& joules = (*part)["energy_share_j"];
    parts.push_back(members({{"task_id", (*part)["task_id"]},
                             {"activity", (*part)["activity"]},
                             {"workflow", (*part)["workflow"]},
                             {"time_s", (*part)["duration_s"]},
                             {"energy_j", joules},
                             {"energy_truth", (*part)["energy_truth"]}}));
    if (joules.is_null() || parts.size() > kNamedInputs) continue;
    of += (of.empty() ? "" : " + ") +
          energy_text(*joules.number(), (*part)["energy_truth"].text()) + " " +
          (*part)["activity"].text() + " of " + (*part)["workflow"].text();
  }
  if (total.parts.size() > kNamedInputs) {
    of += " and " + std::to_string(total.parts.size() - kNamedInputs) + " more";
  }
  if (total.parts.size() > 1 && total.with_energy > 0) line("", of);
  fact("cost", members({{"time_s", whole["duration_s"]},
                        {"energy_j", whole["energy_j"]},
                        {"energy_truth", whole["energy_truth"]},
                        {"energy_method", whole["energy_method"]},
                        {"steps", static_cast<int64_t>(total.steps)},
                        {"steps_inferred", static_cast<int64_t>(total.inferred)},
                        {"steps_with_energy", static_cast<int64_t>(total.with_energy)},
                        {"total_time_s", total.seconds},
                        {"total_energy_j", total.with_energy > 0 ? Json(total.joules) : Json()},
                        {"total_u95_j", total.with_energy > 0 ? Json(total.u95_j) : Json()},
                        {"total_truth", total.with_energy > 0 ? Json(total.truth) : Json()},
                        {"parts", std::move(parts)}}));
}

Story::Total Story::cost_of(const std::vector<size_t>& actors) const {
  std::map<std::string, const Json*> wholes;
  size_t inferred = 0;
  for (const size_t at : actors) {
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
    total.parts.push_back(whole);
    if (const auto joules = (*whole)["energy_share_j"].number()) {
      total.joules += *joules;
      total.u95_j += (*whole)["energy_u95_j"].number().value_or(0);
      ++total.with_energy;
      const std::string truth = (*whole)["energy_truth"].text();
      total.truth = total.truth.empty() || total.truth == truth ? truth : "mixed";
    }
  }
  std::stable_sort(total.parts.begin(), total.parts.end(), [](const Json* a, const Json* b) {
    return (*a)["energy_share_j"].number().value_or(-1) >
           (*b)["energy_share_j"].number().value_or(-1);
  });
  return total;
}

void Story::cumulative() {
  if (facts_.nodes.size() > kMostCumulated) return;
  std::vector<std::optional<std::vector<size_t>>> inputs(facts_.nodes.size());
  const auto inputs_by = [&](size_t actor) -> const std::vector<size_t>& {
    if (!inputs[actor]) {
      inputs[actor].emplace();
      for (const auto& [object, exact] : inputs_of(actor)) {
        if (exact) inputs[actor]->push_back(object);
      }
    }
    return *inputs[actor];
  };
  for (size_t i = 0; i < facts_.nodes.size(); ++i) {
    if (node(i).node.kind != NodeKind::kObject) continue;
    std::vector<size_t> objects = {i};
    std::vector<size_t> actors;
    std::vector<bool> seen(facts_.nodes.size());
    seen[i] = true;
    const auto meet = [&seen](size_t at, std::vector<size_t>* list) {
      if (!seen[at]) list->push_back(at);
      seen[at] = true;
    };
    for (size_t o = 0, a = 0; o < objects.size() || a < actors.size();) {
      if (o < objects.size()) {
        for (const size_t by : generators_of(objects[o])) meet(by, &actors);
        ++o;
      } else {
        for (const size_t from : inputs_by(actors[a])) meet(from, &objects);
        ++a;
      }
    }
    const Total total = cost_of(actors);
    auto* const facts = facts_.nodes[i].facts.as<Json::Map>();
    if (facts == nullptr || total.steps == 0) continue;
    facts->emplace_back("cum_time_s", total.seconds);
    facts->emplace_back("cum_steps", static_cast<int64_t>(total.steps));
    if (total.with_energy == 0) continue;
    facts->emplace_back("cum_energy_j", total.joules);
    facts->emplace_back("cum_energy_truth", total.truth);
    facts->emplace_back("cum_steps_with_energy", static_cast<int64_t>(total.with_energy));
  }
}

}  // namespace headrace::query
