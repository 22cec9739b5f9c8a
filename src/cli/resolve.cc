// headrace resolve --layers MODULE:FACTORY: the Python that measures runs in this process's place.
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/status.h"
#include "cli/commands.h"

namespace headrace::cli {
namespace {

struct Options {
  std::string layers;
  std::string name;
  std::vector<std::string> patterns;
  std::string depth;
  std::string seconds;
  std::string period;
  std::string rounds;
};

// The Python of the active environment, or of the one that this program stands in, or of PATH.
std::string find_python() {
  std::error_code error;
  std::vector<std::filesystem::path> folders;
  if (const char* active = std::getenv("VIRTUAL_ENV"); active != nullptr && *active != 0) {
    folders.push_back(std::filesystem::path(active) / "bin");
  }
  folders.push_back(std::filesystem::read_symlink("/proc/self/exe", error).parent_path());
  for (const std::filesystem::path& folder : folders) {
    const std::filesystem::path python = folder / "python3";
    if (access(python.c_str(), X_OK) == 0) return python.string();
  }
  return "python3";
}

int resolve(const Options& options, const Program& program) {
  std::vector<std::string> words = {find_python(), "-m", "headrace.torch.resolve", "--layers",
                                    options.layers};
  const auto add = [&words](const char* option, const std::string& value) {
    if (value.empty()) return;
    words.emplace_back(option);
    words.push_back(value);
  };
  add("--name", options.name);
  for (const std::string& pattern : options.patterns) add("--pattern", pattern);
  add("--depth", options.depth);
  add("--seconds", options.seconds);
  add("--period", options.period);
  add("--rounds", options.rounds);
  setenv("HEADRACE_DIR", program.root().c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  return program.fail(io_error("cannot run " + words[0], errno)
                          .with_advice("activate the environment that has headrace and PyTorch"));
}

}  // namespace

void add_resolve(CLI::App& app, Program& program) {
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "resolve", "Runs each layer of a PyTorch model alone, so that its energy can be told",
      "  headrace resolve --layers train:make_model               on the shapes of the record\n"
      "  headrace resolve --layers train:make_model --seconds 10  for each layer and phase\n"
      "  headrace lab -- headrace resolve --layers train:make_model\n\n"
      "make_model returns a model, or a tuple of one, its inputs and its keyword arguments.\n"
      "During a training: hr.torch.watch(model, resolve=\"2%\"). docs/layers.md says how.\n");
  verb->add_option("--layers", options->layers, "A function, in a module that Python can import")
      ->type_name("MODULE:FUNCTION")
      ->required();
  verb->add_option("--name", options->name, "The model's name in the record (else its class's)")
      ->type_name("NAME");
  verb->add_option("--pattern", options->patterns, "Only layers whose paths match; may be repeated")
      ->type_name("PATTERN");
  verb->add_option("--depth", options->depth, "Only layers at most so many names deep")
      ->type_name("N");
  verb->add_option("--seconds", options->seconds,
                   "For each layer and phase (default: 20 periods, at least 2)")
      ->type_name("S");
  verb->add_option("--period", options->period,
                   "Of the sensor, in seconds (default: 0.1; headrace sensors shows it)")
      ->type_name("S");
  verb->add_option("--rounds", options->rounds, "Times that each has its turn (default: 4)")
      ->type_name("N");
  program.runs(verb, [options, &program] { return resolve(*options, program); });
}

}  // namespace headrace::cli
