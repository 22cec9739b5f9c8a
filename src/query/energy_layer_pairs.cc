// The same layer in two architectures: layers of two models are a pair if they have the same path,
// phase and kind of device. The models are of two campaigns or workflows, or of one.
//
//   joules a call, a token, a sample, an operation: energy / what its tasks say they did;
//   ratio = other / first, its error sqrt((u/e)^2 + (u'/e')^2) of it.
//
// A figure that a layer does not have alone, or that nobody said the work of, is null with why.
#include <cmath>
#include <set>
#include <utility>

#include "query/answer_table.h"
#include "query/energy_question.h"
#include "query/json_or_null.h"
#include "query/layer_uses.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr std::array<const char*, 3> kOne{"token", "sample", "flop"};

struct Pair {
  std::string layer, phase, device, model, other_model;
  const LayerUse* first = nullptr;
  const LayerUse* other = nullptr;
};

std::vector<Pair> pairs_of(const LayerUses& first, const LayerUses& other, bool is_same) {
  std::vector<Pair> out;
  for (const auto& [key, use] : first.layers) {
    const auto& [model, layer, phase, device] = key;
    for (const auto& [other_key, other_use] : other.layers) {
      const auto& [other_model, other_layer, other_phase, other_device] = other_key;
      if (layer != other_layer || phase != other_phase || device != other_device) continue;
      if (is_same && model >= other_model) continue;
      out.push_back({layer, phase, device, model, other_model, &use, &other_use});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Pair& a, const Pair& b) {
    return a.first->share_uj + a.other->share_uj > b.first->share_uj + b.other->share_uj;
  });
  return out;
}

std::optional<double> ratio(const std::optional<double>& first,
                            const std::optional<double>& other) {
  if (!first || !other || !(*first > 0)) return std::nullopt;
  return *other / *first;
}

// Of a quotient of both layers' energy, in which all else is exact.
std::optional<double> ratio_u95(const Pair& pair, const std::optional<double>& of) {
  const LayerUse& a = *pair.first;
  const LayerUse& b = *pair.other;
  if (!of || !a.energy_j || !b.energy_j || !(*b.energy_j > 0)) return std::nullopt;
  return *of * std::hypot(a.u95_j / *a.energy_j, b.u95_j / *b.energy_j);
}

std::optional<double> call_u95(const LayerUse& use) {
  if (!use.joules_per_call()) return std::nullopt;
  return use.u95_j / static_cast<double>(use.calls);
}

Json why(const std::string& reason) { return reason.empty() ? Json() : Json(reason); }
// Why there is no quotient, of either.
Json why(const std::string& first, const std::string& other) {
  if (first == other || other.empty()) return why(first);
  return first.empty() ? Json("other: " + other) : Json(first + "; other: " + other);
}

std::vector<AnswerColumn> columns(const std::array<bool, 3>& has) {
  std::vector<AnswerColumn> out = {{"layer", "layer"},
                                   {"phase", "phase"},
                                   {"device", "device"},
                                   {"model", "model"},
                                   {"other_model", "other"},
                                   {"calls", "", ColumnKind::kInteger},
                                   {"other_calls", "", ColumnKind::kInteger},
                                   {"time_s", "", ColumnKind::kReal},
                                   {"other_time_s", "", ColumnKind::kReal},
                                   {"share_j", "", ColumnKind::kReal},
                                   {"other_share_j", "", ColumnKind::kReal},
                                   {"call_j", "a call", ColumnKind::kReal, "J"},
                                   {"call_u95_j", "± 95 %", ColumnKind::kReal, "J"},
                                   {"other_call_j", "other's", ColumnKind::kReal, "J"},
                                   {"other_call_u95_j", "± 95 %", ColumnKind::kReal, "J"},
                                   {"call_ratio", "times", ColumnKind::kReal},
                                   {"call_ratio_u95", "± 95 %", ColumnKind::kReal}};
  for (size_t i = 0; i < kOne.size(); ++i) {
    const std::string one = kOne.at(i);
    const bool shown = has.at(i);
    out.push_back({one + "_j", shown ? "a " + one : "", ColumnKind::kReal, "J"});
    out.push_back({"other_" + one + "_j", shown ? "other's" : "", ColumnKind::kReal, "J"});
    out.push_back({one + "_ratio", shown ? "times" : "", ColumnKind::kReal});
    out.push_back({one + "_ratio_u95", "", ColumnKind::kReal});
    out.push_back({one + "_reason", ""});
  }
  for (const char* const name : {"truth", "other_truth"}) out.push_back({name, name});
  for (const char* const name : {"reason", "other_reason"}) out.push_back({name, ""});
  out[out.size() - 3].shown = "other's";
  return out;
}

