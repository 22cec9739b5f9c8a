// Which source was run: commit, branch, and what differed from the commit.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "run/nested_map.h"

namespace headrace::run {

struct GitFacts {
  std::string root;                    // of the working tree; empty: not in one
  std::string commit;                  // empty before the first commit
  std::string branch;                  // empty when detached
  bool dirty = false;                  // tracked files differ from the commit
  std::string diff;                    // of tracked files to the commit, appliable with `git apply`
  bool diff_cut = false;               // there was more than kMaxDiffBytes
  std::vector<std::string> untracked;  // the first kMaxUntracked, relative to root
  size_t untracked_count = 0;
  std::string remote;   // of the branch, or origin, without user and password
  std::string missing;  // why something of this is not known

  static constexpr size_t kMaxDiffBytes = 8 << 20;
  static constexpr size_t kMaxUntracked = 100;
  // All but the diff.
  NestedMap nested() const;
};

// Asks `git` about the folder, for at most `limit_ns`. Runs nothing that the repository configures
// (hooks, monitors, filters for diffs) and changes nothing in it.
GitFacts read_git(const std::filesystem::path& folder, int64_t limit_ns = 5'000'000'000);

}  // namespace headrace::run
