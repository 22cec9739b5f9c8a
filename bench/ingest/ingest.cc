// Folds a million tasks from segments into a store and writes the same columns with DuckDB's bare
// chunk appender in the same run.
//   headrace_bench_ingest [--tasks N] [--check]
// --check fails below 60 % of the appender's rate, above 100 bytes a task or 512 MiB, where a fold
// of nothing new takes more than 20 ms, and where the door for foreign records takes fewer than 40
// % of the tasks a second that the fold does or keeps more than 43 bytes a task.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "collect/fold.h"
#include "collect/spool_fixture.h"
#include "door.h"
#include "store/appender.h"
#include "store/registry.h"

namespace headrace {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kActivities = 200;
constexpr uint64_t kWorkflows = 1000;
constexpr int kFloats = 8;

// 4 used and 4 generated random doubles a task; of each role two keys are the activity's own and
// two come from twenty that activities share, as in bench/query.
std::vector<collect::ShapeField> fields_of(uint64_t activity) {
  std::vector<collect::ShapeField> out;
  for (const Role role : {Role::kUsed, Role::kGenerated}) {
    for (int i = 0; i < 4; ++i) {
      const uint64_t shared = i == 2 ? activity % 20 : (7 * activity + 3) % 20;
      const std::string name = i < 2 ? "own" + std::to_string(activity) + "_" + std::to_string(i)
                                     : "shared" + std::to_string(shared);
      out.push_back({name, role, ValueTag::kFloat});
    }
  }
  return out;
}

void make_segments(const Directory& directory, uint64_t tasks) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform;
  collect::SpoolFixture producer(directory, draw_producer());
  producer.frame_bytes = kMaxPayloadBytes;
  producer.describe(
      {{"host", "bench"}, {"pid", "1"}, {"ended", "clean"}, {"records", std::to_string(tasks)}});
  std::vector<uint32_t> activities;
  std::vector<uint32_t> shapes;
  std::vector<uint32_t> workflows;
  for (uint64_t a = 0; a < kActivities; ++a) {
    activities.push_back(producer.activity("activity " + std::to_string(a)));
    shapes.push_back(producer.shape(fields_of(a)));
  }
  for (uint64_t w = 0; w < kWorkflows; ++w) {
    workflows.push_back(producer.workflow_id(random_uuid()));
  }
  std::vector<collect::CellValue> cells(kFloats);
  uint64_t ticks = 0;
  for (uint64_t i = 0; i < tasks; ++i) {
    for (collect::CellValue& cell : cells) cell = collect::cell_of(uniform(random));
    const uint64_t activity = random() % kActivities;
    producer.task({.activity = activities[activity],
                   .workflow = workflows[i * kWorkflows / tasks],
                   .number = (uint64_t{1} << 40) + i + 1,
                   .begin = ticks,
                   .end = ticks + 1 + random() % 1'000'000,
                   .shape = shapes[activity],
                   .cells = cells});
    ticks += 10'000 + random() % 1000;
    if ((i + 1) % 200'000 == 0 || i + 1 == tasks) {
      producer.clock(ticks);
      producer.seal();
    }
  }
}

