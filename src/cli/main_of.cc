#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "query/nearest.h"
#include "query/utf8.h"
#include "run/run_program.h"

namespace headrace::cli {
namespace {

constexpr const char* kExamples =
    "Captures what programs do and cost, and answers questions about it.\n\n"
    "Examples:\n"
    "  headrace run -- python train.py        capture any program, unchanged\n"
    "  headrace ls                            campaigns, workflows and tasks\n"
    "  headrace tradeoff sweep --quality loss --cost energy\n"
    "  headrace why best.pt                   what a file was made from, by what, at what cost\n"
    "  headrace query \"SELECT activity, count(*) FROM task GROUP BY 1\"\n";

// The verb on the command line: the first word that is neither an option nor an option's value.
std::string_view verb_of(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--dir" || word == "--color") {
      ++i;
    } else if (word.empty() || word[0] != '-') {
      return word;
    }
  }
  return {};
}

// Where the command of `headrace run` or `headrace lab` begins: after `--`, or at the first word
// that is neither an option of ours nor its value. What stands there is the command's, whatever it
// looks like.
int command_index(int argc, const char* const* argv, const CLI::App& app, const CLI::App& run) {
  int i = 1;
  while (i < argc && std::string_view(argv[i]) != run.get_name()) ++i;
  for (++i; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--") return i + 1;
    if (word.empty() || word[0] != '-') return i;
    const CLI::Option* option = run.get_option_no_throw(word);
    if (option == nullptr) option = app.get_option_no_throw(word);
    if (option != nullptr && option->get_items_expected_max() > 0) ++i;
  }
  return argc;
}

int usage(const std::string& message, const std::string& verb) {
  std::fprintf(stderr, "headrace: %s\nSee headrace %s--help.\n",
               query::terminal_lines(message).c_str(), verb.empty() ? "" : (verb + " ").c_str());
  return kUsage;
}

// CLI11's sentences, without its capitals and full stops in odd places.
std::string said(const CLI::ParseError& error) {
  std::string text = error.what();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

int main_of(int argc, const char* const* argv) {
  Program program;
  CLI::App app(kExamples, "headrace");
  app.set_version_flag("-V,--version", "headrace " HEADRACE_VERSION);
  app.set_help_flag("-h,--help", "Show this and end");
  app.add_option("--dir", program.directory,
                 "The folder .headrace, or the one that holds it "
                 "(default: HEADRACE_DIR, else the nearest upward)")
      ->type_name("DIR");
  app.add_flag("-q,--quiet", program.quiet, "No messages but errors");
  app.add_option("--color", program.color, "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("WHEN");
  app.require_subcommand(0, 1);
  std::vector<std::string> verbs;
  for (const AddCommand add : kCommands) add(app, program);
  for (const CLI::App* verb : app.get_subcommands({})) verbs.push_back(verb->get_name());

  const std::string verb(verb_of(argc, argv));
  bool known = verb.empty();
  for (const std::string& name : verbs) known |= name == verb;
  if (!known) {
    const auto near = query::nearest_names(verb, verbs);
    return usage(
        "there is no command " + verb +
            (near.empty() ? "; there are " + query::listed(verbs, 20) : query::did_you_mean(near)),
        "");
  }
  int own = argc;
  if (verb == "run" || verb == "lab") {
    own = command_index(argc, argv, app, *app.get_subcommand(verb));
    program.command.assign(argv + own, argv + argc);
    if (own < argc && std::string_view(argv[own - 1]) == "--") --own;
  }
  try {
    app.parse(own, argv);
  } catch (const CLI::CallForHelp&) {
    CLI::App* asked = verb.empty() ? &app : app.get_subcommand(verb);
    std::fputs((verb.empty() ? app.help() : asked->help("headrace")).c_str(), stdout);
    return kDone;
  } catch (const CLI::CallForVersion& version) {
    std::printf("%s\n", version.what());
    return kDone;
  } catch (const CLI::ParseError& error) {
    // What wraps a program keeps the program's exit codes free.
    return usage(said(error), verb) == kUsage && verb == "run" ? run::kRunFailed : kUsage;
  }
  if (verb.empty()) {
    std::fputs(app.help().c_str(), stdout);
    return kDone;
  }
  return program.run();
}

}  // namespace headrace::cli
