#include "bench.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "base/clock.h"
#include "store/result.h"

namespace headrace::bench {
namespace {

// An answer, for comparing: text and numbers of every cell.
struct Answer {
  std::vector<std::vector<query::Cell>> rows;
  std::string problem;
};

Answer ask(const query::Session& session, const std::string& sql) {
  Result<std::vector<std::vector<query::Cell>>> rows = session.rows(sql);
  if (!rows.ok()) return {{}, rows.status().message()};
  return {std::move(*rows), ""};
}

// Reads an answer without making anything of it.
std::string read_through(const query::Session& session, const std::string& sql) {
  Result<query::ResultTable> table = session.sql(sql);
  if (!table.ok()) return table.status().message();
  for (;;) {
    Result<bool> more = table->next();
    if (!more.ok()) return more.status().message();
    if (!*more) return "";
  }
}

std::string read_through(const store::Connection& connection, const std::string& sql) {
  Result<store::QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return rows.status().message();
  while (rows->next()) {
  }
  return "";
}

// The plain side's cells in the same form.
Answer ask(const store::Connection& connection, const std::string& sql) {
  Answer out;
  Result<store::QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return {{}, rows.status().message()};
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      auto& cells = out.rows.emplace_back();
      for (size_t i = 0; i < c.columns(); ++i) {
        query::Cell cell;
        cell.is_null = c.is_null(i, r);
        switch (rows->columns()[i].type) {
          case DUCKDB_TYPE_VARCHAR: cell.text = c.text(i, r); break;
          case DUCKDB_TYPE_UUID: cell.text = c.uuid(i, r).text(); break;
          case DUCKDB_TYPE_TIMESTAMP_NS: cell.time_ns = c.time_ns(i, r); break;
          default:
            cell.is_exact_number = true;
            cell.real = c.real(i, r);
            break;
        }
        cells.push_back(std::move(cell));
      }
    }
  }
  return out;
}

bool is_same(const query::Cell& a, const query::Cell& plain) {
  if (a.is_null || plain.is_null) return a.is_null == plain.is_null;
  if (plain.is_exact_number) {
    return std::abs(a.real - plain.real) <= 1e-9 * std::max(1.0, std::abs(plain.real));
  }
  return plain.text.empty() ? a.time_ns == plain.time_ns : a.text == plain.text;
}

std::string difference(const Answer& ours, const Answer& plain) {
  if (ours.rows.size() != plain.rows.size()) {
    return std::to_string(ours.rows.size()) + " rows, plain tables " +
           std::to_string(plain.rows.size());
  }
  for (size_t r = 0; r < ours.rows.size(); ++r) {
    if (ours.rows[r].size() != plain.rows[r].size()) return "other columns than the plain tables";
    for (size_t i = 0; i < ours.rows[r].size(); ++i) {
      if (is_same(ours.rows[r][i], plain.rows[r][i])) continue;
      return "row " + std::to_string(r + 1) + ", column " + std::to_string(i + 1) + ": " +
             ours.rows[r][i].text + " instead of " + plain.rows[r][i].text +
             std::to_string(plain.rows[r][i].real);
    }
  }
  return "";
}

}  // namespace

namespace {

// The least times of several runs: by the clock, and of this process's CPUs, which other programs
// on the machine disturb less.
struct Least {
  double ms = 0;
  double cpu_ms = 0;
};

Least least(const std::function<void()>& what) {
  constexpr int64_t kEnough_ns = 500'000'000;
  constexpr int kLeastRuns = 5;
  constexpr int64_t kLong_ns = 3'000'000'000;  // what takes so long is not disturbed for all of it
  int64_t least_ns = std::numeric_limits<int64_t>::max();
  int64_t least_cpu_ns = least_ns;
  const int64_t from_ns = now_monotonic_ns();
  for (int run = 0; run < kLeastRuns || now_monotonic_ns() - from_ns < kEnough_ns; ++run) {
    if (run > 1 && now_monotonic_ns() - from_ns > kLong_ns) break;
    const int64_t begin_ns = now_monotonic_ns();
    const int64_t begin_cpu_ns = read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    what();
    least_ns = std::min(least_ns, now_monotonic_ns() - begin_ns);
    least_cpu_ns = std::min(least_cpu_ns, read_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu_ns);
  }
  return {static_cast<double>(least_ns) / 1e6, static_cast<double>(least_cpu_ns) / 1e6};
}

}  // namespace

double least_ms(const std::function<void()>& what) { return least(what).ms; }

std::filesystem::path Bench::scratch(const std::string& name) const {
  const std::filesystem::path out = folder_ / name;
  std::filesystem::create_directories(out);
  return out;
}

void Bench::measure(Row row, const std::string& sql, const std::string& plain_sql) {
  const Answer ours = ask(session_, sql);
  row.problem = ours.problem;
  row.rows = ours.rows.size();
  if (!plain_sql.empty() && row.problem.empty()) {
    const Answer plain = ask(plain_, plain_sql);
    row.problem = plain.problem.empty() ? difference(ours, plain) : plain.problem;
    const Least floor = least([&] { row.problem += read_through(plain_, plain_sql); });
    row.floor_ms = floor.ms;
    row.floor_cpu_ms = floor.cpu_ms;
  }
  if (row.problem.empty()) {
    const Least ours_took = least([&] { row.problem += read_through(session_, sql); });
    row.ms = ours_took.ms;
    row.cpu_ms = ours_took.cpu_ms;
  }
  add(row);
}

void Bench::add(const Row& row) {
  std::string line = "{\"row\": \"" + row.name + "\", \"tasks\": " + std::to_string(tasks_);
  const auto number = [&line](const char* name, double value) {
    char text[64];
    std::snprintf(text, sizeof text, ", \"%s\": %.3f", name, value);
    line += text;
  };
  number("ms", row.ms);
  if (row.cpu_ms > 0) number("cpu_ms", row.cpu_ms);
  if (row.floor_cpu_ms > 0) number("floor_cpu_ms", row.floor_cpu_ms);
  if (row.budget_ms > 0) number("budget_ms", row.budget_ms);
  if (row.floor_ms) {
    line += ", \"floor\": \"" + row.floor + "\"";
    number("floor_ms", *row.floor_ms);
    number("ratio", row.ms / *row.floor_ms);
  }
  if (row.most_times_plain > 0) number("most_ratio", row.most_times_plain);
  line += ", \"rows\": " + std::to_string(row.rows);
  if (!row.problem.empty()) {
    std::string escaped;
    for (const char c : row.problem) {
      if (c == '"' || c == '\\') escaped += '\\';
      escaped += c == '\n' ? ' ' : c;
    }
    line += ", \"problem\": \"" + escaped + "\"";
  }
  std::printf("%s}\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace headrace::bench
