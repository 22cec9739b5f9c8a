#include "cli/rerun.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <map>
#include <sys/wait.h>
#include <system_error>

#include "base/clock.h"
#include "base/sha256.h"
#include "cli/rerun_environment.h"
#include "collect/open.h"
#include "query/session.h"
#include "run/command_output.h"
#include "run/spawn.h"
#include "spool/directory.h"

namespace headrace::cli {
namespace {

namespace fs = std::filesystem;
using query::RecordedFile;
using query::Reproduction;

constexpr int64_t kGitLimitNs = 120'000'000'000;

bool lies_in(const std::string& path, const std::string& folder) {
  return path.size() > folder.size() && path.compare(0, folder.size(), folder) == 0 &&
         path[folder.size()] == '/';
}

Status git(std::vector<std::string> words) {
  words.insert(words.begin(), "git");
  const Result<run::CommandOutput> output =
      run::output_of(words, {"GIT_TERMINAL_PROMPT=0"}, now_monotonic_ns() + kGitLimitNs, 1 << 20);
  if (!output.ok()) return output.status();
  if (output->exit_code == 0) return {};
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return Status(StatusCode::kIo, text + " ended with " + std::to_string(output->exit_code) +
                                     "; the commit or its repository may be gone");
}

Status copy_beside(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to.parent_path(), error);
  if (!error)
    fs::copy(from, to, fs::copy_options::overwrite_existing | fs::copy_options::recursive, error);
  return error ? Status(StatusCode::kIo, "cannot copy " + from.string() + " to " + to.string() +
                                             ": " + error.message())
               : Status();
}

// A program and what it is given, as a shell would read it: words, '...' and \ as run::quoted
// writes them.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  bool inside = false;
  bool quoted = false;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (!quoted && c == ' ') {
      inside = false;
      continue;
    }
    if (!inside) words.emplace_back();
    inside = true;
    if (c == '\'') {
      quoted = !quoted;
    } else if (!quoted && c == '\\' && i + 1 < command.size()) {
      words.back() += command[++i];
    } else {
      words.back() += c;
    }
  }
  return words;
}

class Stage {
 public:
  Stage(const Reproduction& what, const RerunOptions& options)
      : what_(what), options_(options), project_(options.folder / "project") {}

  Status prepare() {
    HEADRACE_RETURN_IF_ERROR(check());
    std::error_code error;
    if (fs::exists(options_.folder, error) && !fs::is_empty(options_.folder, error)) {
      return invalid_argument(options_.folder.string() + " is not empty; name a fresh folder");
    }
    fs::create_directories(options_.folder, error);
    if (error) {
      return Status(StatusCode::kIo,
                    "cannot make " + options_.folder.string() + ": " + error.message());
    }
    if (!what_.commit.empty()) {
      // Nothing is written into the repository that the code comes from.
      HEADRACE_RETURN_IF_ERROR(
          git({"clone", "--quiet", "--no-checkout", "--shared", what_.git_root, project_}));
      HEADRACE_RETURN_IF_ERROR(
          git({"-C", project_, "checkout", "--quiet", "--detach", what_.commit}));
      if (!what_.diff.empty()) {
        HEADRACE_RETURN_IF_ERROR(
            git({"-C", project_, "apply", "--whitespace=nowarn", fs::absolute(what_.diff)}));
      }
    }
    for (const std::vector<RecordedFile>* files : {&what_.code, &what_.inputs}) {
      for (const RecordedFile& file : *files) {
        if (!lies_in(file.path, what_.root())) continue;  // used where it lies
        const fs::path to = moved(file.path);
        if (fs::exists(to, error)) continue;  // came with the code
        HEADRACE_RETURN_IF_ERROR(copy_beside(file.path, to));
      }
    }
    HEADRACE_RETURN_IF_ERROR(check_code());
    fs::create_directories(moved(what_.folder), error);
    return make_output_folders();
  }

