#include "cli/output.h"

#include <cerrno>
#include <cstdio>
#include <optional>
#include <unistd.h>
#include <utility>

#include "base/whole_file.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::cli {
namespace {

// A file that takes its name when it is whole, or stdout.
class Destination {
 public:
  static Result<Destination> open(const std::string& file) {
    Destination out;
    if (file.empty() || file == "-") return out;
    Result<WholeFile> opened = WholeFile::open(file);
    if (!opened.ok()) return opened.status();
    out.file_.emplace(std::move(*opened));
    return out;
  }
  Status write(std::string_view bytes) {
    if (file_) return file_->write(bytes) ? Status() : file_->finish();
    return std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() ? Status() : lost();
  }
  Status close() {
    if (file_) return file_->finish();
    return std::fflush(stdout) == 0 ? Status() : lost();
  }

 private:
  static Status lost() { return io_error("cannot write to stdout", errno); }
  std::optional<WholeFile> file_;
};

bool is_stdout(const Output& output) { return output.file.empty() || output.file == "-"; }

}  // namespace

query::Format Output::format() const {
  if (!format_name.empty()) return *query::parse_format(format_name);
  if (json) return query::Format::kJson;
  if (file.ends_with(".csv")) return query::Format::kCsv;
  if (file.ends_with(".json")) return query::Format::kJson;
  if (file.ends_with(".jsonl")) return query::Format::kJsonl;
  if (file.ends_with(".arrow") || file.ends_with(".arrows")) return query::Format::kArrow;
  return query::Format::kTable;
}

void add_output_options(CLI::App* verb, Output& output, bool with_limit) {
  verb->add_option("--format", output.format_name, "table, csv, json, jsonl or arrow")
      ->check(CLI::IsMember({"table", "csv", "json", "jsonl", "arrow"}))
      ->type_name("FORMAT");
  verb->add_flag("--json", output.json, "Short for --format json");
  verb->add_option("-o,--output", output.file, "Write here; its ending chooses the format")
      ->type_name("FILE");
  if (with_limit) {
    verb->add_option("--limit", output.limit, "Rows to give; 0: all (a table shows 50)")
        ->type_name("N");
  }
}

bool Output::is_colored(const Program& program) const {
  return file.empty() && program.color_on_stdout();
}

uint64_t Output::rows() const {
  return limit.value_or(format() == query::Format::kTable ? kTableRows : 0);
}

int emit(const Program& program, const Output& output, query::ResultTable table) {
  return emit_written(program, output, [&](const query::Sink& sink) {
    return query::write_as(output.format(), std::move(table), output.rows(),
                           output.is_colored(program), sink);
  });
}

int emit_written(const Program& program, const Output& output,
                 const std::function<Result<query::Written>(const query::Sink&)>& write) {
  if (output.format() == query::Format::kArrow && is_stdout(output) && isatty(STDOUT_FILENO) == 1) {
    return program.fail(
        invalid_argument("Arrow is bytes, not text; name a file with -o or pipe it on"));
  }
  Result<Destination> to = Destination::open(output.file);
  if (!to.ok()) return program.fail(to.status());
  // CSV holds captured text as it is. Whoever only looks at it is spared what a terminal would do.
  const bool looked_at =
      output.format() == query::Format::kCsv && is_stdout(output) && isatty(STDOUT_FILENO) == 1;
  const Result<query::Written> written = write([&](std::string_view bytes) {
    return to->write(looked_at ? query::terminal_lines(bytes) : bytes);
  });
  if (!written.ok()) return program.fail(written.status());
  if (const Status closed = to->close(); !closed.ok()) return program.fail(closed);
  if (written->has_more) {
    program.say("showing the first " + query::grouped(written->shown) +
                " rows; --limit says how many");
  } else if (written->shown < written->rows) {
    program.say("showing " + query::grouped(written->shown) + " of " +
                query::grouped(written->rows) + "; --limit 0 for all");
  }
  if (written->cut_cells) {
    program.say("cells that end in … are longer; --format csv or json shows them whole");
  }
  if (output.format() == query::Format::kTable && written->rows == 0) program.say("no rows");
  return kDone;
}

int emit_document(const Program& program, const Output& output, const query::Json& json,
                  const std::string& text) {
  const query::Format format = output.format();
  if (format == query::Format::kArrow || format == query::Format::kCsv) {
    return program.fail(invalid_argument("this answer is no table; use --format table or json"));
  }
  Result<Destination> to = Destination::open(output.file);
  if (!to.ok()) return program.fail(to.status());
  const std::string bytes = format == query::Format::kJson    ? json.dump_pretty() + "\n"
                            : format == query::Format::kJsonl ? json.dump() + "\n"
                                                              : text;
  Status status = to->write(bytes);
  if (status.ok()) status = to->close();
  return status.ok() ? kDone : program.fail(status);
}

}  // namespace headrace::cli
