#include "query/affects.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "query/slice.h"
#include "query/units.h"
#include "query/why_cycles.h"
#include "query/why_story.h"

namespace headrace::query {
namespace {

constexpr size_t kToldSteps = 20;
constexpr size_t kNamedEnds = 8;

// Tasks of one activity and workflow that stand equally far from the subject.
struct Step {
  std::set<size_t> actors;
  std::set<size_t> objects;  // that they generated
  bool exact = true;
};

class Effects {
 public:
  explicit Effects(Slice slice) : slice_(std::move(slice)) {}

  Why tell() {
    group();
    opening();
    steps();
    ends();
    if (Json cycles = tell_cycles(slice_.lineage, slice_.facts.nodes, &why_.lines);
        !cycles.is_null()) {
      out_.emplace_back("cycles", std::move(cycles));
    }
    why_.subject = slice_.subject;
    why_.facts = Json(std::move(out_));
    why_.edges = std::move(slice_.lineage.edges);
    why_.nodes = std::move(slice_.facts.nodes);
    return std::move(why_);
  }

 private:
  const WhyNode& node(size_t at) const { return slice_.facts.nodes[at]; }
  void line(const std::string& label, const std::string& text) {
    why_.lines.push_back({label, text});
  }

  void group() {
    std::vector<bool> data(slice_.facts.nodes.size(), false);
    for (const LineageEdge& e : slice_.lineage.edges) {
      inferred_ = inferred_ || !e.exact;
      if (e.relation != "parent") data[e.from] = data[e.to] = true;
      if (e.relation == "used" || e.relation == "value") used_.insert(e.from);
      if (e.relation == "parent") continue;
      const size_t actor = e.relation == "generated" ? e.from : e.to;
      Step& step = step_of(actor);
      step.actors.insert(actor);
      step.exact = step.exact && e.exact && node(actor).node.exact;
      if (e.relation == "generated") step.objects.insert(e.to);
    }
    for (size_t i = 1; i < data.size(); ++i) {
      if (node(i).node.kind == NodeKind::kObject) objects_.push_back(i);
      if (node(i).node.kind == NodeKind::kTask && data[i]) tasks_.push_back(i);
      const std::string workflow = workflow_of(i);
      if (!workflow.empty() && data[i]) workflows_.insert(workflow);
    }
  }
  std::string workflow_of(size_t at) const {
    if (node(at).node.kind == NodeKind::kWorkflow) return node(at).node.id.text();
    return node(at).facts["workflow_id"].is_null() ? "" : node(at).facts["workflow_id"].text();
  }
  Step& step_of(size_t actor) {
    const Json& workflow = node(actor).node.kind == NodeKind::kWorkflow
                               ? node(actor).facts["name"]
                               : node(actor).facts["workflow"];
    return steps_[{node(actor).node.distance, name_of(node(actor).node.kind), node(actor).label,
                   workflow.is_null() ? "" : workflow.text()}];
  }

  void opening() {
    const WhyNode& first = node(0);
    const bool is_object = first.node.kind == NodeKind::kObject;
    std::string text = std::string(is_object ? "" : name_of(first.node.kind)) +
                       (is_object ? "" : " ") + first.label;
    if (is_object && !first.facts["kind"].is_null()) {
      text += " (" + first.facts["kind"].text();
      if (!first.facts["sha256"].is_null()) {
        text += ", sha256 " + first.facts["sha256"].text().substr(0, 8) + "…";
      }
      text += ")";
    }
    if (objects_.empty() && tasks_.empty()) {
      line("", text + " went into nothing that was captured.");
    } else {
      line("", text + " affects " + counted(objects_.size(), "object") +
                   of_them_inferred(objects_) + ", through " + counted(tasks_.size(), "task") +
                   of_them_inferred(tasks_) + " of " + counted(workflows_.size(), "workflow") +
                   ".");
    }
    out_.emplace_back("subject", members({{"kind", std::string(name_of(first.node.kind))},
                                          {"id", first.node.id.text()},
                                          {"name", first.label}}));
    out_.emplace_back("affected",
                      members({{"objects", static_cast<int64_t>(objects_.size())},
                               {"objects_inferred", static_cast<int64_t>(inferred_of(objects_))},
                               {"tasks", static_cast<int64_t>(tasks_.size())},
                               {"tasks_inferred", static_cast<int64_t>(inferred_of(tasks_))},
                               {"workflows", static_cast<int64_t>(workflows_.size())}}));
  }

