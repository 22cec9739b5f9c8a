// What differs between two workflows of 10,000 tasks each, in a store with the made tasks' shape.
#include "query/diff.h"
#include "questions.h"

namespace headrace::bench {
namespace {

constexpr int kTasks = 10'000;

// Two workflows of one activity: four used and four generated values a task, one parameter and a
// tenth of the losses differ; each task has an energy figure.
Status make(const store::Connection& connection) {
  const std::string n = std::to_string(kTasks);
  return connection.run(
      "INSERT INTO producer_row(producer, uid, prefix, hostname, pid, state, facts) VALUES (1, 77, "
      "'000000000000804d', 'bench', 1, 'ended', '{}');"
      "INSERT INTO campaign_row(campaign, name, begin_ns) VALUES "
      "('00000000-0000-4000-8000-000000000001', 'pair', 0);"
      "INSERT INTO workflow_row(wf, workflow, campaign, name, status, begin_ns, end_ns, producer, "
      "used, generated, attributes) SELECT i, ('00000000-0000-4000-8000-00000000010' || i)::UUID, "
      "'00000000-0000-4000-8000-000000000001', 'run' || i, 2, 0, 1000000000, 1, '{}', '{}', '{}' "
      "FROM range(1, 3) t(i);"
      "INSERT INTO activity_row VALUES (1, 'step', '{}');"
      "INSERT INTO schema_activity VALUES (1, 1);"
      "INSERT INTO field SELECT 1, i, CASE WHEN i < 4 THEN 0 ELSE 1 END, "
      "['step', 'lr', 'batch', 'data', 'loss', 'accuracy', 'tokens', 'state'][i + 1], "
      "[2, 3, 2, 4, 3, 3, 2, 4][i + 1], 0, [8, 0, 9, 24, 1, 2, 10, 25][i + 1], false "
      "FROM range(8) t(i);"
      "INSERT INTO task_slots(producer, seq, wf, activity, schema, ts, dur, status, attempt, i0, "
      "d0, i1, s0, d1, d2, i2, s1) SELECT 1, i + 1, 1 + i // " +
      n + ", 1, 1, i * 1000000, 900000 + hash(i) % 100000, 2, 0, i % " + n + ", CASE WHEN i < " +
      n + " THEN 0.1 ELSE 0.2 END, 64, 'corpus' || i % 7, 2 + (hash(i % " + n +
      ") % 1000) / 1000.0 + CASE WHEN i > " + n +
      " AND i % 10 = 0 THEN 0.5 ELSE 0 END, (hash(i % " + n + ") % 977) / 977.0, 1000 + i % " + n +
      ", 'ok' FROM range(2 * " + n +
      ") t(i);"
      "INSERT INTO task_energy_row(producer, seq, domain, window_j, attributed_j, idle_j, u95_j, "
      "coverage, method, truth, assumption, activity, wf) SELECT 1, i, 'node/cpu-0', 2, 1.5, 0.5, "
      "0.1, 1, 'split', "
      "'measured', '', 1, 1 + (i - 1) // " +
      n + " FROM range(1, 1 + 2 * " + n + ") t(i); CHECKPOINT");
}

}  // namespace

void q07_diff(Bench& bench) {
  Row row{.name = "q07 diff of two workflows of 10,000 tasks", .budget_ms = 300};
  const std::filesystem::path root = bench.scratch("q07");
  const auto problem = [&](const Status& status) {
    row.problem = status.message();
    bench.add(row);
  };
  std::filesystem::create_directories(root);
  {
    auto store = store::Store::open(root / "store.duckdb", store::OpenMode::kReadWrite);
    if (!store.ok()) return problem(store.status());
    const Status made = make(store->connection());
    if (!made.ok()) return problem(made);
  }
  const auto session = query::Session::open(root);
  if (!session.ok()) return problem(session.status());
  Status failed;
  row.ms = least_ms([&] {
    const auto answer = query::diff(*session, "run1", "run2", "/", {});
    if (!answer.ok()) {
      failed = answer.status();
      return;
    }
    row.rows = answer->lines.size();
    const bool right = answer->pairs == kTasks && answer->pairs_with_other_parameters == kTasks &&
                       !answer->equal && answer->a.alone == 0;
    if (!right) failed = corrupt("pairs " + std::to_string(answer->pairs));
  });
  if (!failed.ok()) row.problem = failed.message();
  bench.add(row);
}

}  // namespace headrace::bench
