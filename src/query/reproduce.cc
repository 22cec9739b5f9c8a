#include "query/reproduce.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/sha256.h"
#include "query/process_facts.h"
#include "store/sql_member.h"

namespace headrace::query {
namespace {

namespace fs = std::filesystem;

std::string text_of(const Json& value) { return value.is_null() ? "" : value.text(); }

// "{"$object": id}" or the id itself.
std::string object_id(const Json& value) {
  return value["$object"].is_null() ? text_of(value) : value["$object"].text();
}

FileState state_of(const std::string& path, const std::string& sha256) {
  std::error_code error;
  if (!fs::exists(path, error)) return FileState::kMissing;
  if (sha256.empty()) return FileState::kUnknown;
  const Result<FileDigest> now = digest_file(path);
  if (!now.ok()) return FileState::kUnknown;
  return hex(now->sha256) == sha256 ? FileState::kUnchanged : FileState::kChanged;
}

// Files of the interpreter and of git's own, and devices, are none of the program's.
bool is_aside(const std::string& path) {
  for (const char* part : {"/__pycache__/", "/.git/", "/.headrace/"}) {
    if (path.find(part) != std::string::npos) return true;
  }
  return path.empty() || path[0] != '/' || path.rfind("/dev/", 0) == 0 ||
         path.rfind("/proc/", 0) == 0 || path.rfind("/sys/", 0) == 0;
}

// A workflow and all that are part of it, as a list for IN.
std::string with_inner(const std::string& workflow_id) {
  return "(WITH RECURSIVE part AS (SELECT workflow_id FROM workflow WHERE workflow_id = " +
         store::sql_text(workflow_id) +
         " UNION SELECT w.workflow_id FROM workflow w JOIN part ON w.parent_workflow_id = "
         "part.workflow_id) SELECT workflow_id FROM part)";
}

// Files beside the workflow, those inside it and their tasks, one of each path: of what was used
// the first, of what was generated the last.
Result<std::vector<RecordedFile>> files_of(const Session& session, const std::string& workflow_id,
                                           bool generated) {
  const auto rows = session.rows(
      "SELECT path, sha256, kind FROM (SELECT o.path, o.sha256, o.kind, o.created_at FROM edge e "
      "JOIN object o ON o.object_id = " +
      std::string(generated ? "e.to_id" : "e.from_id") + " WHERE e.relation = '" +
      (generated ? "generated" : "used") +
      "' AND e.name IS DISTINCT FROM 'system_files' AND o.path IS NOT NULL AND " +
      (generated ? "e.from_id" : "e.to_id") +
      " IN (SELECT task_id FROM task WHERE workflow_id IN " + with_inner(workflow_id) +
      " UNION ALL " + with_inner(workflow_id) + ")) ORDER BY created_at" +
      (generated ? " DESC" : ""));
  if (!rows.ok()) return rows.status();
  std::vector<RecordedFile> out;
  std::set<std::string> seen;
  for (const auto& row : *rows) {
    if (is_aside(row[0].text) || !seen.insert(row[0].text).second) continue;
    if (row[2].text == "directory") continue;  // the files in it are told one by one
    out.push_back({row[0].text, row[1].is_null ? "" : row[1].text});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

void add_numbers(const Json& value, const std::string& name, std::map<std::string, double>* out) {
  if (const auto number = value.number(); number && value.as<bool>() == nullptr) {
    out->emplace(name, *number);
  } else if (const auto* map = value.as<Json::Map>()) {
    for (const auto& [key, inner] : *map) {
      if (key.rfind('$', 0) != 0) add_numbers(inner, name + "." + key, out);
    }
  }
}

class Reader {
 public:
  Reader(const Session& session, Thing workflow) : session_(session) {
    out_.workflow = std::move(workflow);
    out_.run = out_.workflow.name;
    run_id_ = out_.workflow.id;
  }

  Result<Reproduction> read() {
    HEADRACE_RETURN_IF_ERROR(workflow());
    HEADRACE_RETURN_IF_ERROR(packages());
    HEADRACE_RETURN_IF_ERROR(files());
    Result<std::map<std::string, double>> metrics = metrics_of(session_, out_.workflow.id);
    if (!metrics.ok()) return metrics.status();
    out_.metrics = std::move(*metrics);
    find_missing();
    return std::move(out_);
  }

 private:
  Status workflow() {
    std::string id = out_.workflow.id;
    std::string own_command;  // of its process, where no headrace run was around it
    // A workflow that a program began itself has the facts of the run around it.
    for (int steps = 0; steps < 32 && !id.empty(); ++steps) {
      const auto rows = session_.rows(
          "SELECT command, attributes, used, parent_workflow_id, name FROM workflow WHERE "
          "workflow_id = "
          "'" +
          id + "'");
      if (!rows.ok()) return rows.status();
      if (rows->empty()) break;
      const auto& row = rows->front();
      const Result<Json> attributes = Json::parse(row[1].is_null ? "{}" : row[1].text);
      const Result<Json> used = Json::parse(row[2].is_null ? "{}" : row[2].text);
      if (!attributes.ok()) return attributes.status();
      if (!used.ok()) return used.status();
      if (out_.command.empty()) {
        out_.command = text_of((*attributes)["command"]);
        if (!out_.command.empty()) {
          run_id_ = id;
          out_.run = row[4].text;
          out_.exit_code = static_cast<int64_t>((*attributes)["exit_code"].number().value_or(0));
        }
      }
      if (own_command.empty() && !row[0].is_null) own_command = row[0].text;
      if (out_.folder.empty()) out_.folder = text_of((*attributes)["cwd"]);
      if (out_.commit.empty()) {
        const Json& git = (*attributes)["git"];
        out_.git_root = text_of(git["root"]);
        out_.commit = text_of(git["commit"]);
        out_.branch = text_of(git["branch"]);
        out_.dirty = git["dirty"] == Json(true);
        HEADRACE_RETURN_IF_ERROR(diff(object_id((*used)["git_diff"])));
      }
      for (const char* role : {"script", "executable"}) {
        HEADRACE_RETURN_IF_ERROR(code(object_id((*used)[role])));
      }
      if (const auto* variables = (*attributes)["environment"].as<Json::Map>();
          variables != nullptr && out_.variables.empty()) {
        for (const auto& [name, value] : *variables) out_.variables[name] = value.text();
      }
      const Json& python = (*attributes)["python"];
      if (out_.language.empty()) out_.language = text_of(python["language"]);
      add_packages((*attributes)["python_packages"]["packages"]);
      add_modules((*attributes)["python_packages"]["modules"]);
      id = row[3].is_null ? "" : row[3].text;
    }
    if (out_.command.empty()) out_.command = own_command;
    return {};
  }
  Status diff(const std::string& id) {
    if (id.empty()) return {};
    const auto rows =
        session_.rows("SELECT path, sha256 FROM object WHERE object_id = '" + id + "'");
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return {};
    const fs::path file = session_.root() / rows->front()[0].text;
    if (state_of(file, rows->front()[1].text) == FileState::kUnchanged) out_.diff = file;
    return {};
  }
  Status code(const std::string& id) {
    if (id.empty()) return {};
    const auto rows =
        session_.rows("SELECT path, sha256 FROM object WHERE object_id = '" + id + "'");
    if (!rows.ok()) return rows.status();
    for (const auto& row : *rows) add_code(row[0].text, row[1].is_null ? "" : row[1].text);
    return {};
  }
  void add_code(const std::string& path, const std::string& sha256) {
    const bool known = std::any_of(out_.code.begin(), out_.code.end(),
                                   [&path](const RecordedFile& f) { return f.path == path; });
    if (!known && !path.empty()) out_.code.push_back({path, sha256, state_of(path, sha256)});
  }
  void add_packages(const Json& packages) {
    const auto* map = packages.as<Json::Map>();
    if (map == nullptr || !out_.packages.empty()) return;
    for (const auto& [name, facts] : *map) {
      out_.packages.emplace_back(name, text_of(facts["version"]));
    }
    std::sort(out_.packages.begin(), out_.packages.end());
  }
  void add_modules(const Json& modules) {
    const auto* map = modules.as<Json::Map>();
    if (map == nullptr) return;
    for (const auto& [path, sha256] : *map) add_code(path, sha256.text());
  }
  // Where nothing ran the program, it said so itself.
  Status packages() {
    if (!out_.packages.empty()) return {};
    const auto rows = session_.rows("SELECT task_id FROM task WHERE workflow_id = '" +
                                    out_.workflow.id + "' LIMIT 1");
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return {};
    const auto processes = read_processes(session_, {rows->front()[0].text});
    if (!processes.ok()) return processes.status();
    for (const auto& [producer, facts] : *processes) {
      add_packages(facts.packages);
      add_modules(facts.modules);
      if (out_.language.empty()) out_.language = facts.language;
    }
    return {};
  }
  Status files() {
    Result<std::vector<RecordedFile>> outputs = files_of(session_, run_id_, true);
    if (!outputs.ok()) return outputs.status();
    out_.outputs = std::move(*outputs);
    Result<std::vector<RecordedFile>> inputs = files_of(session_, run_id_, false);
    if (!inputs.ok()) return inputs.status();
    for (RecordedFile& input : *inputs) {
      const auto same = [&input](const RecordedFile& f) { return f.path == input.path; };
      // What it wrote itself and read again, and its own modules, it need not be given.
      if (std::any_of(out_.outputs.begin(), out_.outputs.end(), same)) continue;
      if (std::any_of(out_.code.begin(), out_.code.end(), same)) continue;
      input.state = state_of(input.path, input.sha256);
      out_.inputs.push_back(std::move(input));
    }
    return {};
  }

  void miss(const std::string& sentence) { out_.missing.push_back(sentence); }
  void find_missing() {
    if (out_.command.empty() || out_.folder.empty()) {
      miss("the command and its folder: run the program under headrace run");
    }
    if (out_.command.find("[redacted]") != std::string::npos) {
      miss("a secret in the command, which was left out");
    }
    if (out_.commit.empty()) {
      miss("the code's version: run it inside a git repository");
      for (const RecordedFile& file : out_.code) told(file, "the code");
    } else if (std::error_code error; !fs::exists(out_.git_root, error)) {
      miss("the repository " + out_.git_root + ", which is not there any more");
    }
    if (out_.dirty && out_.diff.empty()) {
      miss("what differed from commit " + out_.commit.substr(0, 8) +
           ": the diff was not kept, or is damaged");
    }
    for (const RecordedFile& file : out_.inputs) told(file, "the input");
    if (out_.packages.empty() && out_.language.rfind("python", 0) == 0) {
      miss("the packages' versions: run it under headrace run");
    }
    if (out_.inputs.empty() && out_.outputs.empty()) {
      miss("its files: headrace run sees them, unless --no-files");
    }
  }
  void told(const RecordedFile& file, const std::string& what) {
    if (file.state == FileState::kMissing) miss(what + " " + file.path + ", which is gone");
    if (file.state == FileState::kChanged) {
      miss(what + " " + file.path + " as it was (sha256 " + file.sha256.substr(0, 8) +
           "…); it has changed since");
    }
  }

  const Session& session_;
  Reproduction out_;
  std::string run_id_;  // of the workflow whose command is run again: it, or one around it
};

}  // namespace

std::string_view name_of(FileState state) {
  switch (state) {
    case FileState::kUnchanged: return "unchanged";
    case FileState::kChanged: return "changed";
    case FileState::kMissing: return "missing";
    case FileState::kUnknown: return "unknown";
  }
  return "unknown";
}

Result<std::map<std::string, double>> metrics_of(const Session& session,
                                                 const std::string& workflow_id) {
  std::map<std::string, double> out;
  const std::string mine = "workflow_id IN " + with_inner(workflow_id);
  const auto tasks = session.rows(
      "SELECT activity, row_number() OVER (PARTITION BY activity ORDER BY started_at, task_id), "
      "generated::VARCHAR FROM task WHERE " +
      mine);
  if (!tasks.ok()) return tasks.status();
  for (const auto& row : *tasks) {
    const Result<Json> values = Json::parse(row[2].is_null ? "{}" : row[2].text);
    if (values.ok()) add_numbers(*values, row[0].text + "[" + row[1].text + "]", &out);
  }
  const auto whole = session.rows("SELECT generated::VARCHAR FROM workflow WHERE " + mine);
  if (!whole.ok()) return whole.status();
  for (const auto& row : *whole) {
    const Result<Json> values = Json::parse(row[0].is_null ? "{}" : row[0].text);
    if (values.ok()) add_numbers(*values, "workflow", &out);
  }
  const auto logged = session.rows(
      "SELECT key, arg_max(value, time) FROM (SELECT time, unnest(json_keys(metrics)) AS key, "
      "TRY_CAST(" +
      store::sql_member("metrics", "key") +
      " AS DOUBLE) AS value FROM log WHERE stream = "
      "'metric' AND " +
      mine + ") WHERE value IS NOT NULL GROUP BY key");
  if (!logged.ok()) return logged.status();
  for (const auto& row : *logged) out.emplace(row[0].text, row[1].real);
  return out;
}

Result<Reproduction> reproduction_of(const Session& session, const std::string& text,
                                     const fs::path& here) {
  Result<Thing> workflow = identify(session, text, {ThingKind::kWorkflow}, here);
  if (!workflow.ok()) return workflow.status();
  return Reader(session, std::move(*workflow)).read();
}

}  // namespace headrace::query