  size_t inferred_of(const std::vector<size_t>& nodes) const {
    return static_cast<size_t>(std::count_if(nodes.begin(), nodes.end(),
                                             [this](size_t i) { return !node(i).node.exact; }));
  }
  std::string of_them_inferred(const std::vector<size_t>& nodes) const {
    const size_t inferred = inferred_of(nodes);
    return inferred == 0 ? "" : " (" + grouped(inferred) + " of them inferred)";
  }

  std::string names(const std::set<size_t>& objects) const {
    std::string out;
    size_t told = 0;
    for (const size_t at : objects) {
      if (told == kNamedInputs) break;
      out += (told++ == 0 ? "" : ", ") + node(at).label;
    }
    if (objects.size() > told) out += " and " + grouped(objects.size() - told) + " more";
    return out;
  }

  void steps() {
    Json::List list;
    size_t told = 0;
    for (const auto& [key, step] : steps_) {
      const auto& [distance, kind, label, workflow] = key;
      Json::List made;
      for (const size_t at : step.objects) made.emplace_back(node(at).node.id.text());
      list.emplace_back(members({{"distance", static_cast<int64_t>(distance)},
                                 {"activity", label},
                                 {"workflow", workflow.empty() ? Json() : Json(workflow)},
                                 {"tasks", static_cast<int64_t>(step.actors.size())},
                                 {"objects", Json(std::move(made))},
                                 {"exact", step.exact}}));
      if (told++ >= kToldSteps) continue;
      std::string text = step.actors.size() == 1
                             ? std::string(kind) + " " + label
                             : grouped(step.actors.size()) + " " + std::string(kind) + "s " + label;
      if (kind == "task" && !workflow.empty()) text += " of workflow " + workflow;
      if (!step.objects.empty()) text += " → " + names(step.objects);
      line(told == 1 ? "went into" : "", text + (step.exact ? "" : " (inferred)"));
    }
    if (told > kToldSteps) {
      line("", "and " + std::to_string(told - kToldSteps) + " more steps; --json has all");
    }
    out_.emplace_back("steps", Json(std::move(list)));
  }

  // What nobody used further: models, figures, tables.
  void ends() {
    std::set<size_t> last;
    Json::List list;
    for (const size_t at : objects_) {
      if (used_.contains(at)) continue;
      last.insert(at);
      list.emplace_back(members({{"id", node(at).node.id.text()},
                                 {"name", node(at).label},
                                 {"path", node(at).facts["path"]}}));
    }
    std::string text;
    size_t told = 0;
    for (const size_t at : last) {
      if (told == kNamedEnds) break;
      const Json& path = node(at).facts["path"];
      text += (told++ == 0 ? "" : ", ") + (path.is_null() ? node(at).label : path.text());
    }
    if (last.size() > told) text += " and " + grouped(last.size() - told) + " more";
    if (!text.empty()) line("ends in", text);
    out_.emplace_back("ends", Json(std::move(list)));
    if (slice_.lineage.cut > 0) {
      line("beyond", "the depth asked for: " + grouped(slice_.lineage.cut) + " of these went on");
      out_.emplace_back("cut", static_cast<int64_t>(slice_.lineage.cut));
    }
    if (inferred_) {
      line("inferred",
           "what is marked so was not seen, but concluded from equal contents or values");
    }
  }

  Slice slice_;
  std::map<std::tuple<int, std::string_view, std::string, std::string>, Step> steps_;
  std::vector<size_t> objects_;
  std::vector<size_t> tasks_;
  std::set<std::string> workflows_;
  std::set<size_t> used_;
  bool inferred_ = false;
  Why why_;
  Json::Map out_;
};

}  // namespace

Result<Why> affected_by(const Session& session, const std::string& text,
                        const std::filesystem::path& here, const WhyOptions& options) {
  Result<Slice> slice = slice_of(session, text, here, Direction::kAhead, options);
  if (!slice.ok()) return slice.status();
  return Effects(std::move(*slice)).tell();
}

}  // namespace headrace::query
