// How the story of a thing is told, line by line: what wrote it, from which code, data and
// parameters, where, at what cost. Each kind of line has a file of its own: why_<line>.cc.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/identify.h"
#include "query/json.h"
#include "query/lineage.h"
#include "query/process_facts.h"
#include "query/why.h"
#include "query/why_nodes.h"

namespace headrace::query {

// More of one kind than this are counted rather than named.
constexpr size_t kNamedInputs = 3;

// A map of those that are not null.
Json members(std::vector<std::pair<std::string, Json>> all);

class Story {
 public:
  Story(Thing subject, const Lineage& lineage, NodeFacts facts)
      : lineage_(lineage),
        facts_(std::move(facts)),
        subject_(std::move(subject)),
        into_(lineage.nodes.size()),
        out_of_(lineage.nodes.size()) {
    for (const LineageEdge& e : lineage.edges) {
      into_[e.to].push_back(&e);
      out_of_[e.from].push_back(&e);
    }
  }

  Why tell();

 private:
  struct Total {
    size_t steps = 0;
    size_t with_energy = 0;
    size_t inferred = 0;  // left out
    double seconds = 0;
    double joules = 0;
    double u95_j = 0;   // at most: as if all were off by the same
    std::string truth;  // of all: measured, mixed, estimated
    std::vector<const Json*> parts;
  };

  const WhyNode& node(size_t at) const { return facts_.nodes[at]; }
  void line(const std::string& label, const std::string& text) { lines_.push_back({label, text}); }
  void fact(const std::string& name, Json value);
  void miss(const std::string& what, const std::string& how) {
    missing_.push_back(members({{"what", what}, {"how", how}}));
  }

  std::vector<size_t> generators_of(size_t object) const;
  // The task or workflow whose work the subject is: itself, or what wrote it (the last one, when
  // the same content was written again).
  void find_actor();
  std::string workflow_id_of(size_t actor) const;
  // The actor's facts, then those of the tasks around it, outward.
  std::vector<const Json*> around(size_t actor) const;
  // The task that an actor is a part of: the nearest around it that was given any value. A `save`
  // inside a training is the training's; its cost alone would say nothing.
  const Json& whole_of(size_t actor) const;
  // "task finetune › save of workflow tune"
  std::string actor_text(size_t actor) const;
  std::string object_text(size_t at) const;
  void opening();
  // Of a task whose process ended first; else empty.
  std::string lost_text() const;
  Json attribute(const std::string& name) const;
  // What the actor's own process said of itself; empty where it said nothing.
  ProcessFacts process() const;
  void code();
  // Files that were run rather than read.
  bool is_code(size_t object) const;
  // What went into an actor: objects by an edge to it, to a task around it or inside it.
  std::vector<std::pair<size_t, bool>> inputs_of(size_t actor) const;
  // One line for each thing that was itself made, nearest first: what made it and from what.
  void data();
  // What of the story this actor made.
  std::string product_of(size_t actor) const;
  // Objects that nothing generated. In a part of a lineage only nothing in that part, so they are
  // not called raw there.
  std::string raw_text(const std::vector<size_t>& raw) const;
  // Scalars that the actor used, then those of its workflow.
  void params();
  void environment();
  void cost();
  // Of these tasks and workflows, those that were seen, nothing twice: figures include what lies
  // inside.
  Total cost_of(const std::vector<size_t>& actors) const;
  // Gives each object what it and all that it was made from cost.
  void cumulative();
  void not_captured();

  const Lineage& lineage_;
  NodeFacts facts_;
  Thing subject_;
  std::vector<std::vector<const LineageEdge*>> into_;  // by node
  std::vector<std::vector<const LineageEdge*>> out_of_;
  std::optional<size_t> actor_;
  std::vector<size_t> made_by_;
  std::vector<size_t> without_input_;
  std::vector<WhyLine> lines_;
  Json::List missing_;
  Json::Map out_;
};

}  // namespace headrace::query