  // The exit code of the program.
  Result<int> run_it() const {
    std::vector<std::string> command = {"/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh",
                                        moved(what_.folder).string()};
    for (const char* word : {"/proc/self/exe", "run", "-q", "--dir"}) command.emplace_back(word);
    std::error_code error;
    command[5] = fs::read_symlink("/proc/self/exe", error).string();
    command.push_back(headrace_folder().string());
    command.insert(command.end(), {"--workflow", what_.run, "--"});
    for (std::string word : words_of(what_.command)) {
      // An argument that names a file of the project means its copy.
      if (lies_in(word, what_.root()) && fs::exists(moved(word), error))
        word = moved(word).string();
      command.push_back(std::move(word));
    }
    run::SpawnPlan plan;
    plan.command = command;
    plan.environment = rerun_environment(what_.variables);
    pid_t child = 0;
    if (const int failed = run::spawn(plan, &child); failed != 0) {
      return io_error("cannot start " + command[5], failed);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  fs::path moved(const std::string& path) const {
    return lies_in(path, what_.root()) ? project_ / path.substr(what_.root().size() + 1) : project_;
  }
  fs::path headrace_folder() const { return options_.folder / ".headrace"; }

 private:
  Status check() const {
    for (const std::string& missing : what_.missing) {
      // Without these it can be tried all the same; the rest is needed.
      if (missing.rfind("the packages", 0) == 0 || missing.rfind("its files", 0) == 0 ||
          missing.rfind("the code's version", 0) == 0) {
        continue;
      }
      return not_found("cannot run " + what_.workflow.name + " again without " + missing);
    }
    for (const RecordedFile& file : what_.outputs) {
      if (lies_in(file.path, what_.root()) || lies_in(file.path, "/tmp")) continue;
      return invalid_argument("it wrote " + file.path + ", outside its project " + what_.root() +
                              ", where running it again would overwrite; run it by hand");
    }
    return {};
  }
  // The commit and its diff gave what was run; what is in neither was copied as it is now.
  Status check_code() const {
    for (const RecordedFile& file : what_.code) {
      if (file.sha256.empty() || !lies_in(file.path, what_.root())) continue;
      const Result<FileDigest> now = digest_file(moved(file.path));
      if (now.ok() && hex(now->sha256) == file.sha256) continue;
      return not_found("cannot run " + what_.workflow.name + " again without the code " +
                       file.path + " as it was (sha256 " + file.sha256.substr(0, 8) +
                       "…): it is neither in the commit nor in the diff, and has changed since");
    }
    return {};
  }
  // A folder that was there before the run, as git keeps none that is empty.
  Status make_output_folders() const {
    std::error_code error;
    for (const RecordedFile& file : what_.outputs) {
      if (lies_in(file.path, what_.root())) {
        fs::create_directories(moved(file.path).parent_path(), error);
      }
    }
    return {};
  }

  const Reproduction& what_;
  const RerunOptions& options_;
  fs::path project_;
};

void compare_outputs(const Reproduction& before, const Stage& stage, std::vector<Compared>* out) {
  for (const RecordedFile& file : before.outputs) {
    if (!lies_in(file.path, before.root()) || file.sha256.empty()) continue;
    const fs::path path = stage.moved(file.path);
    const Result<FileDigest> now = digest_file(path);
    const std::string after = now.ok() ? hex(now->sha256) : "";
    out->push_back({"output", file.path.substr(before.root().size() + 1), file.sha256,
                    after.empty() ? "not written" : after, after == file.sha256});
  }
}

bool wanted(const std::string& name, const std::vector<std::string>& only) {
  return only.empty() || std::any_of(only.begin(), only.end(), [&name](const std::string& o) {
           return name == o || name.ends_with("." + o);
         });
}

Status compare_metrics(const Reproduction& before, const Stage& stage, const RerunOptions& options,
                       std::vector<Compared>* out) {
  if (before.metrics.empty()) return {};
  Result<store::Store> store = collect::open_folded(Directory{stage.headrace_folder()}, {});
  if (!store.ok()) return store.status();
  const query::Session session = query::Session::over(stage.headrace_folder(), std::move(*store));
  const auto workflows = session.rows(
      "SELECT workflow_id FROM workflow ORDER BY name = " + store::sql_text(before.workflow.name) +
      " DESC, started_at" + (before.workflow.name == before.run ? "" : " DESC") + " LIMIT 1");
  if (!workflows.ok()) return workflows.status();
  std::map<std::string, double> now;
  if (!workflows->empty()) {
    auto metrics = query::metrics_of(session, workflows->front()[0].text);
    if (!metrics.ok()) return metrics.status();
    now = std::move(*metrics);
  }
  for (const auto& [name, value] : before.metrics) {
    if (!wanted(name, options.metrics)) continue;
    const auto found = now.find(name);
    const bool there = found != now.end();
    const double after = there ? found->second : 0;
    const double most = std::max(std::abs(value), std::abs(after));
    const bool same = there && (value == after || (std::isnan(value) && std::isnan(after)) ||
                                std::abs(value - after) <= options.tolerance * most);
    out->push_back({"metric", name, query::json_number(value),
                    there ? query::json_number(after) : "not generated", same});
  }
  return {};
}

}  // namespace

bool Rerun::reproduced() const {
  return std::all_of(compared.begin(), compared.end(), [](const Compared& c) { return c.same; });
}

Result<Rerun> rerun(const Reproduction& reproduction, const RerunOptions& options) {
  Stage stage(reproduction, options);
  HEADRACE_RETURN_IF_ERROR(stage.prepare());
  const Result<int> exit_code = stage.run_it();
  if (!exit_code.ok()) return exit_code.status();
  Rerun out;
  out.folder = options.folder;
  out.exit_code = *exit_code;
  out.compared.push_back({"exit code", "", std::to_string(reproduction.exit_code),
                          std::to_string(*exit_code), *exit_code == reproduction.exit_code});
  compare_outputs(reproduction, stage, &out.compared);
  HEADRACE_RETURN_IF_ERROR(compare_metrics(reproduction, stage, options, &out.compared));
  return out;
}

std::string rerun_text(const Rerun& rerun) {
  size_t same = 0;
  std::string differences;
  for (const Compared& c : rerun.compared) {
    if (c.same) {
      ++same;
      continue;
    }
    const bool is_hash = c.what == "output";
    differences += "  " + c.what + (c.name.empty() ? "" : " " + c.name) + ": " +
                   (is_hash ? c.before.substr(0, 8) + "…" : c.before) + " before, " +
                   (is_hash && c.after.size() == 64 ? c.after.substr(0, 8) + "…" : c.after) +
                   " now\n";
  }
  return (rerun.reproduced() ? std::string("Reproduced: ") : std::string("Not reproduced: ")) +
         std::to_string(same) + " of " + std::to_string(rerun.compared.size()) +
         " compared are the same (exit code, outputs, metrics).\n" + differences + "  in " +
         rerun.folder.string() + "\n";
}

query::Json rerun_json(const Rerun& rerun) {
  query::Json compared{query::Json::List{}};
  for (const Compared& c : rerun.compared) {
    const query::Json one{query::Json::Map{{"what", c.what},
                                           {"name", c.name},
                                           {"before", c.before},
                                           {"after", c.after},
                                           {"same", c.same}}};
    compared.as<query::Json::List>()->push_back(one);
  }
  return query::Json(query::Json::Map{{"reproduced", rerun.reproduced()},
                                      {"folder", rerun.folder.string()},
                                      {"exit_code", static_cast<int64_t>(rerun.exit_code)},
                                      {"compared", compared}});
}

}  // namespace headrace::cli
