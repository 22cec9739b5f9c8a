// What a question gets: the store, the plain tables beside it, and a stopwatch; and what it gives:
// rows.
//
//   void q03(Bench& bench) {
//     Row row{.name = "q03 filter, top 20", .budget_ms = 20, .most_times_plain = 3};
//     bench.measure(row, "SELECT task_id FROM task WHERE used.lr > 0.5", "SELECT ... plain ...");
//   }
//
// A figure is the least of several runs in this process. Both sides read every row of the answer,
// and the answers must be the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "query/session.h"
#include "store/database.h"

namespace headrace::bench {

struct Row {
  std::string name;
  double budget_ms = 0;
  double most_times_plain = 0;  // 0: no limit
  double ms = 0;
  std::optional<double> floor_ms = std::nullopt;  // of the same question to the plain tables
  std::string floor = "plain typed columns";
  double cpu_ms = 0;  // of this process in the same time, for both
  double floor_cpu_ms = 0;
  uint64_t rows = 0;         // of the answer
  std::string problem = "";  // why the figure is worth nothing; mostly empty
};

class Bench {
 public:
  Bench(const query::Session& session, const store::Connection& plain, std::filesystem::path folder,
        uint64_t tasks)
      : session_(session), plain_(plain), folder_(std::move(folder)), tasks_(tasks) {}

  // Opened on the folded store of the made tasks (made_folder.h).
  const query::Session& session() const { return session_; }
  // To the tables of plain_table.h.
  const store::Connection& plain() const { return plain_; }
  // An empty place for what a question makes for itself; gone at the end.
  std::filesystem::path scratch(const std::string& name) const;
  const std::filesystem::path& root() const { return session_.root(); }
  const std::filesystem::path& plain_file() const { return plain_file_; }
  void set_plain_file(std::filesystem::path file) { plain_file_ = std::move(file); }
  uint64_t tasks() const { return tasks_; }

  // Asks the store `sql` and the plain tables `plain_sql` ("" for nothing to compare with), checks
  // that the answers are equal up to rounding, and adds the row. Both must say their order.
  void measure(Row row, const std::string& sql, const std::string& plain_sql);
  // Prints a row as JSON on stdout, in one line.
  void add(const Row& row);

 private:
  const query::Session& session_;
  const store::Connection& plain_;
  std::filesystem::path folder_;
  std::filesystem::path plain_file_;
  uint64_t tasks_;
};

// The least time of `what` over at least 5 runs and about half a second, in ms; over 2 where they
// take long.
double least_ms(const std::function<void()>& what);

}  // namespace headrace::bench
