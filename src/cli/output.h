// Where an answer goes and in which form: --format, --json, -o, --limit.
#pragma once

#include <cstdint>
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
};

// A table shows this many rows unless --limit says otherwise; other formats give all.
constexpr uint64_t kTableRows = 50;

void add_output_options(CLI::App* verb, Output& output, bool with_limit = true);

// Writes a table of rows as asked; says on stderr what was not shown. Returns the exit code.
int emit(const Program& program, const Output& output, query::ResultTable table);
// Writes a document that is no table: `json` for the JSON formats, else `text`.
int emit_document(const Program& program, const Output& output, const query::Json& json,
                  const std::string& text);

}  // namespace headrace::cli
