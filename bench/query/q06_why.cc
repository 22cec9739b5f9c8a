// `why` of an object that is 12 steps deep, in a graph of 100,000 edges and in one of 10 million.
//
// Tasks stand in blocks of 1,000, six blocks to a chain; each uses two objects of the block before
// (raw ones in a chain's first block) and generates two. So the answer has up to 63 tasks and 127
// objects, computed here edge by edge, and the rest of the graph must cost nothing.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "query/why.h"
#include "questions.h"
#include "store/store.h"

namespace headrace::bench {
namespace {

constexpr uint64_t kBlock = 1000;
constexpr uint64_t kBlocks = 6;
constexpr double kMostTimesSorting = 15;  // a small graph: the why itself is most of it

// The object that a task uses: of the block before, or raw, by number.
uint64_t used_by(uint64_t task, uint64_t place) {
  const uint64_t block = task / kBlock;
  const uint64_t at = (task * 7919 + place * 104729) % kBlock;
  return ((block - 1) * kBlock + at) * 2 + place;
}

Status make_graph(const store::Connection& connection, uint64_t edges) {
  const std::string tasks = std::to_string(edges / 4);
  const std::string first = std::to_string(kBlock);
  const std::string used = "((s // 1000 - 1) * 1000 + (s * 7919 + k * 104729) % 1000) * 2 + k";
  // A chain begins with raw objects, which no task generated.
  const std::string object =
      "md5(CASE WHEN r = 0 AND (s // 1000) % 6 = 1 THEN 'raw' ELSE 'made' END || (CASE WHEN r = 1 "
      "THEN s * 2 + k ELSE " +
      used + " END))::UUID";
  const std::string numbers = "range(" + first + ", " + first + " + " + tasks + ") a(s)";
  for (const std::string& sql :
       {std::string("INSERT INTO producer_row(producer, uid, prefix, hostname, pid) VALUES (1, 77, "
                    "'000000000004d800', 'node1', 1)"),
        std::string("INSERT INTO workflow_row(wf, workflow, name, status, begin_ns, end_ns, "
                    "producer, used, generated, attributes) VALUES (1, "
                    "'00000000-0000-8000-8000-000000000001', 'w', 2, 1, 2, 1, '{}', '{}', '{}')"),
        std::string("INSERT INTO activity_row VALUES (1, 'step', '{}')"),
        "INSERT INTO task_slots(producer, seq, wf, activity, schema, ts, dur, status, attempt) "
        "SELECT 1, s, 1, 1, 0, s * 1000000, 900000, 2, 0 FROM " +
            numbers,
        "INSERT INTO edge_row SELECT r, 1, s, NULL, " + object + ", 'file' || k, true FROM " +
            numbers + ", range(2) b(r), range(2) c(k) ORDER BY s, r, k",
        std::string("INSERT INTO object_row SELECT o, 'file', 'file-' || row_number() OVER (), "
                    "'/data/' || o, 1000, md5(o::VARCHAR), 1, NULL, '{}' FROM (SELECT DISTINCT "
                    "object AS o FROM edge_row)"),
        std::string("CHECKPOINT")}) {
    HEADRACE_RETURN_IF_ERROR(connection.run(sql));
  }
  return {};
}

// How many nodes lie behind the object that this task generated.
size_t nodes_behind(uint64_t task) {
  std::set<std::pair<bool, uint64_t>> tasks_and_objects{{true, task * 2}};
  std::set<uint64_t> level{task};
  while (!level.empty()) {
    std::set<uint64_t> next;
    for (const uint64_t t : level) {
      tasks_and_objects.emplace(false, t);
      for (const uint64_t place : {0, 1}) {
        const uint64_t object = used_by(t, place);
        const bool raw = t / kBlock % kBlocks == 1;
        // A raw object and a made one of the same number are two.
        tasks_and_objects.emplace(true, raw ? object | uint64_t{1} << 60 : object);
        if (!raw) next.insert(object / 2);
      }
    }
    level = std::move(next);
  }
  return tasks_and_objects.size();
}

// How long it takes to bring so many ids into order, which is the least that runs can cost.
double sorting_ms(uint64_t ids) {
  std::vector<Uuid> drawn(ids);
  std::mt19937_64 random(5);
  for (Uuid& id : drawn) id = {random(), random()};
  std::vector<Uuid> sorted;
  return least_ms([&] {
    sorted = drawn;
    std::sort(sorted.begin(), sorted.end());
  });
}

void ask(Bench& bench, uint64_t edges, const std::string& size, double budget_ms) {
  Row row{.name = "q06 why, 12 steps, " + size + " edges", .budget_ms = budget_ms};
  const auto fail = [&](const Status& status) {
    row.problem = status.message();
    bench.add(row);
  };
  const std::filesystem::path folder = bench.scratch("why-" + std::to_string(edges));
  {
    const Result<store::Store> made =
        store::Store::open(folder / "store.duckdb", store::OpenMode::kReadWrite);
    if (!made.ok()) return fail(made.status());
    if (const Status filled = make_graph(made->connection(), edges); !filled.ok()) {
      return fail(filled);
    }
  }
  const Result<query::Session> session = query::Session::open(folder);
  if (!session.ok()) return fail(session.status());
  // A task in the last block of a chain, far from both ends.
  const uint64_t chain = (edges / 8 / kBlock) / kBlocks;
  const uint64_t task = (chain * kBlocks) * kBlock + 123;
  const auto id = session->rows("SELECT md5('made' || " + std::to_string(task * 2) + ")::UUID");
  if (!id.ok()) return fail(id.status());
  const std::string subject = id->front()[0].text;
  Row first{.name = "q06 the first why, which makes the runs, " + size,
            .most_times_plain = kMostTimesSorting};
  first.floor = "sorting the ids of all ends";
  first.floor_ms = sorting_ms(2 * edges);
  first.ms = least_ms([&] {
    std::filesystem::remove_all(folder / "lineage");
    const Result<query::Why> why = query::explain(*session, subject, "/");
    first.problem = why.ok() ? "" : why.status().message();
  });
  bench.add(first);
  size_t nodes = 0;
  row.ms = least_ms([&] {
    const Result<query::Why> why = query::explain(*session, subject, "/");
    if (!why.ok()) {
      row.problem = why.status().message();
      return;
    }
    nodes = why->nodes.size();
    if (why->nodes.back().node.distance != 12) row.problem = "it is not 12 steps deep";
  });
  row.rows = nodes;
  if (row.problem.empty() && nodes != nodes_behind(task)) {
    row.problem = std::to_string(nodes) + " nodes instead of " + std::to_string(nodes_behind(task));
  }
  bench.add(row);
}

}  // namespace

void q06_why(Bench& bench) {
  ask(bench, 100'000, "100,000", 50);
  ask(bench, 10'000'000, "10,000,000", 500);
}

}  // namespace headrace::bench