AnswerTable table_of(const std::vector<Pair>& pairs) {
  std::array<bool, 3> has{};
  for (const Pair& pair : pairs) {
    for (size_t i = 0; i < has.size(); ++i) {
      const auto work = static_cast<Work>(i);
      has.at(i) = has.at(i) || pair.first->joules_per(work) || pair.other->joules_per(work);
    }
  }
  AnswerTable out(columns(has));
  for (const Pair& pair : pairs) {
    const LayerUse& a = *pair.first;
    const LayerUse& b = *pair.other;
    const auto calls = ratio(a.joules_per_call(), b.joules_per_call());
    Json::List row = {pair.layer,
                      pair.phase,
                      pair.device,
                      pair.model,
                      pair.other_model,
                      a.calls,
                      b.calls,
                      a.time_s,
                      b.time_s,
                      joules_of_uj(a.share_uj),
                      joules_of_uj(b.share_uj),
                      json_or_null(a.joules_per_call()),
                      json_or_null(call_u95(a)),
                      json_or_null(b.joules_per_call()),
                      json_or_null(call_u95(b)),
                      json_or_null(calls),
                      json_or_null(ratio_u95(pair, calls))};
    for (size_t i = 0; i < kOne.size(); ++i) {
      const auto work = static_cast<Work>(i);
      const auto of = ratio(a.joules_per(work), b.joules_per(work));
      row.push_back(json_or_null(a.joules_per(work)));
      row.push_back(json_or_null(b.joules_per(work)));
      row.push_back(json_or_null(of));
      row.push_back(json_or_null(ratio_u95(pair, of)));
      row.push_back(why(a.energy_j ? a.work.at(i).reason : a.reason,
                        b.energy_j ? b.work.at(i).reason : b.reason));
    }
    row.insert(row.end(), {a.truth, b.truth, why(a.reason), why(b.reason)});
    out.add(std::move(row));
  }
  return out;
}

// Whole models, all their layers together: known where single layers are not.
void add_models(const std::string& of, const LayerUses& uses, AnswerTable* out) {
  for (const auto& [key, one] : uses.models) {
    const auto& [model, device] = key;
    const double joules = joules_of_uj(one.layers_uj);
    Json::List row = {of, model, device, joules};
    for (const WorkDone& work : one.work) {
      row.push_back(json_or_null(work.amount));
      row.push_back(work.amount ? Json(joules / *work.amount) : Json());
      row.push_back(why(work.reason));
    }
    row.emplace_back(one.truth);
    out->add(std::move(row));
  }
}

AnswerTable models_table(const EnergyScope& scope, const LayerUses& first, const EnergyScope& other,
                         const LayerUses& others, bool is_same) {
  AnswerTable out({{"of", "of"},
                   {"model", "model"},
                   {"device", "device"},
                   {"layers_j", "all layers", ColumnKind::kReal, "J"},
                   {"tokens", "tokens", ColumnKind::kReal},
                   {"token_j", "a token", ColumnKind::kReal, "J"},
                   {"token_reason", ""},
                   {"samples", "samples", ColumnKind::kReal},
                   {"sample_j", "a sample", ColumnKind::kReal, "J"},
                   {"sample_reason", ""},
                   {"flops", "flops", ColumnKind::kReal},
                   {"flop_j", "a flop", ColumnKind::kReal, "J"},
                   {"flop_reason", ""},
                   {"truth", "truth"}});
  add_models(scope.of, first, &out);
  if (!is_same) add_models(other.of, others, &out);
  return out;
}

