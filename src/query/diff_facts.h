// The code, environment, parameters and inputs of a set of workflows, as names with values.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "query/diff.h"
#include "query/diff_tree.h"
#include "query/json.h"

namespace headrace::query {

// One fact of possibly many workflows: each distinct value once.
struct DiffFact {
  std::set<std::string> values;
  bool counts = true;  // false: no two runs share it
  std::string note;    // of an uncommitted change: the files it touches
};
using DiffFacts = std::map<std::pair<DiffSection, std::string>, DiffFact>;

struct DiffObject {
  std::string
      name;  // path relative to the run's folder where it lies inside, else its path or name
  std::string kind;
  std::string sha256;
  std::string id;
};

struct DiffContext {
  DiffFacts facts;
  std::vector<DiffObject> inputs;  // used and not made inside; no code, each once
  std::unordered_map<std::string, std::string> object_names;  // of all that is used or made
};

// Reads, for the workflows of a tree: attributes (inherited from workflows around them), what their
// processes said at their ends, activities' code, objects.
Result<DiffContext> read_context(const DiffSource& source, const DiffTree& tree);

// "train.py +12 -3, model.py +1 -0" of a unified diff.
std::string touched_files(const std::string& diff);

// The leaves of a value, named by their paths: {"a": {"b": 1}} gives a.b = 1. Lists and what JSON
// has no word for ({"$float": "nan"}) are leaves.
void add_leaves(const std::string& path, const Json& value,
                std::vector<std::pair<std::string, Json>>* out);

}  // namespace headrace::query
