#include "cli/program.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <utility>

#include "query/utf8.h"
#include "spool/directory.h"

namespace headrace::cli {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

ExitCode exit_code_of(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk: return kDone;
    case StatusCode::kInvalidArgument: return kUsage;
    case StatusCode::kNotFound: return kNotFound;
    case StatusCode::kCorrupt:
    case StatusCode::kUnsupported: return kCorrupt;
    case StatusCode::kUnavailable:
    case StatusCode::kIo:
    case StatusCode::kExhausted: return kUnreachable;
  }
  return kUnreachable;
}

std::filesystem::path Program::root() const {
  if (directory.empty()) return find_directory().root;
  std::error_code error;
  const std::filesystem::path named = std::filesystem::absolute(directory, error);
  if (error) return directory;
  // The folder itself, or one that holds it.
  const std::filesystem::path inside = named / ".headrace";
  if (named.filename() != ".headrace" && std::filesystem::exists(inside, error)) return inside;
  return named.lexically_normal();
}

void Program::say(std::string_view text) const {
  if (quiet) return;
  std::fprintf(stderr, "%s\n", query::terminal_lines(text).c_str());
}

int Program::fail(const Status& status) const {
  std::fprintf(stderr, "headrace: %s\n", query::terminal_lines(status.message()).c_str());
  return exit_code_of(status);
}

bool Program::color_on_stdout() const {
  if (color == "always") return true;
  if (color == "never" || is_set("NO_COLOR")) return false;
  const char* terminal = std::getenv("TERM");
  return isatty(STDOUT_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

void Program::runs(CLI::App* verb, std::function<int()> what) {
  verb->callback([this, what = std::move(what)] { what_ = what; });
}

CLI::App* add_verb(CLI::App& app, const std::string& name, const std::string& does,
                   const std::string& examples) {
  CLI::App* verb = app.add_subcommand(name, does);
  verb->fallthrough();
  verb->preparse_callback([verb, does, examples](size_t) {
    // In the list of verbs the sentence stands alone; in its own help the examples come first.
    verb->description(does + "\n\nExamples:\n" + examples);
  });
  return verb;
}

void end_on_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(kInterrupted); };
  sigaction(SIGINT, &action, nullptr);
}

}  // namespace headrace::cli
