// Makes a store of many tasks, asks it questions and prints a JSON object a row.
//   headrace_bench_query [--tasks N] [--only q03] [--folder DIR]
// With --folder the store is made there and stays; if it is there already, it is asked at once.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

#include "made_folder.h"
#include "plain_table.h"
#include "questions.h"

namespace headrace::bench {
namespace {

namespace fs = std::filesystem;

struct Options {
  uint64_t tasks = 1'000'000;
  std::string only;
  fs::path folder;
};

int fail(const Status& status) {
  std::fprintf(stderr, "bench query: %s\n", status.message().c_str());
  return 1;
}

Status make(const fs::path& folder, uint64_t tasks) {
  const fs::path plain = folder / "plain.duckdb";
  if (fs::exists(plain)) return {};
  Result<MadeFolder> made = make_folder(folder, tasks);
  if (!made.ok()) return made.status();
  const auto n = static_cast<double>(tasks);
  std::printf(
      "{\"row\": \"ingest\", \"tasks\": %llu, \"tasks_per_s\": %.0f, "
      "\"energy_s\": %.2f, \"segment_bytes_per_task\": %.1f, \"store_bytes_per_task\": %.1f}\n",
      static_cast<unsigned long long>(tasks), n / made->fold_s, made->energy_s,
      static_cast<double>(made->segment_bytes) / n,
      static_cast<double>(fs::file_size(made->root / "store.duckdb")) / n);
  std::fflush(stdout);
  HEADRACE_RETURN_IF_ERROR(make_plain_tables(folder / "plain.making", tasks, made->root));
  fs::rename(folder / "plain.making", plain);
  return {};
}

int ask(const fs::path& folder, const Options& options) {
  if (const Status made = make(folder, options.tasks); !made.ok()) return fail(made);
  Result<query::Session> session = query::Session::open(folder / ".headrace");
  if (!session.ok()) return fail(session.status());
  store::DatabaseOptions read_only;
  read_only.mode = store::OpenMode::kReadOnly;
  Result<store::Database> plain = store::Database::open(folder / "plain.duckdb", read_only);
  if (!plain.ok()) return fail(plain.status());
  Result<store::Connection> connection = plain->connect();
  if (!connection.ok()) return fail(connection.status());
  Bench bench(*session, *connection, folder, options.tasks);
  bench.set_plain_file(folder / "plain.duckdb");
  for (const Question& question : kQuestions) {
    if (options.only.empty() || options.only == question.id) question.ask(bench);
  }
  return 0;
}

int run(const Options& options) {
  if (!options.folder.empty()) {
    fs::create_directories(options.folder);
    return ask(options.folder, options);
  }
  std::string pattern = (fs::temp_directory_path() / "headrace-bench-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return 1;
  const int code = ask(pattern, options);
  fs::remove_all(pattern);
  return code;
}

}  // namespace
}  // namespace headrace::bench

int main(int argc, char** argv) {
  headrace::bench::Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--tasks") == 0) {
      options.tasks = std::strtoull(argv[i + 1], nullptr, 10);
    }
    if (std::strcmp(argv[i], "--only") == 0) options.only = argv[i + 1];
    if (std::strcmp(argv[i], "--folder") == 0) options.folder = argv[i + 1];
  }
  return headrace::bench::run(options);
}
