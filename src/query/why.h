// Why a thing is what it is: what wrote it, from which code, data and parameters, where, at what
// cost, and what nobody captured. In sentences and as a graph.
//
//   Result<Why> why = explain(session, "best.pt", std::filesystem::current_path());
//   std::cout << why_text(*why);
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/identify.h"
#include "query/json.h"
#include "query/lineage.h"
#include "query/session.h"

namespace headrace::query {

struct WhyLine {
  std::string label;  // "", code, data, params, env, cost, not captured
  std::string text;   // a sentence, or its continuation where the label is ""
};

// What the store knows of a node of the graph.
struct WhyNode {
  LineageNode node;
  std::string label;  // "best.pt", "finetune lr=0.001"
  // Of an object: kind, name, path, version, size_bytes, sha256, attributes. Of a task: activity,
  // workflow, workflow_id, campaign, status, started_at, duration_s, used, generated, energy_j,
  // energy_truth. Of a workflow: name, campaign, command, ...
  Json facts;
};

struct Why {
  Thing subject;
  std::vector<WhyNode> nodes;  // [0] is the subject; then by distance
  std::vector<LineageEdge> edges;
  std::vector<WhyLine> lines;
  // The same as `lines`, to be read by programs: subject, written_by, code, params, environment,
  // cost, data, not_captured.
  Json facts;
};

struct WhyOptions {
  LineageOptions lineage;
  std::string only_path;  // not empty: only what lies on a way to this thing
};

// `text`: an object, a task or a workflow, as in identify.h. Errors: of identify; kNotFound when
// nothing leads to `only_path`.
Result<Why> explain(const Session& session, const std::string& text,
                    const std::filesystem::path& here, const WhyOptions& options = {});

// The lines for a terminal: labels in a column, escape sequences in captured text taken out.
std::string why_text(const Why& why);
// Everything: facts, sentences, and graph {nodes, edges}.
Json why_json(const Why& why);

}  // namespace headrace::query