// Layers of `uses` that are in no pair.
Json::List alone(const LayerUses& uses, const std::vector<Pair>& pairs) {
  std::set<const LayerUse*> paired;
  for (const Pair& pair : pairs) paired.insert({pair.first, pair.other});
  Json::List out;
  for (const auto& [key, use] : uses.layers) {
    if (paired.contains(&use)) continue;
    const auto& [model, layer, phase, device] = key;
    out.emplace_back(Json::Map{{"model", model},
                               {"layer", layer},
                               {"phase", phase},
                               {"device", device},
                               {"share_j", joules_of_uj(use.share_uj)}});
  }
  return out;
}

std::string reasons(const std::vector<Pair>& pairs) {
  std::set<std::string> said;
  std::string out;
  const auto say = [&](const std::string& what, const std::string& reason) {
    if (!reason.empty() && said.insert(what + reason).second) {
      out += "no joules a " + what + ": " + reason + "\n";
    }
  };
  for (const Pair& pair : pairs) {
    for (const LayerUse* use : {pair.first, pair.other}) {
      say("call", use->reason);
      if (!use->energy_j) continue;
      say("token", use->work[0].reason);
      say("sample", use->work[1].reason);
    }
  }
  return out;
}

}  // namespace

Result<EnergyAnswer> energy_layer_pairs(const Session& session, const EnergyScope& scope,
                                        const EnergyQuestion& question) {
  if (question.other.empty()) {
    return invalid_argument(
        "which other? Name a campaign or workflow whose layers to compare with");
  }
  // Names alone, never a path: the question may come over HTTP.
  const Result<EnergyScope> other = energy_scope(session, question.other, "/");
  if (!other.ok()) return other.status();
  const bool is_same = scope.of == other->of;
  const Result<LayerUses> first = layer_uses(session, scope);
  if (!first.ok()) return first.status();
  const Result<LayerUses> others = is_same ? *first : layer_uses(session, *other);
  if (!others.ok()) return others.status();
  const std::vector<Pair> pairs = pairs_of(*first, *others, is_same);
  const AnswerTable rows = table_of(pairs);
  const AnswerTable models = models_table(scope, *first, *other, *others, is_same);
  Json::List only_first = is_same ? Json::List{} : alone(*first, pairs);
  Json::List only_other = is_same ? Json::List{} : alone(*others, pairs);
  std::string text = "Layers of " + scope.of + " beside those of " + other->of + ":\n\n";
  if (pairs.empty()) {
    text += first->layers.empty() || others->layers.empty()
                ? "no layer is known of " + (first->layers.empty() ? scope.of : other->of) +
                      "; hr.torch.watch(model) tells of layers.\n"
                : "they have no layer of the same path, phase and kind of device.\n";
  } else {
    text += rows.text() + "\n" + models.text() + "\n" + reasons(pairs);
  }
  if (!only_first.empty() || !only_other.empty()) {
    text += "without a counterpart: " + counted(only_first.size(), "layer and phase") + " of " +
            scope.of + ", " + std::to_string(only_other.size()) + " of " + other->of + "\n";
  }
  return EnergyAnswer{Json::Map{{"of", scope.of},
                                {"other", other->of},
                                {"pairs", rows.json(question.limit)},
                                {"models", models.json()},
                                {"only_first", std::move(only_first)},
                                {"only_other", std::move(only_other)}},
                      terminal_lines(text)};
}

}  // namespace headrace::query
