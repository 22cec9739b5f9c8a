#include "query/diff_facts.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "query/process_facts.h"

namespace headrace::query {
namespace {

constexpr size_t kMostBlobBytes = 4 << 20;

class ContextReader {
 public:
  ContextReader(const DiffSource& source, const DiffTree& tree) : source_(source), tree_(tree) {}

  Result<DiffContext> read() {
    if (tree_.workflows.empty()) return std::move(out_);
    HEADRACE_RETURN_IF_ERROR(add_workflows());
    add_activities();
    HEADRACE_RETURN_IF_ERROR(read_producers());
    HEADRACE_RETURN_IF_ERROR(read_objects());
    return std::move(out_);
  }

 private:
  void add(DiffSection section, const std::string& what, const std::string& value,
           bool counts = true) {
    if (value.empty()) return;
    DiffFact& fact = out_.facts[{section, what}];
    fact.values.insert(value);
    fact.counts = fact.counts && counts;
  }

  void add_all(DiffSection section, const std::string& head, const Json& value,
               const std::set<std::string>& uncounted = {}) {
    std::vector<std::pair<std::string, Json>> leaves;
    add_leaves(head, value, &leaves);
    for (const auto& [path, leaf] : leaves) {
      const std::string last = path.substr(path.rfind('.') + 1);
      add(section, path, leaf.text(), !uncounted.contains(last));
    }
  }

  Status add_workflows() {
    // With all that they are part of, for what a run around them recorded.
    const auto all = with_those_around(source_, tree_.workflows);
    if (!all.ok()) return all.status();
    for (const DiffWorkflow& workflow : tree_.workflows) {
      const auto attribute = [&](const char* name) -> const Json& {
        static const Json kNone;
        std::string at = workflow.id;
        for (int steps = 0; steps < 32; ++steps) {
          const auto found = all->find(at);
          if (found == all->end()) break;
          const Json& value = found->second.attributes[name];
          if (!value.is_null()) return value;
          at = found->second.parent;
        }
        return kNone;
      };
      add_code(attribute("git"), attribute("cwd"), workflow.command);
      add(DiffSection::kEnvironment, "host", workflow.hostname);
      add_environment(attribute("environment"), attribute("machine"), attribute("job"),
                      attribute("python"));
      for (const char* name : {"python_packages", "python_packages_2", "python_packages_3"}) {
        const Json& said = attribute(name);
        add_packages(said["packages"]);
        add_modules(said["modules"]);
      }
    }
    return {};
  }

  void add_code(const Json& git, const Json& cwd, const std::string& command) {
    if (!git["root"].is_null()) roots_.insert(git["root"].text());
    if (!cwd.is_null()) roots_.insert(cwd.text());
    if (!git["commit"].is_null()) {
      add(DiffSection::kCode, "git commit", git["commit"].text());
      add(DiffSection::kCode, "git branch", git["branch"].text(), false);
      add(DiffSection::kCode, "git remote", git["remote"].is_null() ? "" : git["remote"].text());
      const bool* dirty = git["dirty"].as<bool>();
      if (dirty != nullptr) {
        add(DiffSection::kCode, "uncommitted changes", *dirty ? "yes" : "none", false);
      }
    }
    add(DiffSection::kCode, "command", command);
  }

  void add_environment(const Json& variables, const Json& machine, const Json& job,
                       const Json& python) {
    if (const auto* all = variables.as<Json::Map>()) {
      for (const auto& [name, value] : *all) {
        add(DiffSection::kEnvironment, "variable " + name, value.text());
      }
    }
    add_all(DiffSection::kEnvironment, "machine", machine);
    add_all(DiffSection::kEnvironment, "job", job,
            {"job_id", "step_id", "nodes", "node_list", "start_time"});
    if (const auto* all = python.as<Json::Map>()) {
      for (const auto& [name, value] : *all) {
        if (name == "seeds") {
          add_seeds(value);
        } else {
          add_all(DiffSection::kEnvironment, "python " + name, value);
        }
      }
    }
  }