// The columns that the fold fills, `exclusive` ones of keys of their own among them, with as many
// random doubles, straight into a table. With one thread of DuckDB's, as the fold: two take longer.
double bare_appender_s(const fs::path& file, uint64_t tasks, size_t exclusive) {
  store::StoreOptions options;
  options.threads = 1;
  Result<store::Store> store = store::Store::open(file, store::OpenMode::kReadWrite, options);
  if (!store.ok()) std::abort();
  const store::Connection& c = store->connection();
  for (size_t i = 0; i < exclusive; ++i) {
    if (!c.run("ALTER TABLE task_slots ADD COLUMN x" + std::to_string(i) + " DOUBLE").ok()) {
      std::abort();
    }
  }
  constexpr size_t kFirstExclusive = 11 + 32;
  std::vector<double> random(1 << 16);
  std::mt19937_64 source(11);
  std::uniform_real_distribution<double> uniform;
  for (double& v : random) v = uniform(source);
  const int64_t begin_ns = now_monotonic_ns();
  for (uint64_t i = 0; i < tasks;) {
    Result<store::Transaction> transaction = store::Transaction::begin(c);
    Result<store::Appender> rows = store::Appender::open(c, "task_slots");
    if (!transaction.ok() || !rows.ok()) std::abort();
    for (uint64_t n = 0; n < 122'880 && i < tasks; ++n, ++i) {
      if (!rows->next_row().ok()) std::abort();
      rows->set(0, uint32_t{1});
      rows->set(1, static_cast<int64_t>(i));
      rows->set(2, static_cast<uint32_t>(i * kWorkflows / tasks));
      rows->set(3, static_cast<uint32_t>(i % kActivities));
      rows->set(4, static_cast<uint32_t>(i % kActivities));
      rows->set(5, collect::kEpoch_ns + static_cast<int64_t>(i) * 10'000);
      rows->set(6, static_cast<int64_t>(i * 7919 % 1'000'000));
      rows->set(7, uint8_t{2});
      rows->set(8, uint8_t{0});
      for (size_t slot = 0; slot < kFloats; ++slot) {
        const size_t column = slot % 2 == 0 || exclusive == 0
                                  ? 11 + slot
                                  : kFirstExclusive + (i * 7919 + slot) % exclusive;
        rows->set(column, random[(i * kFloats + slot) % random.size()]);
      }
    }
    if (!rows->close().ok() || !transaction->commit().ok()) std::abort();
  }
  return static_cast<double>(now_monotonic_ns() - begin_ns) / 1e9;
}

// The least of ten: what is asked for is what it costs, not how busy the machine is.
template <typename What>
double least_ms(What&& what) {
  int64_t least_ns = INT64_MAX;
  for (int i = 0; i < 10; ++i) {
    const int64_t begin_ns = now_monotonic_ns();
    what();
    least_ns = std::min(least_ns, now_monotonic_ns() - begin_ns);
  }
  return static_cast<double>(least_ns) / 1e6;
}

int run(uint64_t tasks, bool check) {
  std::string pattern = (fs::temp_directory_path() / "headrace-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 1;
  const Directory directory{fs::path(pattern) / ".headrace"};
  // In a process of its own, whose memory is not the fold's.
  if (const pid_t maker = fork(); maker == 0) {
    make_segments(directory, tasks);
    _exit(0);
  } else if (int status = 0; waitpid(maker, &status, 0) != maker || status != 0) {
    return 1;
  }
  uint64_t made_bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory.spool())) {
    made_bytes += entry.file_size();
  }
  double fold_s = 0;
  double idle_ms = 0;
  double again_ms = 0;
  uint64_t stored_bytes = 0;
  size_t exclusive = 0;
  bool right = false;
  {
    Result<store::Store> store = store::Store::open(directory.store(), store::OpenMode::kReadWrite);
    if (!store.ok()) std::abort();
    Result<collect::FoldReport> report = collect::fold(directory, *store);
    if (!report.ok()) {
      std::fprintf(stderr, "%s\n", report.status().message().c_str());
      return 1;
    }
    fold_s = static_cast<double>(report->elapsed_ns) / 1e9;
    right = report->tasks == tasks && report->quarantined == 0 &&
            store->connection().integer("SELECT count(*) FROM task_slots").value_or(0) ==
                static_cast<int64_t>(tasks);
    idle_ms =
        least_ms([&] { right = right && collect::nothing_new(directory, *store).value_or(false); });
    again_ms = least_ms([&] { right = right && collect::fold(directory, *store).ok(); });
    const Result<store::Registry> registry = store::Registry::load(store->connection());
    if (!registry.ok()) std::abort();
    exclusive = registry->exclusive_columns().size();
    if (!store->connection().run("CHECKPOINT").ok()) std::abort();
  }
  stored_bytes = fs::file_size(directory.store());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double peak_mib = static_cast<double>(usage.ru_maxrss) / 1024;
  const double bare_s = bare_appender_s(directory.root / "bare.duckdb", tasks, exclusive);
  const uint64_t foreign_tasks = std::max<uint64_t>(tasks / 5, 1);
  const DoorFigures door =
      measure_door({directory.root / "foreign" / ".headrace"}, foreign_tasks, kFloats / 2);
  const auto n = static_cast<double>(tasks);
  const double door_share = door.tasks_per_s * fold_s / n;
  right = right && door.is_right;
  const double share = bare_s / fold_s;
  const double stored_per_task = static_cast<double>(stored_bytes) / n;
  std::printf("q01 ingest of %llu tasks, 4 used and 4 generated doubles, 200 activities%s\n",
              static_cast<unsigned long long>(tasks), right ? "" : "  WRONG RESULT");
  std::printf("  segments to store     %8.0f tasks/s\n", n / fold_s);
  std::printf("  bare chunk appender   %8.0f tasks/s   the fold reaches %.0f %% of it\n",
              n / bare_s, 100 * share);
  std::printf("  spool                 %8.1f bytes a task\n", static_cast<double>(made_bytes) / n);
  std::printf("  store                 %8.1f bytes a task\n", stored_per_task);
  std::printf("  peak memory           %8.0f MiB\n", peak_mib);
  std::printf("  a fold of nothing new %8.2f ms; the look that says so %.2f ms\n", again_ms,
              idle_ms);
  std::printf("  door for foreign ones %8.0f tasks/s   %.0f %% of the fold; told again %.0f\n",
              door.tasks_per_s, 100 * door_share, door.again_per_s);
  std::printf("  it keeps in memory    %8.1f bytes a task, of %llu\n", door.bytes_per_task,
              static_cast<unsigned long long>(foreign_tasks));
  fs::remove_all(pattern);
  if (!right) return 1;
  const bool is_over = door_share < 0.4 || door.bytes_per_task > 43 || share < 0.6 ||
                       stored_per_task > 100 || peak_mib > 512 || std::max(again_ms, idle_ms) > 20;
  return check && is_over ? 1 : 0;
}

}  // namespace
}  // namespace headrace

int main(int argc, char** argv) {
  uint64_t tasks = 1'000'000;
  bool check = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--check") == 0) check = true;
    if (std::strcmp(argv[i], "--tasks") == 0 && i + 1 < argc) {
      tasks = std::strtoull(argv[++i], nullptr, 10);
    }
  }
  return headrace::run(tasks, check);
}
