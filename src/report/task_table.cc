#include "report/task_table.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "report/packed_column.h"

namespace headrace::report {
namespace {

using query::Json;

// As in schema/report.schema.json, whose order the page knows.
constexpr const char* kStatuses[] = {"pending", "running",   "finished",
                                     "failed",  "cancelled", "lost"};

uint64_t status_index(const std::string& status) {
  const auto found = std::find(std::begin(kStatuses), std::end(kStatuses), status);
  return static_cast<uint64_t>(found == std::end(kStatuses) ? 5 : found - std::begin(kStatuses));
}

auto place_of(const TaskRow& row) {
  return std::tie(row.workflow, row.hostname, row.pid, row.rank, row.thread);
}

// Names in the order in which they are first met.
class Names {
 public:
  uint64_t index(const std::string& name) {
    const auto [found, added] = indices_.try_emplace(name, names_.size());
    if (added) names_.emplace_back(name);
    return found->second;
  }
  Json::List take() { return std::move(names_); }

 private:
  std::unordered_map<std::string, uint64_t> indices_;
  Json::List names_;
};

Json place_json(const TaskRow& row) {
  return Json::Map{{"workflow", static_cast<int64_t>(row.workflow)},
                   {"hostname", row.hostname},
                   {"pid", row.pid ? Json(*row.pid) : Json()},
                   {"thread", row.thread},
                   {"rank", row.rank ? Json(*row.rank) : Json()}};
}

// As they stand in the file: text of JSON as a string of JSON, with its member's name.
size_t value_size(const TaskRow& row) {
  constexpr size_t kNames = sizeof R"({"row":100000,"used":,"generated":},)" - 1;
  if (row.used.empty() && row.generated.empty()) return 0;
  return query::json_quoted(row.used).size() + query::json_quoted(row.generated).size() + kNames;
}

// Values of as many activities as fit, the smallest first, so that a million step losses never
// crowd out the parameters of eight configurations.
void add_values(const std::vector<TaskRow>& rows, size_t most_bytes, Json::Map* out) {
  struct Share {
    size_t bytes = 0;
    size_t tasks = 0;
  };
  std::map<std::string, Share> shares;
  for (const TaskRow& row : rows) {
    if (value_size(row) == 0) continue;
    Share& share = shares[row.activity];
    share.bytes += value_size(row);
    ++share.tasks;
  }
  std::vector<std::pair<std::string, Share>> order(shares.begin(), shares.end());
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.second.bytes < b.second.bytes; });
  Json::List left_out;
  size_t sum = 0;
  for (const auto& [activity, share] : order) {
    sum += share.bytes;
    if (sum <= most_bytes) continue;
    left_out.emplace_back(
        Json::Map{{"activity", activity}, {"tasks", static_cast<int64_t>(share.tasks)}});
    shares.erase(activity);
  }
  Json::List values;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (value_size(rows[i]) == 0 || !shares.contains(rows[i].activity)) continue;
    values.emplace_back(Json::Map{{"row", static_cast<int64_t>(i)},
                                  {"used", rows[i].used},
                                  {"generated", rows[i].generated}});
  }
  out->emplace_back("values", std::move(values));
  out->emplace_back("values_left_out", std::move(left_out));
}

// The message stands at the head of an error's text, the place where it was raised at the tail.
std::string shortened(const std::string& text, size_t most) {
  if (text.size() <= most) return text;
  const size_t head = most * 3 / 5;
  return text.substr(0, head) + "\n…\n" + text.substr(text.size() - (most - head));
}

Json errors_json(const std::vector<TaskRow>& rows, size_t most_bytes) {
  const auto failed = std::count_if(rows.begin(), rows.end(),
                                    [](const TaskRow& row) { return !row.error.empty(); });
  if (failed == 0) return Json::List{};
  const size_t each = std::clamp<size_t>(most_bytes / static_cast<size_t>(failed), 120, 8000);
  Json::List out;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].error.empty()) continue;
    out.emplace_back(
        Json::Map{{"row", static_cast<int64_t>(i)}, {"text", shortened(rows[i].error, each)}});
  }
  return out;
}

}  // namespace

Json task_table(std::vector<TaskRow> rows, size_t total, const TaskLimits& limits) {
  std::sort(rows.begin(), rows.end(), [](const TaskRow& a, const TaskRow& b) {
    if (place_of(a) != place_of(b)) return place_of(a) < place_of(b);
    return std::tie(a.start_ns, a.id) < std::tie(b.start_ns, b.id);
  });
  std::unordered_map<Uuid, size_t> row_of;
  row_of.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) row_of.emplace(rows[i].id, i);

  Names activities;
  Names prefixes;
  Json::List places;
  std::vector<uint64_t> place, start, duration, activity, status, prefix, low;
  std::vector<int64_t> parent;
  std::vector<double> energy;
  for (size_t i = 0; i < rows.size(); ++i) {
    const TaskRow& row = rows[i];
    if (i == 0 || place_of(row) != place_of(rows[i - 1])) places.push_back(place_json(row));
    place.push_back(places.size() - 1);
    start.push_back(static_cast<uint64_t>(row.start_ns));
    duration.push_back(
        row.duration_ns ? static_cast<uint64_t>(std::max<int64_t>(0, *row.duration_ns)) + 1 : 0);
    activity.push_back(activities.index(row.activity));
    status.push_back(status_index(row.status));
    const auto above = row_of.find(row.parent);
    parent.push_back(above == row_of.end() || above->second == i
                         ? 0
                         : static_cast<int64_t>(i) - static_cast<int64_t>(above->second));
    prefix.push_back(prefixes.index(row.id.text().substr(0, 18)));
    low.push_back(row.id.low);
    energy.push_back(row.energy_j);
  }
  const bool any_energy =
      std::any_of(energy.begin(), energy.end(), [](double j) { return !std::isnan(j); });

  Json::Map columns{{"place", pack_runs(place)},
                    {"start_ns", pack_delta(start)},
                    {"duration_ns", pack_varint(duration)},
                    {"activity", pack_varint(activity)},
                    {"status", pack_runs(status)},
                    {"parent", pack_signed(parent)},
                    {"id_prefix", pack_runs(prefix)},
                    {"id_low", pack_delta(low)},
                    {"energy_j", any_energy ? pack_f32(energy) : Json()}};
  Json::Map out{{"rows", static_cast<int64_t>(rows.size())},
                {"total", static_cast<int64_t>(total)},
                {"activities", activities.take()},
                {"places", std::move(places)},
                {"id_prefixes", prefixes.take()},
                {"columns", std::move(columns)}};
  add_values(rows, limits.value_bytes, &out);
  out.emplace_back("errors", errors_json(rows, limits.error_bytes));
  return out;
}

}  // namespace headrace::report
