// The line "code": commit, command, scripts.
#include "query/shortened.h"
#include "query/why_story.h"

namespace headrace::query {
namespace {

// "train.py, model.py and 3 more by SHA-256" of the program's own files.
std::string modules_text(const Json& modules) {
  const auto* files = modules.as<Json::Map>();
  if (files == nullptr) return "";
  std::string out;
  for (size_t i = 0; i < files->size() && i < kNamedInputs; ++i) {
    const std::string& path = (*files)[i].first;
    out += (i == 0 ? "" : ", ") + path.substr(path.rfind('/') + 1);
  }
  const size_t more = files->size() > kNamedInputs ? files->size() - kNamedInputs : 0;
  return out + (more > 0 ? " and " + std::to_string(more) + " more" : "") + " by SHA-256";
}

}  // namespace

void Story::code() {
  const Json git = attribute("git");
  const Json modules = process().modules;
  const Json command = attribute("command");
  std::string text;
  if (!git["commit"].is_null()) {
    text = "git " + git["commit"].text().substr(0, 8);
    if (!git["branch"].is_null()) text += " on " + git["branch"].text();
    const bool* dirty = git["dirty"].as<bool>();
    if (dirty != nullptr && *dirty) {
      text +=
          " with uncommitted changes (headrace show " + workflow_id_of(*actor_).substr(0, 8) + ")";
    }
  } else {
    text = modules_text(modules);
    miss(text.empty() ? "the code's version" : "the git commit",
         "run the program under headrace run, inside a git repository");
  }
  const auto workflow = facts_.workflows.find(workflow_id_of(*actor_));
  Json shown = command;
  if (shown.is_null() && workflow != facts_.workflows.end()) shown = workflow->second["command"];
  if (!shown.is_null())
    text += (text.empty() ? "" : "; ") + std::string("command ") + shortened(shown.text());
  Json::List files;
  for (size_t i = 0; i < facts_.nodes.size(); ++i) {
    if (node(i).node.kind != NodeKind::kObject || !is_code(i)) continue;
    const Json& hash = node(i).facts["sha256"];
    text += (text.empty() ? "" : "; ") + node(i).label;
    if (!hash.is_null()) text += " (sha256 " + hash.text().substr(0, 8) + "…)";
    files.push_back(node(i).facts);
  }
  if (!text.empty()) line("code", text);
  fact("code", members({{"git", git},
                        {"modules", modules},
                        {"command", shown},
                        {"files", Json(std::move(files))}}));
}

bool Story::is_code(size_t object) const { return node(object).facts["kind"].text() == "code"; }

}  // namespace headrace::query
