// tradeoff over 10,000 configurations with three objectives; regret over 10,000 curves of 100
// points.
#include "query/regret.h"
#include "query/tradeoff.h"
#include "questions.h"

namespace headrace::bench {
namespace {

constexpr int kRuns = 10'000;

// A sweep over four parameters, the loss logged a hundred times a run; each run has an energy
// figure. Runs begin one after the other, fifty at a time.
Status make(const store::Connection& connection) {
  const std::string runs = std::to_string(kRuns);
  return connection.run(
      "INSERT INTO producer_row(producer, uid, prefix, hostname, pid, state, facts) VALUES (1, 77, "
      "'000000000000804d', 'bench', 1, 'ended', '{}');"
      "INSERT INTO campaign_row(campaign, name, begin_ns) VALUES "
      "('00000000-0000-4000-8000-000000000001', 'sweep', 0);"
      "INSERT INTO workflow_row(wf, workflow, campaign, name, status, begin_ns, end_ns, producer, "
      "used, generated, attributes) VALUES (1, '00000000-0000-4000-8000-000000000101', "
      "'00000000-0000-4000-8000-000000000001', 'tune', 2, 0, 1000000000000000, 1, '{}', '{}', "
      "'{}');"
      "INSERT INTO activity_row VALUES (1, 'train', '{}');"
      "INSERT INTO schema_activity VALUES (1, 1);"
      "INSERT INTO field SELECT 1, i, CASE WHEN i < 4 THEN 0 ELSE 1 END, "
      "['lr', 'width', 'depth', 'optimizer', 'loss', 'accuracy'][i + 1], "
      "[3, 2, 2, 4, 3, 3][i + 1], 0, [0, 8, 9, 24, 1, 2][i + 1], false FROM range(6) t(i);"
      "INSERT INTO task_slots(producer, seq, wf, activity, schema, ts, dur, status, attempt, d0, "
      "i0, i1, s0, d1, d2) SELECT 1, i + 1, 1, 1, 1, (i // 50) * 110000000000, 100000000000 + "
      "hash(i) % 5000000000, 2, 0, 0.0001 * (1 + i % 25), 64 * (1 + (i // 25) % 10), "
      "2 + (i // 250) % 10, ['adam', 'sgd', 'lion', 'adagrad'][1 + (i // 2500) % 4], "
      "2 + (hash(i) % 1000) / 1000.0, (hash(i * 7) % 1000) / 1000.0 FROM range(" +
      runs +
      ") t(i);"
      "INSERT INTO task_energy_row(producer, seq, domain, window_j, attributed_j, idle_j, u95_j, "
      "coverage, method, truth, assumption, activity, wf) SELECT 1, i + 1, 'node/cpu-0', 1200, "
      "1000 + hash(i * 3) % 500, "
      "100, 5, 1, 'split', 'measured', '', 1, 1 FROM range(" +
      runs +
      ") t(i);"
      "INSERT INTO log_row SELECT 1, 1, i + 1, (i // 50) * 110000000000 + (k + 1) * 1000000000 + "
      "hash(i) % 1000, 0, NULL, printf('{\"epoch\":%d,\"loss\":%.6f,\"lr\":%.6f}', k, "
      "2 + (hash(i) % 1000) / 1000.0 + 3.0 / sqrt(k + 1) + (hash(i * 100 + k) % 100) / 5000.0, "
      "0.001) FROM range(" +
      runs + ") t(i), range(100) s(k) ORDER BY i // 50, k, i; CHECKPOINT");
}

template <typename Ask>
void time(Bench& bench, Row row, const Ask& ask) {
  row.ms = least_ms([&] {
    const Status status = ask(&row);
    if (!status.ok()) row.problem = status.message();
  });
  bench.add(row);
}

}  // namespace

void q08_tradeoff(Bench& bench) {
  const std::filesystem::path root = bench.scratch("q08");
  Row row{.name = "q08 tradeoff, 10,000 x 3 objectives", .budget_ms = 200};
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
  query::TradeoffQuestion question{"sweep", query::Cost::kEnergy, "loss"};
  question.objectives = {{"loss"}, {"accuracy"}, {"energy"}};
  time(bench, row, [&](Row* out) -> Status {
    const auto answer = query::tradeoff(*session, question);
    if (!answer.ok()) return answer.status();
    out->rows = answer->rows.size();
    return out->rows == kRuns ? Status() : corrupt("not every configuration");
  });
  row.name = "q08 regret, 10,000 curves of 100 points";
  time(bench, row, [&](Row* out) -> Status {
    const auto answer = query::regret(*session, {"sweep", "loss"});
    if (!answer.ok()) return answer.status();
    out->rows = answer->runs.size();
    return out->rows == kRuns && answer->longest == 100 ? Status() : corrupt("not every curve");
  });
}

}  // namespace headrace::bench