  // The state that a generator was left in is no choice of anyone.
  void add_seeds(const Json& seeds) {
    add_all(DiffSection::kEnvironment, "seed", seeds, {"state_sha256"});
  }

  void add_packages(const Json& packages) {
    const auto* all = packages.as<Json::Map>();
    if (all == nullptr) return;
    for (const auto& [name, facts] : *all) {
      std::string value = facts["version"].is_null() ? facts.text() : facts["version"].text();
      if (!facts["sha256"].is_null())
        value += " (sha256 " + facts["sha256"].text().substr(0, 8) + ")";
      add(DiffSection::kEnvironment, "package " + name, value);
    }
  }

  void add_modules(const Json& modules) {
    const auto* all = modules.as<Json::Map>();
    if (all == nullptr) return;
    for (const auto& [path, sha256] : *all) {
      add(DiffSection::kCode, "file " + inside(path), sha256.text());
    }
  }

  // As seen from the folder or repository that the run was started in, so that two checkouts agree.
  std::string inside(const std::string& path) const {
    std::string best = path;
    for (const std::string& root : roots_) {
      if (path.size() > root.size() + 1 && path.rfind(root + "/", 0) == 0 &&
          path.size() - root.size() - 1 < best.size()) {
        best = path.substr(root.size() + 1);
      }
    }
    return best;
  }

  void add_activities() {
    std::set<std::string> known;
    for (const DiffNode& node : tree_.nodes) known.insert(node.activity);
    for (const uint32_t number : tree_.activities) {
      const auto activity = source_.activities.find(number);
      if (activity == source_.activities.end()) continue;
      const ActivityRow& row = activity->second;
      const Result<Json> facts = Json::parse(row.facts);
      if (!known.contains(row.name) || !facts.ok() || (*facts)["code_sha256"].is_null()) continue;
      const Json& hash = (*facts)["code_sha256"];
      const Json& bytes = hash["$bytes"];
      add(DiffSection::kCode, "function " + row.name, bytes.is_null() ? hash.text() : bytes.text());
    }
  }

  // What processes said at their ends: one task of each is enough to find it.
  Status read_producers() {
    std::set<std::string> heads;
    std::set<std::string> tasks;
    for (const DiffNode& node : tree_.nodes) {
      if (!node.is_workflow && heads.insert(node.id.substr(0, 18)).second) tasks.insert(node.id);
    }
    const auto processes = read_processes(source_.session, tasks);
    if (!processes.ok()) return processes.status();
    for (const auto& [producer, facts] : *processes) {
      add(DiffSection::kEnvironment, "python language", facts.language);
      add_packages(facts.packages);
      add_modules(facts.modules);
      add_seeds(facts.seeds);
      add(DiffSection::kTasks, "process end", facts.end);
    }
    return {};
  }

  // Through the tables: the view `edge` makes the ids of all tasks first.
  Status read_objects() {
    const std::string workflows = listed_numbers(tree_);
    const std::string tasks = "(SELECT producer, seq FROM task_slots WHERE wf IN (" + workflows +
                              ") UNION ALL SELECT producer, seq FROM open_task WHERE wf IN (" +
                              workflows + "))";
    auto rows = source_.connection.query(
        "WITH e AS MATERIALIZED (SELECT DISTINCT relation, name, object, producer, seq FROM "
        "edge_row SEMI "
        "JOIN " +
        tasks +
        " t USING (producer, seq) UNION ALL SELECT DISTINCT relation, name, object, NULL, NULL "
        "FROM "
        "edge_row WHERE seq IS NULL AND wf IN (" +
        workflows +
        ")) SELECT e.relation, e.name, o.object, o.kind, o.name, o.path, o.sha256, e.producer, "
        "e.seq FROM e JOIN object_row o ON o.object = e.object ORDER BY o.path, o.name, o.object");
    if (!rows.ok()) return rows.status();
    std::set<std::string> made;
    std::map<std::string, DiffObject> used;
    while (rows->next()) {
      const store::Chunk& c = rows->chunk();
      for (size_t row = 0; row < c.rows(); ++row) {
        // Of a task's tree, only what it and the tasks inside it touched.
        if (!c.is_null(8, row) &&
            !tree_.places.contains(source_.rows.id(c.integer(7, row), c.integer(8, row)).text())) {
          continue;
        }
        const std::string id = c.uuid(2, row).text();
        const std::string path(c.text(5, row));
        const std::string name = c.is_null(4, row) ? path : std::string(c.text(4, row));
        out_.object_names.emplace(id, name);
        if (c.integer(0, row) == 1) {
          made.insert(id);
          continue;
        }
        add_used({path.empty() ? name : inside(path), std::string(c.text(3, row)),
                  std::string(c.text(6, row)), id},
                 path, std::string(c.text(1, row)), &used);
      }
    }
    for (auto& [id, object] : used) {
      if (!made.contains(id)) out_.inputs.push_back(std::move(object));
    }
    return {};
  }

