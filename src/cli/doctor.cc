// headrace doctor
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/checks.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "query/table_builder.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::cli {
namespace {

query::ResultTable table_of(const std::vector<Check>& checks) {
  using query::ColumnKind;
  query::TableBuilder table({{"check", ColumnKind::kText, ""},
                             {"state", ColumnKind::kText, ""},
                             {"detail", ColumnKind::kText, ""},
                             {"next", ColumnKind::kText, ""},
                             {"producer", ColumnKind::kText, ""},
                             {"accepted", ColumnKind::kInteger, ""},
                             {"stored", ColumnKind::kInteger, ""},
                             {"spooled", ColumnKind::kInteger, ""},
                             {"quarantined", ColumnKind::kInteger, ""},
                             {"dropped", ColumnKind::kInteger, ""},
                             {"missing", ColumnKind::kInteger, ""}});
  for (const Check& check : checks) {
    table.text(check.name).text(name_of(check.state)).text(check.detail);
    check.next.empty() ? table.null() : table.text(check.next);
    if (check.account) {
      const Account& a = *check.account;
      table.text(a.producer).integer(a.accepted).integer(a.stored).integer(a.spooled);
      table.integer(a.quarantined).integer(a.dropped).integer(a.missing);
    }
    table.end_row();
  }
  return table.finish();
}

// "process   accepted = stored + ...", a line each, the numbers under their names; then what the
// terms that are not zero mean. Those that add up without loss are cut short.
constexpr size_t kQuietLines = 10;

std::string accounts_text(const std::vector<const Account*>& accounts) {
  std::vector<std::vector<std::string>> lines = {{"process", "state", "accepted", "= stored",
                                                  "+ spooled", "+ quarantined", "+ dropped",
                                                  "+ missing"}};
  std::string meanings;
  size_t quiet = 0;
  for (const Account* a : accounts) {
    if (a->is_whole() && ++quiet > kQuietLines) continue;
    std::vector<std::string> line = {query::terminal_text(a->process), a->state};
    for (const int64_t n :
         {a->accepted, a->stored, a->spooled, a->quarantined, a->dropped, a->missing}) {
      line.push_back(query::grouped(static_cast<uint64_t>(std::max<int64_t>(n, 0))));
    }
    lines.push_back(std::move(line));
    for (const std::string& sentence : explain(*a)) {
      meanings += "  " + query::terminal_text(a->process + ": " + sentence) + "\n";
    }
  }
  std::vector<size_t> widths(lines[0].size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out = "\n";
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string pad(widths[i] - line[i].size(), ' ');
      out += i < 2 ? line[i] + pad + "  " : pad + line[i] + (i + 1 < line.size() ? "  " : "\n");
    }
  }
  if (quiet > kQuietLines) {
    out += "and " + query::grouped(quiet - kQuietLines) + " more that add up without loss\n";
  }
  return out + meanings;
}

std::string text_of(const std::vector<Check>& checks, bool color) {
  size_t widest = 0;
  std::vector<const Account*> accounts;
  for (const Check& check : checks) widest = std::max(widest, check.name.size());
  std::string out;
  for (const Check& check : checks) {
    if (check.account) {
      accounts.push_back(&*check.account);
      continue;
    }
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
  return accounts.empty() ? out : out + accounts_text(accounts);
}

int examine(const Output& output, bool redrive, const Program& program) {
  const std::vector<Check> checks = all_checks(program, redrive);
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
      "  headrace doctor --json\n"
      "  headrace doctor --redrive    tries what lies in quarantine once more\n");
  add_output_options(verb, *output, false);
  auto redrive = std::make_shared<bool>(false);
  verb->add_flag("--redrive", *redrive, "Try the records in quarantine once more");
  program.runs(verb, [output, redrive, &program] { return examine(*output, *redrive, program); });
}

}  // namespace headrace::cli
