// SQL from somebody who is not trusted with this process, its files or its memory: run by a process
// of its own that may read one store and nothing else, within limits that the kernel keeps.
//
//   LimitedQueries queries("/proc/self/exe", 2);
//   Result<LimitedAnswer> answer =
//       queries.run({.root = ".headrace", .sql = "FROM task", .format = Format::kJson}, {});
//   if (answer.ok()) send(answer->bytes);
//
// The process is the same program started anew (limited_child.h), because a process with threads
// cannot go on after fork. DuckDB's own switches refuse files, extensions and settings, but its
// memory limit and its interrupt do not hold for every query; so the child's address space, CPU
// time, files and system calls are bounded, and it is killed when its time is over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "base/status.h"
#include "query/write.h"

namespace headrace::store {
class Interrupt;
}

namespace headrace::query {

struct QueryLimits {
  int64_t wall_ms = 10'000;  // from the start of the process; then it is killed
  int64_t cpu_s = 20;        // of all its threads; holds when this process is stopped too
  uint64_t memory_bytes = 1'000'000'000;  // its address space, program included; at least 256 MB
  uint64_t rows = 100'000;                // the answer ends there, and says that there are more
  uint64_t answer_bytes = 32'000'000;
  uint64_t text_bytes = 64'000;  // of the SQL and the filter
  int threads = 2;
  int64_t wait_ms = 5'000;  // for a store that is being folded into, at most half of wall_ms
};

struct LimitedQuestion {
  std::filesystem::path root;  // a folder `.headrace`
  std::string sql;             // one SELECT, as Session::sql takes it; "" with a filter: FROM task
  std::string filter;          // "" or what `task` is narrowed to (docs/filter.md)
  Format format = Format::kJson;
  bool color = false;  // of a table
  // Instead of the format: an object of the members that table_json.h has.
  bool in_columns = false;
};

struct LimitedAnswer {
  std::string bytes;  // in the format asked for
  Written written;    // has_more: the limit of rows was reached
  // For a person: what the store's own note says, or which guard this machine lacks. Mostly empty.
  std::string note;
};

// Thread-safe; the threads of a server share one.
class LimitedQueries {
 public:
  // `program`: an executable whose main() calls limited_child(). `at_once`: how many questions may
  // run at one time; one more is refused with kUnavailable.
  LimitedQueries(std::filesystem::path program, int at_once);

  // Waits for the answer, at most limits.wall_ms and a moment. The store is opened read-only, as it
  // stands after its last fold; while another process folds into it, the child waits as long as
  // it may, then says which process it is. Errors: those of Session::open and
  // Session::sql; kExhausted when a limit was reached, with which one and what to do;
  // kInvalidArgument for a text that is too long; kUnavailable when too many run already.
  // Once `interrupt` (may be null) is stopped, the process is killed: kUnavailable.
  Result<LimitedAnswer> run(const LimitedQuestion& question, const QueryLimits& limits,
                            store::Interrupt* interrupt = nullptr);

 private:
  std::filesystem::path program_;
  int at_once_;
  std::mutex mutex_;
  int running_ = 0;
};

}  // namespace headrace::query
