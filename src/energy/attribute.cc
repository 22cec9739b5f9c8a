#include "energy/attribute.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "energy/changed.h"
#include "energy/domain_table.h"
#include "energy/recorded.h"
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

double relative_of(Truth truth, const std::string& assumption) {
  switch (truth) {
    case Truth::kMeasured: return kMeasuredRelative;
    case Truth::kMixed: return kMixedRelative;
    case Truth::kEstimated: return stated_relative(assumption);
  }
  return kEstimatedRelative;
}

void set_unless_nan(store::Appender& out, size_t column, double value) {
  if (!std::isnan(value)) out.set(column, value);
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
    const double others_j = std::isnan(row.process_uj) ? 0 : row.process_uj * kJ - energy_j;
    out.set(0, forest.task(i).producer);
    out.set(1, forest.task(i).seq);
    out.set_text(2, table.domain());
    set_unless_nan(out, 3, row.window_uj * kJ);
    out.set(4, energy_j);
    set_unless_nan(out, 5, row.idle_uj * kJ);
    out.set(6, u95_j(energy_j, row.edge_uj * kJ, relative_of(truth, how.assumption), others_j));
    set_unless_nan(out, 7, row.coverage);
    out.set_text(8, how.method);
    out.set_text(9, name_of(truth));
    if (!how.assumption.empty()) out.set_text(10, how.assumption);
    if (forest.task(i).activity != 0) out.set(11, forest.task(i).activity);
    if (forest.task(i).workflow != 0) out.set(12, forest.task(i).workflow);
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

Result<Attributed> compute(const store::Connection& connection, const std::vector<Mark>& marks) {
  Result<std::vector<SensorSeries>> sensors = read_sensors(connection, marks);
  if (!sensors.ok()) return sensors.status();
  Result<std::vector<TaskRow>> tasks = read_tasks(connection, marks);
  if (!tasks.ok()) return tasks.status();
  TaskForest forest(std::move(*tasks));
  end_open_tasks(forest, *sensors);

  const std::string in = in_list(marks);
  HEADRACE_RETURN_IF_ERROR(connection.run("DELETE FROM task_energy_row WHERE producer IN " + in +
                                          "; DELETE FROM energy_balance_row WHERE producer IN " +
                                          in));
  Result<store::Appender> out = store::Appender::open(connection, "task_energy_row");
  if (!out.ok()) return out.status();
  std::vector<Balance> balances;
  const std::vector<EnergySource> sources = find_sources(*sensors);
  for (auto first = sources.begin(); first != sources.end();) {
    const auto last = std::find_if(
        first, sources.end(), [&](const EnergySource& s) { return s.domain != first->domain; });
    DomainTable table(first->domain, forest);
    for (; first != last; ++first) balances.push_back(table.add(*first));
    table.roll_up();
    HEADRACE_RETURN_IF_ERROR(write_rows(table, forest, *out));
  }
  Attributed done{marks.size(), forest.size(), out->rows()};
  HEADRACE_RETURN_IF_ERROR(out->close());
  HEADRACE_RETURN_IF_ERROR(write_balances(connection, balances));
  HEADRACE_RETURN_IF_ERROR(set_marks(connection, marks));
  return done;
}

}  // namespace

Result<Attributed> attribute(const store::Store& store) {
  if (store.mode() == store::OpenMode::kReadOnly) return Attributed();
  const store::Connection& connection = store.connection();
  const auto doing = [](const Status& status) {
    return status.with_context("cannot compute the energy of tasks");
  };
  Result<std::vector<Mark>> marks = changed(connection);
  if (!marks.ok()) return doing(marks.status());
  if (marks->empty()) return Attributed();
  Result<store::Transaction> transaction = store::Transaction::begin(connection);
  if (!transaction.ok()) return doing(transaction.status());
  Result<Attributed> done = compute(connection, *marks);
  if (!done.ok()) return doing(done.status());
  if (const Status status = transaction->commit(); !status.ok()) return doing(status);
  return done;
}

}  // namespace headrace::energy
