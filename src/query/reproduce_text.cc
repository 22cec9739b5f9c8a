// What is needed to run a workflow again, for a person and for a program.
#include "query/reproduce.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr size_t kShown = 12;

void put(std::string* out, const std::string& label, const std::string& text) {
  constexpr size_t kWidth = 10;
  *out += "  " + label + std::string(label.size() < kWidth ? kWidth - label.size() : 1, ' ') +
          terminal_text(text) + "\n";
}

void put_files(std::string* out, const std::string& label, const std::vector<RecordedFile>& files,
               bool with_state) {
  for (size_t i = 0; i < files.size() && i < kShown; ++i) {
    const RecordedFile& f = files[i];
    put(out, i == 0 ? label : "",
        f.path + (f.sha256.empty() ? " (not hashed)" : " sha256 " + f.sha256.substr(0, 8) + "…") +
            (with_state ? ", " + std::string(name_of(f.state)) : ""));
  }
  if (files.size() > kShown) put(out, "", "and " + grouped(files.size() - kShown) + " more");
}

// What decides how it computes; the paths it was found by are many and long.
void put_variables(std::string* out, const std::map<std::string, std::string>& variables) {
  std::string text;
  size_t paths = 0;
  for (const auto& [name, value] : variables) {
    if (value.find('/') != std::string::npos) {
      ++paths;
      continue;
    }
    text += (text.empty() ? "" : " ") + name + "=" + value;
  }
  if (paths > 0) {
    text += (text.empty() ? "" : " and ") + grouped(paths) + " with paths (--json has them)";
  }
  if (!text.empty()) put(out, "variables", text);
}

Json files_json(const std::vector<RecordedFile>& files, bool with_state) {
  Json list{Json::List{}};
  for (const RecordedFile& f : files) {
    Json one{Json::Map{{"path", f.path}, {"sha256", f.sha256.empty() ? Json() : Json(f.sha256)}}};
    if (with_state) one.as<Json::Map>()->emplace_back("state", std::string(name_of(f.state)));
    list.as<Json::List>()->push_back(one);
  }
  return list;
}

}  // namespace

std::string reproduction_text(const Reproduction& r) {
  std::string out = terminal_text("To run workflow " + r.workflow.name + " (" +
                                  r.workflow.id.substr(0, 8) + ") again:") +
                    "\n";
  if (!r.commit.empty()) {
    put(&out, "code",
        "git " + r.commit.substr(0, 12) + (r.branch.empty() ? "" : " on " + r.branch) + " of " +
            r.git_root +
            (!r.dirty         ? ""
             : r.diff.empty() ? ", with changes"
                              : ", with the changes in " + r.diff));
  }
  put_files(&out, r.commit.empty() ? "code" : "", r.code, true);
  if (!r.folder.empty()) put(&out, "folder", r.folder);
  if (!r.command.empty()) put(&out, "command", r.command);
  if (!r.language.empty()) put(&out, "language", r.language);
  std::string packages;
  for (size_t i = 0; i < r.packages.size() && i < kShown; ++i) {
    packages += (i == 0 ? "" : " ") + r.packages[i].first + "==" + r.packages[i].second;
  }
  if (r.packages.size() > kShown)
    packages += " and " + grouped(r.packages.size() - kShown) + " more";
  if (!packages.empty()) put(&out, "packages", packages);
  put_variables(&out, r.variables);
  put_files(&out, "inputs", r.inputs, true);
  put_files(&out, "outputs", r.outputs, false);
  for (size_t i = 0; i < r.missing.size() && i < kShown; ++i) {
    put(&out, i == 0 ? "missing" : "", r.missing[i]);
  }
  if (r.missing.size() > kShown)
    put(&out, "", "and " + grouped(r.missing.size() - kShown) + " more");
  if (r.missing.empty()) put(&out, "missing", "nothing that is known of; --run tries it");
  return out;
}

Json reproduction_json(const Reproduction& r) {
  const auto text = [](const std::string& t) { return t.empty() ? Json() : Json(t); };
  Json packages{Json::Map{}};
  for (const auto& [name, version] : r.packages) {
    packages.as<Json::Map>()->emplace_back(name, version);
  }
  Json variables{Json::Map{}};
  for (const auto& [name, value] : r.variables) {
    variables.as<Json::Map>()->emplace_back(name, value);
  }
  Json metrics{Json::Map{}};
  for (const auto& [name, value] : r.metrics) {
    metrics.as<Json::Map>()->emplace_back(name, value);
  }
  Json missing{Json::List{}};
  for (const std::string& sentence : r.missing) missing.as<Json::List>()->emplace_back(sentence);
  return Json(Json::Map{{"workflow_id", r.workflow.id},
                        {"workflow", r.workflow.name},
                        {"command", text(r.command)},
                        {"folder", text(r.folder)},
                        {"git", Json(Json::Map{{"root", text(r.git_root)},
                                               {"commit", text(r.commit)},
                                               {"branch", text(r.branch)},
                                               {"dirty", r.dirty},
                                               {"diff", text(r.diff)}})},
                        {"language", text(r.language)},
                        {"packages", packages},
                        {"variables", variables},
                        {"code", files_json(r.code, true)},
                        {"inputs", files_json(r.inputs, true)},
                        {"outputs", files_json(r.outputs, false)},
                        {"metrics", metrics},
                        {"missing", missing}});
}

}  // namespace headrace::query
