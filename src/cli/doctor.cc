// headrace doctor
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/checks.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "query/table_builder.h"
#include "query/utf8.h"

namespace headrace::cli {
namespace {

query::ResultTable table_of(const std::vector<Check>& checks) {
  using query::ColumnKind;
  query::TableBuilder table({{"check", ColumnKind::kText, ""},
                             {"state", ColumnKind::kText, ""},
                             {"detail", ColumnKind::kText, ""},
                             {"next", ColumnKind::kText, ""}});
  for (const Check& check : checks) {
    table.text(check.name).text(name_of(check.state)).text(check.detail);
    check.next.empty() ? table.null() : table.text(check.next);
    table.end_row();
  }
  return table.finish();
}

std::string text_of(const std::vector<Check>& checks, bool color) {
  size_t widest = 0;
  for (const Check& check : checks) widest = std::max(widest, check.name.size());
  std::string out;
  for (const Check& check : checks) {
    const char* paint = check.state == CheckState::kFail   ? "\x1b[31m"
                        : check.state == CheckState::kNote ? "\x1b[33m"
                                                           : "\x1b[32m";
    std::string state(name_of(check.state));
    state.resize(4, ' ');
    out += (color ? paint + state + "\x1b[0m" : state) + "  " + check.name +
           std::string(widest - check.name.size() + 2, ' ') + query::terminal_text(check.detail) +
           "\n";
    if (!check.next.empty()) {
      out += std::string(widest + 8, ' ') + "→ " + query::terminal_text(check.next) + "\n";
    }
  }
  return out;
}

int examine(const Output& output, const Program& program) {
  const std::vector<Check> checks = all_checks(program);
  bool failed = false;
  for (const Check& check : checks) failed |= check.state == CheckState::kFail;
  int code = kDone;
  if (output.format() == query::Format::kTable) {
    code = emit_document(program, output, query::Json(),
                         text_of(checks, output.file.empty() && program.color_on_stdout()));
  } else {
    code = emit(program, output, table_of(checks));
  }
  return code == kDone && failed ? kNegative : code;
}

}  // namespace

void add_doctor(CLI::App& app, Program& program) {
  auto output = std::make_shared<Output>();
  CLI::App* verb = add_verb(
      app, "doctor", "Checks the folder, the store, what was lost, and which sensors there are",
      "  headrace doctor              ends with 1 when something is lost or damaged\n"
      "  headrace doctor --json\n");
  add_output_options(verb, *output, false);
  program.runs(verb, [output, &program] { return examine(*output, program); });
}

}  // namespace headrace::cli
