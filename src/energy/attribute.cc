#include "energy/attribute.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "energy/changed.h"
#include "energy/domain_table.h"
#include "energy/recorded.h"
#include "energy/self_energy.h"
#include "energy/sources.h"
#include "energy/task_forest.h"
#include "energy/uncertainty.h"
#include "model/sensor.h"
#include "store/appender.h"

namespace headrace::energy {
namespace {

constexpr double kJ = 1e-6;  // a micro-joule

Truth truth_of(uint8_t bits) {
  switch (bits) {
    case 1: return Truth::kMeasured;
    case 4: return Truth::kEstimated;
    default: return Truth::kMixed;
  }
}

// Of the sensor itself.
double sensor_relative(uint8_t truths, const std::string& assumption) {
  const bool estimated = (truths & 1u << static_cast<unsigned>(Truth::kEstimated)) != 0;
  return estimated ? stated_relative(assumption) : kMeasuredRelative;
}
// Of a division among processes by a model.
double model_relative(uint8_t truths) {
  return (truths & 1u << static_cast<unsigned>(Truth::kMixed)) != 0 ? kMixedRelative : 0;
}

void set_unless_nan(store::Appender& out, size_t column, double value) {
  if (!std::isnan(value)) out.set(column, value);
}

// Why a task has no figure of its own, or less than all of its time is in it; empty: neither.
std::string_view reason_of(const DomainTable::Row& row, bool is_short, bool is_vague) {
  if (is_short) return "shorter than the sensor can tell";
  if (is_vague) return "its part of what ran together cannot be told";
  return row.gaps == 0 ? std::string_view() : name_of(Gap{row.gaps});
}

Status write_rows(const DomainTable& table, const TaskForest& forest, store::Appender& out) {
  for (size_t i = 0; i < forest.size(); ++i) {
    const DomainTable::Row& row = table.rows()[i];
    // Nothing was recorded of this domain while the task, or a task under it, was open.
    if (row.truths == 0) continue;
    HEADRACE_RETURN_IF_ERROR(out.next_row());
    const DomainTable::How& how = table.how(row);
    const Truth truth = truth_of(row.truths);
    const double energy_j = static_cast<double>(row.inclusive_uj) * kJ;
    const double split_j =
        split_u95_j(row.variance * kJ * kJ, energy_j, model_relative(row.truths));
    const double sensor_j = sensor_relative(row.truths, how.assumption) * energy_j;
    const auto length_s =
        1e-9 * static_cast<double>(forest.task(i).end_ns - forest.task(i).begin_ns);
    const bool is_short = length_s < kShortest * static_cast<double>(row.window_s);
    const bool is_vague = split_j > kLargestSplit * energy_j;
    const bool is_known = !is_short && !is_vague;
    out.set(0, forest.task(i).producer);
    out.set(1, forest.task(i).seq);
    out.set_text(2, table.domain());
    set_unless_nan(out, 3, row.window_uj * kJ);
    if (is_known) out.set(4, energy_j);
    set_unless_nan(out, 5, row.idle_uj * kJ);
    out.set(6, std::hypot(split_j, sensor_j));
    set_unless_nan(out, 7, row.coverage);
    out.set_text(8, how.method);
    out.set_text(9, name_of(truth));
    if (!how.assumption.empty()) out.set_text(10, how.assumption);
    if (forest.task(i).activity != 0) out.set(11, forest.task(i).activity);
    if (forest.task(i).workflow != 0) out.set(12, forest.task(i).workflow);
    if (is_known) out.set(13, static_cast<double>(row.self_uj) * kJ);
    out.set(14, energy_j);
    out.set(15, split_j);
    out.set_text(16, name_of(is_known                                    ? Resolution::kResolved
                             : row.resolution == Resolution::kUnresolved ? Resolution::kUnresolved
                                                                         : Resolution::kGrouped));
    const std::string_view reason = reason_of(row, is_short, is_vague);
    if (!reason.empty()) out.set_text(17, reason);
  }
  return {};
}

Status write_balances(const store::Connection& connection, const std::vector<Balance>& balances) {
  Result<store::Appender> out = store::Appender::open(connection, "energy_balance_row");
  if (!out.ok()) return out.status();
  for (const Balance& one : balances) {
    HEADRACE_RETURN_IF_ERROR(out->next_row());
    out->set(0, one.producer);
    out->set_text(1, one.domain);
    out->set_text(2, one.truth);
    out->set(3, one.measured_uj);
    out->set(4, one.attributed_uj);
    out->set(5, one.idle_uj);
    out->set(6, one.unattributed_uj);
  }
  return out->close();
}

// What each counter counted, what its parts leave of it, and how they hold each other.
Status write_domains(const store::Connection& connection, const Sources& sources) {
  Result<store::Appender> out = store::Appender::open(connection, "energy_domain_row");
  if (!out.ok()) return out.status();
  const std::vector<CountedDomain> counted = counted_domains(sources);
  for (const DomainNode& node : domain_tree(counted)) {
    const CountedDomain& one = counted[node.counted];
    if (one.timeline.empty()) continue;
    HEADRACE_RETURN_IF_ERROR(out->next_row());
    out->set(0, one.reporter);
    out->set_text(1, one.domain);
    if (!node.parent.empty()) out->set_text(2, node.parent);
    out->set_text(3, name_of(node.role));
    out->set_text(4, one.truth);
    out->set(5, one.timeline.begin_ns());
    out->set(6, one.timeline.end_ns());
    out->set(7, node.measured_uj);
    if (node.has_children) {
      out->set(8, node.children_uj);
      out->set(9, node.other_uj);
      out->set(10, node.uncompared_uj);
      out->set(11, node.tolerance_uj * kJ);
      out->set(12, node.inconsistent);
    }
    out->set(13, node.coverage);
    if (node.gaps != 0) out->set_text(14, name_of(Gap{node.gaps}));
  }
  return out->close();
}

Status write_activities(const DomainTable& table, store::Appender& out) {
  for (const ActivityFigure& one : table.activities()) {
    HEADRACE_RETURN_IF_ERROR(out.next_row());
    const double group_j = static_cast<double>(one.group_uj) * kJ;
    out.set(0, one.producer);
    out.set_text(1, table.domain());
    if (one.activity != 0) out.set(2, one.activity);
    if (one.group != 0) out.set(3, one.group);
    out.set_text(4, name_of(one.resolution));
    out.set(5, one.tasks);
    out.set(6, one.time_s);
    out.set(7, static_cast<double>(one.energy_uj) * kJ);
    out.set(8, group_j);
    out.set(9, split_u95_j(one.group_variance * kJ * kJ, group_j, one.model_relative));
    out.set(10, one.power_uw * kJ);
    out.set(11, one.windows);
  }
  return {};
}

// How far each producer was sampled: its open tasks end there for now.
void end_open_tasks(TaskForest& forest, const std::vector<SensorSeries>& sensors) {
  std::map<uint32_t, int64_t> until_ns;
  for (const SensorSeries& one : sensors) {
    if (one.samples.empty()) continue;
    int64_t& until = until_ns[one.producer];
    until = std::max(until, one.samples.back().at_ns);
  }
  for (const TaskForest::Range& range : forest.producers()) {
    const auto at = until_ns.find(range.producer);
    forest.end_open_tasks(range, at == until_ns.end() ? 0 : at->second);
  }
}

Status layers_do_not_add_up(const LayerFigures& one, const std::string& domain) {
  return corrupt("the energy of layers in " + domain + " does not add up: tasks " +
                 std::to_string(one.tasks_uj) + " uJ, divided " + std::to_string(one.energy.whole) +
                 ", outside layers " + std::to_string(one.energy.outside) +
                 "; nothing was written: please report this with the store");
}

Status does_not_add_up(const Balance& one) {
  return corrupt("the energy of " + one.domain + " does not add up: measured " +
                 std::to_string(one.measured_uj) + " uJ, attributed " +
                 std::to_string(one.attributed_uj) + ", idle " + std::to_string(one.idle_uj) +
                 ", unattributed " + std::to_string(one.unattributed_uj) +
                 "; nothing was written: please report this with the store");
}

Result<Attributed> compute(const store::Connection& connection, const std::vector<Mark>& marks,
                           IdlePolicy policy) {
  Result<std::vector<SensorSeries>> sensors = read_sensors(connection, marks);
  if (!sensors.ok()) return sensors.status();
  Result<std::vector<TaskRow>> tasks = read_tasks(connection, marks);
  if (!tasks.ok()) return tasks.status();
  TaskForest forest(std::move(*tasks));
  end_open_tasks(forest, *sensors);
  const Result<std::vector<WatchedLayers>> watched = read_layers(connection, marks, forest);
  if (!watched.ok()) return watched.status();

  const std::string in = in_list(marks);
  HEADRACE_RETURN_IF_ERROR(
      connection.run("DELETE FROM task_energy_row WHERE producer IN " + in +
                     "; DELETE FROM energy_balance_row WHERE producer IN " + in +
                     "; DELETE FROM energy_domain_row WHERE producer IN " + in +
                     "; DELETE FROM layer_energy_row WHERE producer IN " + in +
                     "; DELETE FROM activity_energy_row WHERE producer IN " + in));
  Result<store::Appender> out = store::Appender::open(connection, "task_energy_row");
  if (!out.ok()) return out.status();
  Result<store::Appender> activities = store::Appender::open(connection, "activity_energy_row");
  if (!activities.ok()) return activities.status();
  Result<store::Appender> layers = store::Appender::open(connection, "layer_energy_row");
  if (!layers.ok()) return layers.status();
  std::vector<Balance> balances;
  const Sources found = find_sources(*sensors);
  const std::vector<EnergySource>& sources = found.divided;
  for (auto first = sources.begin(); first != sources.end();) {
    const auto last = std::find_if(
        first, sources.end(), [&](const EnergySource& s) { return s.domain != first->domain; });
    DomainTable table(first->domain, forest, policy, *watched);
    for (; first != last; ++first) {
      balances.push_back(table.add(*first));
      if (!balances.back().holds()) return does_not_add_up(balances.back());
    }
    table.roll_up();
    HEADRACE_RETURN_IF_ERROR(write_activities(table, *activities));
    for (const LayerFigures& one : table.layers()) {
      if (!one.holds()) return layers_do_not_add_up(one, table.domain());
      HEADRACE_RETURN_IF_ERROR(write_layers(one, table.domain(), *layers));
    }
    HEADRACE_RETURN_IF_ERROR(write_rows(table, forest, *out));
  }
  Attributed done{marks.size(), forest.size(), out->rows()};
  HEADRACE_RETURN_IF_ERROR(out->close());
  HEADRACE_RETURN_IF_ERROR(activities->close());
  HEADRACE_RETURN_IF_ERROR(layers->close());
  HEADRACE_RETURN_IF_ERROR(write_balances(connection, balances));
  HEADRACE_RETURN_IF_ERROR(write_domains(connection, found));
  HEADRACE_RETURN_IF_ERROR(set_marks(connection, marks, policy));
  return done;
}

}  // namespace

Result<Attributed> attribute(const store::Store& store, std::optional<IdlePolicy> asked) {
  if (store.mode() == store::OpenMode::kReadOnly) return Attributed();
  const store::Connection& connection = store.connection();
  const auto doing = [](const Status& status) {
    return status.with_context("cannot compute the energy of tasks");
  };
  const Result<IdlePolicy> kept = kept_policy(connection);
  if (!kept.ok()) return doing(kept.status());
  const IdlePolicy policy = asked.value_or(*kept);
  Result<std::vector<Mark>> marks = changed(connection, policy != *kept);
  if (!marks.ok()) return doing(marks.status());
  if (marks->empty()) return Attributed();
  Result<store::Transaction> transaction = store::Transaction::begin(connection);
  if (!transaction.ok()) return doing(transaction.status());
  Result<Attributed> done = compute(connection, *marks, policy);
  if (!done.ok()) return doing(done.status());
  if (const Status status = transaction->commit(); !status.ok()) return doing(status);
  return done;
}

}  // namespace headrace::energy
