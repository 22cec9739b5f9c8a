#include "run/git.h"

#include "base/clock.h"
#include "run/command_output.h"

namespace headrace::run {
namespace {

class Git {
 public:
  Git(const std::filesystem::path& folder, int64_t limit_ns)
      : folder_(folder), deadline_ns_(now_monotonic_ns() + limit_ns) {}

  Result<CommandOutput> ask(std::vector<std::string> arguments, size_t limit_bytes = 1 << 20) {
    std::vector<std::string> command = {
        "git", "-C", folder_, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    // No lock on the index, no question, no pager, English messages.
    return output_of(command, {"GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C"},
                     deadline_ns_, limit_bytes);
  }
  // The first line of the answer; empty when there is none.
  std::string line(std::vector<std::string> arguments) {
    Result<CommandOutput> answer = ask(std::move(arguments));
    if (!answer.ok() || answer->exit_code != 0) return {};
    return answer->text.substr(0, answer->text.find('\n'));
  }

 private:
  const std::string folder_;
  const int64_t deadline_ns_;
};

// "# branch.oid ...", "# branch.head ...", "1 ..." changed, "2 ..." renamed, "u ..." unmerged,
// "? path" untracked; each ended by NUL, a renamed one followed by its old path.
void read_status(std::string_view status, GitFacts& facts) {
  for (size_t at = 0; at < status.size();) {
    const size_t end = std::min(status.find('\0', at), status.size());
    const std::string_view entry = status.substr(at, end - at);
    at = end + 1;
    const auto value_of = [entry](std::string_view key) -> std::string {
      return std::string(entry.starts_with(key) ? entry.substr(key.size()) : "");
    };
    if (entry.starts_with("# branch.oid ")) {
      facts.commit = value_of("# branch.oid ");
      if (facts.commit == "(initial)") facts.commit.clear();
    } else if (entry.starts_with("# branch.head ")) {
      facts.branch = value_of("# branch.head ");
      if (facts.branch == "(detached)") facts.branch.clear();
    } else if (entry.starts_with("? ")) {
      if (facts.untracked.size() < GitFacts::kMaxUntracked) {
        facts.untracked.push_back(value_of("? "));
      }
      ++facts.untracked_count;
    } else if (!entry.starts_with("#") && !entry.starts_with("!")) {
      facts.dirty = true;
      if (entry.starts_with("2 ")) at = std::min(status.find('\0', at), status.size()) + 1;
    }
  }
}

std::string without_credentials(const std::string& url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const size_t host = url.find('@', scheme);
  if (host == std::string::npos || host > url.find('/', scheme + 3)) return url;
  return url.substr(0, scheme + 3) + url.substr(host + 1);
}

}  // namespace

GitFacts read_git(const std::filesystem::path& folder, int64_t limit_ns) {
  GitFacts facts;
  Git git(folder, limit_ns);
  Result<CommandOutput> root = git.ask({"rev-parse", "--show-toplevel"});
  if (!root.ok()) {
    facts.missing = root.status().message();
    return facts;
  }
  if (root->exit_code != 0) return facts;
  facts.root = root->text.substr(0, root->text.find('\n'));

  const Result<CommandOutput> status =
      git.ask({"status", "--porcelain=v2", "--branch", "-z", "--untracked-files=normal",
               "--ignore-submodules=dirty"},
              4 << 20);
  if (!status.ok() || status->exit_code != 0) {
    facts.missing = status.ok() ? "git status failed" : status.status().message();
    facts.commit = git.line({"rev-parse", "HEAD"});
    return facts;
  }
  read_status(status->text, facts);
  facts.remote = without_credentials(git.line({"remote", "get-url", "origin"}));
  if (!facts.dirty || facts.commit.empty()) return facts;

  Result<CommandOutput> diff =
      git.ask({"-C", facts.root, "diff", "--binary", "--no-ext-diff", "--no-textconv", "--no-color",
               "--ignore-submodules=dirty", "HEAD", "--"},
              GitFacts::kMaxDiffBytes);
  if (!diff.ok() || diff->exit_code != 0) {
    facts.missing = diff.ok() ? "git diff failed" : diff.status().message();
    return facts;
  }
  facts.diff = std::move(diff->text);
  facts.diff_cut = diff->cut;
  return facts;
}

NestedMap GitFacts::nested() const {
  NestedMap map;
  map.add_known("root", root);
  map.add_known("commit", commit);
  map.add_known("branch", branch);
  map.add_known("remote", remote);
  if (!root.empty()) map.add("dirty", dirty);
  if (untracked_count > 0) {
    map.add("untracked", untracked);
    map.add("untracked_count", untracked_count);
  }
  if (diff_cut) map.add("diff_cut", true);
  map.add_known("missing", missing);
  return map;
}

}  // namespace headrace::run
