#include "query/diff_facts.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "query/process_facts.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

using store::sql_text;

constexpr size_t kMostBlobBytes = 4 << 20;

class ContextReader {
 public:
  ContextReader(const Session& session, const DiffTree& tree) : session_(session), tree_(tree) {
    for (const std::string& id : tree.workflows) {
      scope_ += (scope_.empty() ? "" : ", ") + sql_text(id);
    }
  }

  Result<DiffContext> read() {
    if (scope_.empty()) return std::move(out_);
    HEADRACE_RETURN_IF_ERROR(read_workflows());
    HEADRACE_RETURN_IF_ERROR(read_activities());
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

  Status read_workflows() {
    // With all that they are part of, for what a run around them recorded.
    const auto rows = session_.rows(
        "WITH RECURSIVE up AS (SELECT workflow_id, parent_workflow_id FROM workflow WHERE "
        "workflow_id IN (" +
        scope_ +
        ") UNION SELECT w.workflow_id, w.parent_workflow_id FROM workflow w JOIN up ON "
        "w.workflow_id = up.parent_workflow_id) SELECT w.workflow_id, w.parent_workflow_id, "
        "w.hostname, w.command, w.exit_code, w.attributes FROM workflow w JOIN up USING "
        "(workflow_id)");
    if (!rows.ok()) return rows.status();
    struct Facts {
      std::string parent, hostname, command, exit_code;
      Json attributes;
    };
    std::map<std::string, Facts> all;
    for (const auto& row : *rows) {
      Result<Json> attributes = Json::parse(row[5].is_null ? "{}" : row[5].text);
      all[row[0].text] = {row[1].is_null ? "" : row[1].text, row[2].text, row[3].text,
                          row[4].is_null ? "" : row[4].text,
                          attributes.ok() ? std::move(*attributes) : Json()};
    }
    for (const std::string& id : tree_.workflows) {
      const auto attribute = [&](const char* name) -> const Json& {
        static const Json kNone;
        std::string at = id;
        for (int steps = 0; steps < 32; ++steps) {
          const auto found = all.find(at);
          if (found == all.end()) break;
          const Json& value = found->second.attributes[name];
          if (!value.is_null()) return value;
          at = found->second.parent;
        }
        return kNone;
      };
      const Facts& own = all[id];
      add_code(attribute("git"), attribute("cwd"), own.command);
      add(DiffSection::kEnvironment, "host", own.hostname);
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

  Status read_activities() {
    const auto rows = session_.rows(
        "SELECT DISTINCT a.name, a.facts FROM task_slots t JOIN activity_row a ON a.activity = "
        "t.activity WHERE t.wf IN (SELECT wf FROM workflow_row WHERE workflow IN (" +
        scope_ + "))");
    if (!rows.ok()) return rows.status();
    std::set<std::string> known;
    for (const DiffNode& node : tree_.nodes) known.insert(node.activity);
    for (const auto& row : *rows) {
      if (!known.contains(row[0].text)) continue;
      const Result<Json> facts = Json::parse(row[1].text);
      if (!facts.ok() || (*facts)["code_sha256"].is_null()) continue;
      const Json& hash = (*facts)["code_sha256"];
      const Json& bytes = hash["$bytes"];
      add(DiffSection::kCode, "function " + row[0].text,
          bytes.is_null() ? hash.text() : bytes.text());
    }
    return {};
  }

  // What processes said at their ends: one task of each is enough to find it.
  Status read_producers() {
    std::set<std::string> heads;
    std::set<std::string> tasks;
    for (const DiffNode& node : tree_.nodes) {
      if (!node.is_workflow && heads.insert(node.id.substr(0, 18)).second) tasks.insert(node.id);
    }
    const auto processes = read_processes(session_, tasks);
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
    const std::string workflows =
        "(SELECT wf FROM workflow_row WHERE workflow IN (" + scope_ + "))";
    const std::string tasks = "(SELECT producer, seq, wf FROM task_slots WHERE wf IN " + workflows +
                              " UNION ALL SELECT producer, seq, wf FROM open_task WHERE wf IN " +
                              workflows + ")";
    const auto rows = session_.rows(
        "SELECT DISTINCT e.relation, e.name, o.object, o.kind, o.name, o.path, o.sha256, "
        "e.task FROM (SELECT e.relation, e.name, e.object, " +
        store::quick_task_id_sql("p", "e.seq") + " AS task FROM edge_row e JOIN " + tasks +
        " t ON t.producer = e.producer AND t.seq = e.seq JOIN producer_row p ON p.producer = "
        "e.producer UNION ALL SELECT relation, name, object, NULL FROM edge_row WHERE seq IS NULL "
        "AND wf IN " +
        workflows +
        ") e JOIN object_row o ON o.object = e.object ORDER BY o.path, o.name, o.object");
    if (!rows.ok()) return rows.status();
    std::set<std::string> made;
    std::map<std::string, DiffObject> used;
    for (const auto& row : *rows) {
      // Of a task's tree, only what it and the tasks inside it touched.
      if (!row[7].is_null && !tree_.places.contains(row[7].text)) continue;
      const std::string id = row[2].text;
      const std::string path = row[5].is_null ? "" : row[5].text;
      const std::string name = row[4].is_null ? path : row[4].text;
      out_.object_names.emplace(id, name);
      if (row[0].text == "1") {
        made.insert(id);
        continue;
      }
      add_used(
          {path.empty() ? name : inside(path), row[3].text, row[6].is_null ? "" : row[6].text, id},
          path, row[1].text, &used);
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
    std::ifstream file(session_.root() / path, std::ios::binary);
    std::string text(std::istreambuf_iterator<char>(file), {});
    if (text.size() > kMostBlobBytes) text.resize(kMostBlobBytes);
    const std::string touched = touched_files(text);
    if (!touched.empty()) fact.note += (fact.note.empty() ? "" : "; ") + touched;
  }

  const Session& session_;
  const DiffTree& tree_;
  std::string scope_;
  std::set<std::string> roots_;
  DiffContext out_;
};

}  // namespace

Result<DiffContext> read_context(const Session& session, const DiffTree& tree) {
  return ContextReader(session, tree).read();
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
