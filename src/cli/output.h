// Where an answer goes and in which form: --format, --json, -o, --limit.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/program.h"
#include "query/write.h"

namespace headrace::cli {

struct Output {
  std::string format_name;  // --format
  bool json = false;        // --json
  std::string file;         // -o; "" or "-": stdout
  std::optional<uint64_t> limit;

  // --format, else --json, else by the file's ending, else a table.
  query::Format format() const;
  // --limit, else kTableRows of a table; 0: all.
  uint64_t rows() const;
  bool is_colored(const Program& program) const;
};

// A table shows this many rows unless --limit says otherwise; other formats give all.
constexpr uint64_t kTableRows = 50;

void add_output_options(CLI::App* verb, Output& output, bool with_limit = true);

// Writes a table of rows as asked; says on stderr what was not shown. Returns the exit code.
int emit(const Program& program, const Output& output, query::ResultTable table);
// The same of rows that `write` hands to the sink it gets.
int emit_written(const Program& program, const Output& output,
                 const std::function<Result<query::Written>(const query::Sink&)>& write);
// Writes a document that is no table: `json` for the JSON formats, else `text`.
int emit_document(const Program& program, const Output& output, const query::Json& json,
                  const std::string& text);

}  // namespace headrace::cli
