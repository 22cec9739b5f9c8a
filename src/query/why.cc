#include "query/why.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "query/labels.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/why_nodes.h"

namespace headrace::query {
namespace {

constexpr size_t kNamedInputs = 3;  // more raw inputs than this are counted
constexpr size_t kLongestValue = 60;

// "2026-11-21 14:03:05 UTC" of "2026-11-21T14:03:05.123456789Z".
std::string moment(const Json& time) {
  if (time.is_null()) return "an unknown time";
  std::string text = time.text().substr(0, 19);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text + " UTC";
}

std::string cut(std::string text) {
  if (text.size() <= kLongestValue) return text;
  size_t end = kLongestValue;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

Json members(std::vector<std::pair<std::string, Json>> all) {
  std::erase_if(all, [](const auto& member) { return member.second.is_null(); });
  return Json(Json::Map(std::move(all)));
}

class Story {
 public:
  Story(Thing subject, const Lineage& lineage, NodeFacts facts)
      : lineage_(lineage), facts_(std::move(facts)), subject_(std::move(subject)) {}

  Why tell() {
    find_actor();
    opening();
    if (actor_) {
      code();
      data();
      params();
      environment();
      cost();
    }
    not_captured();
    Why why;
    why.subject = subject_;
    why.lines = std::move(lines_);
    why.facts = Json(std::move(out_));
    why.edges = lineage_.edges;
    why.nodes = std::move(facts_.nodes);
    return why;
  }

 private:
  const WhyNode& node(size_t at) const { return facts_.nodes[at]; }
  void line(const std::string& label, const std::string& text) { lines_.push_back({label, text}); }
  void fact(const std::string& name, Json value) { out_.emplace_back(name, std::move(value)); }
  void miss(const std::string& what, const std::string& how) {
    missing_.push_back(members({{"what", what}, {"how", how}}));
  }

  std::vector<size_t> generators_of(size_t object) const {
    std::vector<size_t> out;
    for (const LineageEdge& e : lineage_.edges) {
      if (e.to == object && e.relation == "generated") out.push_back(e.from);
    }
    return out;
  }

  // The task or workflow whose work the subject is: itself, or what wrote it (the last one, when
  // the same content was written again).
  void find_actor() {
    if (node(0).node.kind != NodeKind::kObject) {
      actor_ = 0;
      return;
    }
    for (const size_t at : generators_of(0)) {
      const auto began = [this](size_t n) { return node(n).facts["started_at"].text(); };
      if (!actor_ || began(at) > began(*actor_)) actor_ = at;
    }
  }

  std::string workflow_id_of(size_t actor) const {
    const WhyNode& n = node(actor);
    if (n.node.kind == NodeKind::kWorkflow) return n.node.id.text();
    return n.facts["workflow_id"].is_null() ? "" : n.facts["workflow_id"].text();
  }

  // The actor's facts, then those of the tasks around it, outward.
  std::vector<const Json*> around(size_t actor) const {
    std::vector<const Json*> out;
    if (node(actor).node.kind != NodeKind::kTask) return {&node(actor).facts};
    std::string id = node(actor).node.id.text();
    for (auto found = facts_.tasks.find(id); found != facts_.tasks.end() && out.size() < 64;
         found = facts_.tasks.find(id)) {
      out.push_back(&found->second);
      if (found->second["parent_task_id"].is_null()) break;
      id = found->second["parent_task_id"].text();
    }
    return out;
  }
  // The task that an actor is a part of: the nearest around it that was given any value. A `save`
  // inside a training is the training's; its cost alone would say nothing.
  const Json& whole_of(size_t actor) const {
    for (const Json* facts : around(actor)) {
      const auto* used = (*facts)["used"].as<Json::Map>();
      if (used != nullptr && !used->empty()) return *facts;
    }
    return node(actor).facts;
  }

  // "task finetune › save of workflow tune"
  std::string actor_text(size_t actor) const {
    const WhyNode& n = node(actor);
    std::string label = n.label;
    const Json& whole = whole_of(actor);
    if (n.node.kind == NodeKind::kTask && whole["task_id"].text() != n.node.id.text()) {
      label = whole["activity"].text() + " › " + label;
    }
    std::string text = std::string(name_of(n.node.kind)) + " " + label;
    if (n.node.kind == NodeKind::kTask && !n.facts["workflow"].is_null()) {
      text += " of workflow " + n.facts["workflow"].text();
    }
    return text;
  }

  std::string object_text(size_t at) const {
    const WhyNode& n = node(at);
    std::string more = n.facts["kind"].is_null() ? "object" : n.facts["kind"].text();
    if (!n.facts["sha256"].is_null())
      more += ", sha256 " + n.facts["sha256"].text().substr(0, 8) + "…";
    if (const auto size = n.facts["size_bytes"].number()) more += ", " + bytes_text(*size);
    if (const auto version = n.facts["version"].number(); version && *version > 1) {
      more += ", version " + n.facts["version"].text();
    }
    return n.label + " (" + more + ")";
  }

  void opening() {
    const WhyNode& first = node(0);
    std::vector<std::pair<std::string, Json>> about = {
        {"kind", std::string(name_of(first.node.kind))},
        {"id", first.node.id.text()},
        {"name", first.label}};
    fact("subject", members(about));
    if (!actor_) {
      line("", object_text(0) + " was written by no captured task.");
      miss("what wrote " + first.label,
           "let the program that writes it run under headrace run, or give the file to a task as "
           "generated: task.generated(file=hr.object(path))");
      return;
    }
    const WhyNode& actor = node(*actor_);
    const std::string when = moment(actor.facts["ended_at"].is_null() ? actor.facts["started_at"]
                                                                      : actor.facts["ended_at"]);
    if (first.node.kind == NodeKind::kObject) {
      const size_t times = generators_of(0).size();
      line("", object_text(0) + " was written by " + actor_text(*actor_) + ", " + when +
                   (times > 1 ? ", and with the same content by " + std::to_string(times - 1) +
                                    (times > 2 ? " others" : " other")
                              : "") +
                   ".");
      if (const std::string lost = lost_text(); !lost.empty()) line("", "That task " + lost + ".");
    } else {
      line("", "The " + actor_text(*actor_) + " " +
                   (lost_text().empty()
                        ? actor.facts["status"].is_null() ? "ran" : actor.facts["status"].text()
                        : lost_text()) +
                   ", " + when + ".");
    }
    fact("written_by",
         members({{"kind", std::string(name_of(actor.node.kind))},
                  {"id", actor.node.id.text()},
                  {"activity", actor.facts["activity"]},
                  {"workflow", actor.node.kind == NodeKind::kWorkflow ? actor.facts["name"]
                                                                      : actor.facts["workflow"]},
                  {"workflow_id", workflow_id_of(*actor_)},
                  {"campaign", actor.facts["campaign"]},
                  {"status", actor.facts["status"]},
                  {"started_at", actor.facts["started_at"]},
                  {"ended_at", actor.facts["ended_at"]}}));
  }

  // Of a task whose process ended first; else empty.
  std::string lost_text() const {
    if (node(*actor_).facts["status"].text() != "lost") return "";
    const std::string end = process().end;
    return "is lost: its process " + (end.empty() ? "ended" : end) + " before it did";
  }

  Json attribute(const std::string& name) const {
    return inherited_attribute(facts_, workflow_id_of(*actor_), name);
  }

  // What the actor's own process said of itself; empty where it said nothing.
  ProcessFacts process() const {
    if (node(*actor_).node.kind != NodeKind::kTask) return {};
    const auto found = facts_.processes.find(producer_text(node(*actor_).node.id.text()));
    return found == facts_.processes.end() ? ProcessFacts() : found->second;
  }

  // "train.py, model.py and 3 more by SHA-256" of the program's own files.
  static std::string modules_text(const Json& modules) {
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

  void code() {
    const Json git = attribute("git");
    const Json modules = process().modules;
    const Json command = attribute("command");
    std::string text;
    if (!git["commit"].is_null()) {
      text = "git " + git["commit"].text().substr(0, 8);
      if (!git["branch"].is_null()) text += " on " + git["branch"].text();
      const bool* dirty = git["dirty"].as<bool>();
      if (dirty != nullptr && *dirty) {
        text += " with uncommitted changes (headrace show " + workflow_id_of(*actor_).substr(0, 8) +
                ")";
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
      text += (text.empty() ? "" : "; ") + std::string("command ") + cut(shown.text());
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

  // Files that were run rather than read.
  bool is_code(size_t object) const { return node(object).facts["kind"].text() == "code"; }

  // What went into an actor: objects by an edge to it, to a task around it or inside it.
  std::vector<std::pair<size_t, bool>> inputs_of(size_t actor) const {
    std::set<size_t> around{actor};
    for (bool grew = true; grew;) {
      grew = false;
      for (const LineageEdge& e : lineage_.edges) {
        if (e.relation != "parent") continue;
        if (node(e.from).node.distance != node(actor).node.distance) continue;
        const bool touches = around.contains(e.from) != around.contains(e.to);
        if (touches && related(actor, around.contains(e.from) ? e.to : e.from)) {
          grew |= around.insert(e.from).second;
          grew |= around.insert(e.to).second;
        }
      }
    }
    std::vector<std::pair<size_t, bool>> out;
    std::set<size_t> seen;
    for (const LineageEdge& e : lineage_.edges) {
      if (e.relation == "used" && around.contains(e.to) && !is_code(e.from) &&
          seen.insert(e.from).second) {
        out.emplace_back(e.from, e.exact);
      }
    }
    return out;
  }
  // Is `other` around `actor` or inside it (and not merely under the same parent)?
  bool related(size_t actor, size_t other) const {
    return is_inside(actor, other) || is_inside(other, actor);
  }
  bool is_inside(size_t inner, size_t outer) const {
    std::set<size_t> seen{inner};
    std::vector<size_t> open{inner};
    while (!open.empty()) {
      const size_t at = open.back();
      open.pop_back();
      if (at == outer) return true;
      for (const LineageEdge& e : lineage_.edges) {
        if (e.relation == "parent" && e.to == at && seen.insert(e.from).second)
          open.push_back(e.from);
      }
    }
    return false;
  }

  // One line for each thing that was itself made, nearest first: what made it and from what.
  void data() {
    std::vector<size_t> actors{*actor_};
    std::set<size_t> told{*actor_};
    Json::List steps;
    for (size_t i = 0; i < actors.size(); ++i) {
      const auto inputs = inputs_of(actors[i]);
      std::vector<size_t> raw;
      std::string made;
      std::vector<size_t> written;
      for (const auto& [object, exact] : inputs) {
        const std::vector<size_t> generators = generators_of(object);
        const bool own =
            std::find(generators.begin(), generators.end(), actors[i]) != generators.end();
        if (own) continue;  // its own product, read again
        if (generators.empty()) {
          raw.push_back(object);
          continue;
        }
        made += (made.empty() ? "" : ", ") + node(object).label + (exact ? "" : " (inferred)");
        for (const size_t by : generators) {
          if (told.insert(by).second) actors.push_back(by);
        }
      }
      std::string text =
          i == 0 ? actor_text(actors[i]) : product_of(actors[i]) + " ← " + actor_text(actors[i]);
      const std::string raw_part = raw_text(raw);
      std::string from = made;
      if (!raw_part.empty()) from += (from.empty() ? "" : ", ") + raw_part;
      Json::List input_ids;
      for (const auto& [object, exact] : inputs) {
        input_ids.push_back(members({{"id", node(object).node.id.text()},
                                     {"name", node(object).label},
                                     {"path", node(object).facts["path"]},
                                     {"sha256", node(object).facts["sha256"]},
                                     {"raw", generators_of(object).empty()},
                                     {"exact", exact}}));
      }
      steps.push_back(members({{"by", node(actors[i]).node.id.text()},
                               {"activity", node(actors[i]).label},
                               {"inputs", Json(std::move(input_ids))}}));
      line(i == 0 ? "data" : "", text + (from.empty() ? " used no captured object" : " ← " + from));
      if (from.empty()) without_input_.push_back(actors[i]);
    }
    made_by_ = actors;
    fact("data", Json(std::move(steps)));
  }

  // What of the story this actor made.
  std::string product_of(size_t actor) const {
    std::string out;
    size_t count = 0;
    for (const LineageEdge& e : lineage_.edges) {
      if (e.relation != "generated" || e.from != actor) continue;
      if (++count > kNamedInputs) continue;
      out += (out.empty() ? "" : ", ") + node(e.to).label;
    }
    if (count > kNamedInputs) out += " and " + std::to_string(count - kNamedInputs) + " more";
    return out;
  }

  std::string raw_text(const std::vector<size_t>& raw) const {
    if (raw.empty()) return "";
    if (raw.size() <= kNamedInputs) {
      std::string out;
      for (const size_t at : raw) {
        const Json& path = node(at).facts["path"];
        out += (out.empty() ? "" : ", ") + (path.is_null() ? node(at).label : path.text());
      }
      return out + " (raw)";
    }
    std::map<std::string, size_t> kinds;
    double bytes = 0;
    for (const size_t at : raw) {
      ++kinds[node(at).facts["kind"].is_null() ? "object" : node(at).facts["kind"].text()];
      bytes += node(at).facts["size_bytes"].number().value_or(0);
    }
    std::string out;
    for (const auto& [kind, count] : kinds) {
      out += (out.empty() ? "" : " and ") + std::to_string(count) + " raw " + kind +
             (count > 1 ? "s" : "");
    }
    if (bytes > 0) out += " of " + bytes_text(bytes);
    const Json& path = node(raw.front()).facts["path"];
    return out + ", e.g. " + (path.is_null() ? node(raw.front()).label : path.text());
  }

  // Scalars that the actor used, then those of its workflow.
  void params() {
    Json::Map all;
    const auto add = [&all](const Json& used) {
      const auto* map = used.as<Json::Map>();
      if (map == nullptr) return;
      for (const auto& [key, value] : *map) {
        if (!value["$object"].is_null()) continue;
        const bool known =
            std::any_of(all.begin(), all.end(), [&k = key](const auto& m) { return m.first == k; });
        if (!known) all.emplace_back(key, value);
      }
    };
    for (const Json* facts : around(*actor_)) add((*facts)["used"]);
    if (const auto w = facts_.workflows.find(workflow_id_of(*actor_));
        w != facts_.workflows.end()) {
      add(w->second["used"]);
    }
    std::string text;
    for (const auto& [key, value] : all) {
      const auto* d = value.as<double>();
      text += (text.empty() ? "" : " ") + key + "=" +
              (d != nullptr ? number_text(*d) : cut(value.text()));
    }
    if (all.empty()) {
      miss("parameters", "name them: hr.task(\"" + node(*actor_).label + "\", used={\"lr\": lr})");
    } else {
      line("params", text);
    }
    fact("params", Json(std::move(all)));
  }

  void environment() {
    const Json python = attribute("python");
    const Json machine = attribute("machine");
    const Json job = attribute("job");
    const ProcessFacts own = process();
    const auto* packages = own.packages.as<Json::Map>();
    std::string text;
    const auto add = [&text](const std::string& part) {
      if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    };
    const Json& version =
        python["python"]["version"].is_null() ? python["version"] : python["python"]["version"];
    add(version.is_null() ? own.language : "Python " + version.text());
    if (const auto count = python["package_count"].number()) {
      add(number_text(*count) + " packages");
    } else if (packages != nullptr) {
      add(std::to_string(packages->size()) + " packages");
    }
    if (!machine["cpu"]["model"].is_null()) add(machine["cpu"]["model"].text());
    if (const auto* gpus = machine["gpus"].as<Json::List>(); gpus != nullptr && !gpus->empty()) {
      add(std::to_string(gpus->size()) + " × " + gpus->front().text());
    }
    const Json& host = node(*actor_).facts["hostname"];
    if (!host.is_null()) add("on " + host.text());
    if (!job["job_id"].is_null()) add(job["scheduler"].text() + " job " + job["job_id"].text());
    if (!text.empty()) line("env", text);
    if (python.is_null() && machine.is_null()) {
      miss(packages == nullptr ? "packages, seeds and machine" : "the machine",
           "run the program under headrace run");
    }
    fact("environment", members({{"python", python},
                                 {"packages", own.packages},
                                 {"seeds", own.seeds},
                                 {"machine", machine},
                                 {"job", job},
                                 {"hostname", host}}));
  }

  static std::string energy_text(double joules, const std::string& truth) {
    return (truth == "measured" ? "" : "≈ ") + si_text(joules, "J");
  }

  void cost() {
    const Json& whole = whole_of(*actor_);
    const auto time = whole["duration_s"].number();
    const auto energy = whole["energy_j"].number();
    const std::string truth = whole["energy_truth"].is_null() ? "" : whole["energy_truth"].text();
    std::string text;
    if (time) text = duration_text(*time);
    if (energy) {
      text += (text.empty() ? "" : ", ") + energy_text(*energy, truth) + " (" + truth +
              (truth == "measured" ? "" : ": " + whole["energy_method"].text()) + ")";
    } else {
      miss("energy of " + node(*actor_).label,
           "headrace doctor says which sources this machine offers");
    }
    const Total total = cost_of_all();
    if (total.steps > 1) {
      text += (text.empty() ? "" : "; ") + std::string("with all it was made from ") +
              duration_text(total.seconds);
      if (total.with_energy > 0) {
        text += ", " + energy_text(total.joules, total.measured ? "measured" : "estimated");
        if (total.with_energy < total.steps) {
          text += " (of " + std::to_string(total.with_energy) + " of " +
                  std::to_string(total.steps) + " steps)";
        }
      }
    }
    if (!text.empty()) line("cost", text);
    fact("cost",
         members({{"time_s", whole["duration_s"]},
                  {"energy_j", whole["energy_j"]},
                  {"energy_truth", whole["energy_truth"]},
                  {"energy_method", whole["energy_method"]},
                  {"steps", static_cast<int64_t>(total.steps)},
                  {"steps_with_energy", static_cast<int64_t>(total.with_energy)},
                  {"total_time_s", total.seconds},
                  {"total_energy_j", total.with_energy > 0 ? Json(total.joules) : Json()}}));
  }

  struct Total {
    size_t steps = 0;
    size_t with_energy = 0;
    double seconds = 0;
    double joules = 0;
    bool measured = true;
  };
  // Of everything that the story tells of, nothing twice: figures include what lies inside.
  Total cost_of_all() const {
    std::map<std::string, const Json*> wholes;
    for (const size_t at : made_by_) {
      const Json& whole = whole_of(at);
      wholes.emplace(whole["task_id"].is_null() ? node(at).node.id.text() : whole["task_id"].text(),
                     &whole);
    }
    Total total;
    for (const auto& [id, whole] : wholes) {
      bool inside = false;
      const Json* at = whole;
      for (int steps = 0; !(*at)["parent_task_id"].is_null() && steps < 64; ++steps) {
        const std::string parent = (*at)["parent_task_id"].text();
        inside |= wholes.contains(parent);
        const auto found = facts_.tasks.find(parent);
        if (found == facts_.tasks.end()) break;
        at = &found->second;
      }
      if (inside) continue;
      ++total.steps;
      total.seconds += (*whole)["duration_s"].number().value_or(0);
      if (const auto joules = (*whole)["energy_j"].number()) {
        total.joules += *joules;
        ++total.with_energy;
        total.measured &= (*whole)["energy_truth"].text() == "measured";
      }
    }
    return total;
  }

  void not_captured() {
    for (const size_t at : without_input_) {
      miss("what " + node(at).label + " read", "give its files to it: hr.task(\"" + node(at).label +
                                                   "\", used={\"data\": hr.object(path)})");
    }
    bool inferred = false;
    for (const LineageEdge& e : lineage_.edges) inferred |= !e.exact;
    if (inferred) {
      miss("some edges, which are inferred",
           "pass the object itself to the task that uses it; inferred ones are marked");
    }
    for (size_t i = 0; i < missing_.size(); ++i) {
      line(i == 0 ? "not captured" : "",
           missing_[i]["what"].text() + ": " + missing_[i]["how"].text());
    }
    fact("not_captured", Json(std::move(missing_)));
  }

  const Lineage& lineage_;
  NodeFacts facts_;
  Thing subject_;
  std::optional<size_t> actor_;
  std::vector<size_t> made_by_;
  std::vector<size_t> without_input_;
  std::vector<WhyLine> lines_;
  Json::List missing_;
  Json::Map out_;
};

}  // namespace

Result<Why> explain(const Session& session, const std::string& text,
                    const std::filesystem::path& here) {
  Result<Thing> thing =
      identify(session, text, {ThingKind::kObject, ThingKind::kTask, ThingKind::kWorkflow}, here);
  if (!thing.ok()) return thing.status();
  const NodeKind kind = thing->kind == ThingKind::kObject ? NodeKind::kObject
                        : thing->kind == ThingKind::kTask ? NodeKind::kTask
                                                          : NodeKind::kWorkflow;
  const auto id = Uuid::parse(thing->id);
  if (!id) return corrupt("the store has an id that is none: " + thing->id);
  Result<Lineage> lineage = lineage_behind(session, kind, *id);
  if (!lineage.ok()) return lineage.status();
  Result<NodeFacts> facts = read_nodes(session, *lineage);
  if (!facts.ok()) return facts.status();
  return Story(std::move(*thing), *lineage, std::move(*facts)).tell();
}

std::string why_text(const Why& why) {
  size_t widest = 0;
  for (const WhyLine& line : why.lines) widest = std::max(widest, line.label.size());
  std::string out;
  bool first = true;
  for (const WhyLine& line : why.lines) {
    const std::string text = terminal_text(line.text);
    if (first) {
      out += text + "\n";
      first = false;
      continue;
    }
    out += "  " + line.label + std::string(widest - line.label.size() + 2, ' ') + text + "\n";
  }
  return out;
}

Json why_json(const Why& why) {
  Json::Map out;
  if (const auto* facts = why.facts.as<Json::Map>()) out = *facts;
  Json::List sentences;
  std::string label;
  for (const WhyLine& line : why.lines) {
    if (!line.label.empty()) label = line.label;
    sentences.push_back((label.empty() ? "" : label + ": ") + line.text);
  }
  Json::List nodes;
  for (const WhyNode& n : why.nodes) {
    Json::Map node{{"kind", std::string(name_of(n.node.kind))},
                   {"id", n.node.id.text()},
                   {"label", n.label},
                   {"distance", static_cast<int64_t>(n.node.distance)},
                   {"facts", n.facts}};
    nodes.emplace_back(std::move(node));
  }
  Json::List edges;
  for (const LineageEdge& e : why.edges) {
    Json::Map edge{{"from", why.nodes[e.from].node.id.text()},
                   {"to", why.nodes[e.to].node.id.text()},
                   {"relation", e.relation},
                   {"name", e.name},
                   {"exact", e.exact}};
    edges.emplace_back(std::move(edge));
  }
  out.emplace_back("sentences", Json(std::move(sentences)));
  out.emplace_back("graph", Json(Json::Map{{"nodes", Json(std::move(nodes))},
                                           {"edges", Json(std::move(edges))}}));
  return Json(std::move(out));
}

}  // namespace headrace::query