  void add_used(DiffObject object, const std::string& path, const std::string& edge,
                std::map<std::string, DiffObject>* used) {
    if (object.kind == "diff") {
      add_change(object, path);
    } else if (object.kind == "code") {
      add(DiffSection::kCode, (edge == "executable" ? "executable " : "file ") + object.name,
          object.sha256);
    } else if (object.kind == "system_files") {
      add(DiffSection::kEnvironment, "files of the system", object.sha256);
    } else if (object.kind != "directory") {
      used->emplace(object.id, std::move(object));
    }
  }

  void add_change(const DiffObject& object, const std::string& path) {
    DiffFact& fact = out_.facts[{DiffSection::kCode, "uncommitted changes"}];
    fact.values.erase("yes");
    fact.values.insert(object.sha256);
    fact.counts = true;
    std::ifstream file(source_.session.root() / path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.size() > kMostBlobBytes) text.resize(kMostBlobBytes);
    const std::string touched = touched_files(text);
    if (!touched.empty()) fact.note += (fact.note.empty() ? "" : "; ") + touched;
  }

  const DiffSource& source_;
  const DiffTree& tree_;
  std::set<std::string> roots_;
  DiffContext out_;
};

}  // namespace

Result<DiffContext> read_context(const DiffSource& source, const DiffTree& tree) {
  return ContextReader(source, tree).read();
}

std::string touched_files(const std::string& diff) {
  struct File {
    std::string name;
    size_t added = 0;
    size_t removed = 0;
  };
  std::vector<File> files;
  bool in_hunk = false;
  for (size_t at = 0; at < diff.size();) {
    const size_t end = std::min(diff.find('\n', at), diff.size());
    const std::string_view line = std::string_view(diff).substr(at, end - at);
    at = end + 1;
    if (line.starts_with("diff --git ")) {
      const size_t name = line.rfind(" b/");
      files.push_back(
          {std::string(name == std::string_view::npos ? line.substr(11) : line.substr(name + 3))});
      in_hunk = false;
    } else if (line.starts_with("@@")) {
      in_hunk = true;
    } else if (in_hunk && !files.empty()) {
      files.back().added += line.starts_with('+') ? 1 : 0;
      files.back().removed += line.starts_with('-') ? 1 : 0;
    }
  }
  std::string out;
  for (size_t i = 0; i < files.size() && i < 5; ++i) {
    out += (out.empty() ? "" : ", ") + files[i].name + " +" + std::to_string(files[i].added) +
           " -" + std::to_string(files[i].removed);
  }
  if (files.size() > 5) out += " and " + std::to_string(files.size() - 5) + " more files";
  return out;
}

void add_leaves(const std::string& path, const Json& value,
                std::vector<std::pair<std::string, Json>>* out) {
  const auto* map = value.as<Json::Map>();
  const bool is_leaf = map == nullptr || (map->size() == 1 && map->front().first.starts_with('$'));
  if (is_leaf) {
    if (!value.is_null()) out->emplace_back(path, value);
    return;
  }
  for (const auto& [key, inner] : *map) {
    add_leaves(path.empty() ? key : path + "." + key, inner, out);
  }
}

}  // namespace headrace::query
