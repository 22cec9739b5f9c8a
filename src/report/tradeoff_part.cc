#include "report/tradeoff_part.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "query/json_or_null.h"
#include "query/scalar.h"
#include "query/tradeoff.h"

namespace headrace::report {
namespace {

using query::Cost;
using query::Json;
using query::json_or_null;
using query::Tradeoff;
using query::TradeoffRow;

constexpr const char* kQualityWords[] = {"loss", "acc", "score", "error", "perplexity", "ppl",
                                         "f1",   "auc", "bleu",  "rouge", "rmse",       "mae",
                                         "mse",  "nll", "r2",    "reward"};
constexpr const char* kHeldOutWords[] = {"val", "test", "eval", "dev", "held_out"};

template <size_t N>
bool has_word(const std::string& name, const char* const (&words)[N]) {
  return std::any_of(std::begin(words), std::end(words),
                     [&name](const char* word) { return name.find(word) != std::string::npos; });
}

// Names worth trying, best first.
std::vector<std::string> likely_qualities(const std::vector<std::string>& keys) {
  std::vector<std::string> held_out;
  std::vector<std::string> others;
  for (const std::string& key : keys) {
    std::string lower = key;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (!has_word(lower, kQualityWords)) continue;
    (has_word(lower, kHeldOutWords) ? held_out : others).push_back(key);
  }
  // A longer name tends to say of which part it speaks: epoch_val_loss beside val_loss.
  for (auto* names : {&held_out, &others}) {
    std::stable_sort(names->begin(), names->end(),
                     [](const auto& a, const auto& b) { return a.size() < b.size(); });
  }
  held_out.insert(held_out.end(), others.begin(), others.end());
  return held_out;
}

struct Answers {
  Tradeoff energy;
  Tradeoff time;
};

Result<Answers> ask(const Scope& scope, const TradeoffChoice& choice, const std::string& quality) {
  query::TradeoffQuestion question;
  question.campaign = scope.campaign_id;
  question.quality = quality;
  question.minimise = choice.minimise;
  question.activity = choice.activity;
  question.cost = Cost::kEnergy;
  Result<Tradeoff> energy = query::tradeoff(*scope.session, question);
  if (!energy.ok()) return energy.status();
  question.cost = Cost::kTime;
  Result<Tradeoff> time = query::tradeoff(*scope.session, question);
  if (!time.ok()) return time.status();
  return Answers{std::move(*energy), std::move(*time)};
}

// What each configuration used, for the table's columns.
struct Factors {
  std::vector<std::string> names;
  std::vector<std::vector<Json>> values;  // by configuration, as many as names
  std::vector<std::pair<std::string, Json>> constants;
};

// Which configurations a factor puts together: equal numbers for equal values.
std::vector<size_t> partition_of(const Factors& factors, size_t column) {
  std::map<std::string, size_t> seen;
  std::vector<size_t> out;
  for (const auto& row : factors.values) {
    out.push_back(seen.try_emplace(row[column].dump(), seen.size()).first->second);
  }
  return out;
}

// A text that goes with a number one to one (base_w64.npz with width 64) says the same twice.
void drop_doubles(Factors* factors) {
  for (size_t text = factors->names.size(); text-- > 0;) {
    const auto is_number = [&](size_t column) {
      return std::all_of(factors->values.begin(), factors->values.end(),
                         [column](const auto& row) { return row[column].is_number(); });
    };
    if (is_number(text)) continue;
    for (size_t number = 0; number < factors->names.size(); ++number) {
      if (!is_number(number) || partition_of(*factors, number) != partition_of(*factors, text)) {
        continue;
      }
      factors->names.erase(factors->names.begin() + static_cast<ptrdiff_t>(text));
      for (auto& row : factors->values) row.erase(row.begin() + static_cast<ptrdiff_t>(text));
      break;
    }
  }
}

// The used scalars that differ among the configurations, and those that do not. Where they do not
// tell the configurations apart, the trade-off's own labels do, which also know what workflows and
// parents used.
Factors factors_of(const std::vector<const TradeoffRow*>& rows,
                   const std::unordered_map<std::string, Json>& used) {
  std::vector<std::string> keys;
  std::vector<Json> maps;
  for (const TradeoffRow* row : rows) {
    const auto found = used.find(row->task_id);
    maps.push_back(found == used.end() ? Json() : found->second);
    const Json::Map* map = maps.back().as<Json::Map>();
    if (map == nullptr) continue;
    for (const auto& [key, value] : *map) {
      if (is_scalar(value) && std::find(keys.begin(), keys.end(), key) == keys.end()) {
        keys.push_back(key);
      }
    }
  }
  Factors out;
  out.values.resize(rows.size());
  for (const std::string& key : keys) {
    // One that failed early may lack a value: that alone makes no factor.
    Json first;
    bool same = true;
    for (const Json& map : maps) {
      if (first.is_null()) first = map[key];
      same &= map[key].is_null() || map[key] == first;
    }
    if (same) {
      out.constants.emplace_back(key, first);
      continue;
    }
    out.names.push_back(key);
    for (size_t i = 0; i < maps.size(); ++i) {
      out.values[i].push_back(is_scalar(maps[i][key]) ? maps[i][key] : Json());
    }
  }
  drop_doubles(&out);
  std::set<std::string> told;
  std::set<std::string> labels;
  for (size_t i = 0; i < rows.size(); ++i) {
    told.insert(Json(out.values[i]).dump());
    labels.insert(rows[i]->label);
  }
  if (told.size() >= labels.size()) return out;
  out.names = {"configuration"};
  for (size_t i = 0; i < rows.size(); ++i) out.values[i] = {Json(rows[i]->label)};
  return out;
}

Result<std::unordered_map<std::string, Json>> used_values(const Scope& scope,
                                                          const std::string& activity) {
  const auto rows = scope.session->rows("SELECT task_id, used FROM task WHERE " + scope.is_this() +
                                        " AND activity = " + store::sql_text(activity));
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, Json> out;
  for (const Row& row : *rows) {
    Result<Json> parsed =
        Json::parse(with_object_names(row[1].is_null ? "{}" : row[1].text, scope.object_names));
    if (parsed.ok()) out.emplace(row[0].text, std::move(*parsed));
  }
  return out;
}

Json dominator(const Tradeoff& answer, const TradeoffRow& row) {
  return row.dominated_by ? Json(answer.rows[*row.dominated_by].task_id) : Json();
}

const TradeoffRow* best_of(const Tradeoff& answer) {
  const TradeoffRow* best = nullptr;
  for (const TradeoffRow& row : answer.rows) {
    if (!row.quality) continue;
    if (best == nullptr ||
        (answer.minimise ? *row.quality < *best->quality : *row.quality > *best->quality)) {
      best = &row;
    }
  }
  return best;
}

Json configurations_json(const Answers& answers, const std::vector<const TradeoffRow*>& rows,
                         const Factors& factors) {
  std::unordered_map<std::string, const TradeoffRow*> by_time;
  for (const TradeoffRow& row : answers.time.rows) by_time[row.task_id] = &row;
  Json::List out;
  for (size_t i = 0; i < rows.size(); ++i) {
    const TradeoffRow& row = *rows[i];
    const auto found = by_time.find(row.task_id);
    const TradeoffRow* time = found == by_time.end() ? nullptr : found->second;
    out.emplace_back(
        Json::Map{{"task_id", row.task_id},
                  {"factors", factors.values[i]},
                  {"quality", json_or_null(row.quality)},
                  {"time_s", json_or_null(row.time_s)},
                  {"time_front", time != nullptr && time->on_front},
                  {"time_dominated_by", time == nullptr ? Json() : dominator(answers.time, *time)},
                  {"energy_j", json_or_null(row.energy_j)},
                  {"energy_u95_j", json_or_null(row.energy_u95_j)},
                  {"energy_truth", row.energy_truth.empty() ? Json() : Json(row.energy_truth)},
                  {"energy_front", row.on_front},
                  {"energy_dominated_by", dominator(answers.energy, row)}});
  }
  return out;
}

Result<TradeoffPart> part_of(const Scope& scope, const Answers& answers) {
  const Tradeoff& energy = answers.energy;
  const auto used = used_values(scope, energy.activity);
  if (!used.ok()) return used.status();
  std::vector<const TradeoffRow*> rows;
  for (const TradeoffRow& row : energy.rows) rows.push_back(&row);
  for (const TradeoffRow& row : energy.failed) rows.push_back(&row);
  const Factors factors = factors_of(rows, *used);
  Json::List names;
  for (const std::string& name : factors.names) names.emplace_back(name);
  Json::List constants;
  for (const auto& [name, value] : factors.constants) {
    constants.emplace_back(Json::Map{{"name", name}, {"value", value}});
  }
  TradeoffPart part;
  part.quality = energy.quality;
  part.activity = energy.activity;
  part.minimise = energy.minimise;
  if (const TradeoffRow* best = best_of(energy)) part.best = best->task_id;
  part.json = Json::Map{{"quality", energy.quality},
                        {"minimise", energy.minimise},
                        {"activity", energy.activity},
                        {"factors", std::move(names)},
                        {"constants", std::move(constants)},
                        {"configurations", configurations_json(answers, rows, factors)},
                        {"best", part.best ? Json(*part.best) : Json()}};
  return part;
}

}  // namespace

Result<TradeoffPart> tradeoff_part(const Scope& scope, const TradeoffChoice& choice) {
  if (scope.is_workflow()) {
    TradeoffPart none;
    none.missing =
        "A trade-off compares the configurations of a campaign, and this is one workflow. headrace "
        "report CAMPAIGN has it.";
    return none;
  }
  if (!choice.quality.empty()) {
    const Result<Answers> answers = ask(scope, choice, choice.quality);
    if (!answers.ok()) return answers.status();
    return part_of(scope, *answers);
  }
  const auto keys = scope.session->keys(true);
  if (!keys.ok()) return keys.status();
  Status refused;
  for (const std::string& quality : likely_qualities(*keys)) {
    const Result<Answers> answers = ask(scope, choice, quality);
    if (answers.ok() && answers->energy.rows.size() >= 2) return part_of(scope, *answers);
    // Another campaign's value, or no number: the next name may do.
    if (answers.ok()) continue;
    const StatusCode code = answers.status().code();
    if (code != StatusCode::kNotFound && code != StatusCode::kInvalidArgument) {
      return answers.status();
    }
    if (refused.ok()) refused = answers.status();
  }
  if (!choice.activity.empty() && !refused.ok()) return refused;
  TradeoffPart part;
  part.missing =
      "No two finished tasks of one activity generated a number named like a loss, an accuracy, a "
      "score or an error. If another value says how good a result is, name it: headrace report "
      "--quality NAME.";
  return part;
}

}  // namespace headrace::report
