#include "cli/pruned.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/counted.h"
#include "query/json.h"
#include "query/units.h"
#include "query/utf8.h"

namespace headrace::cli {
namespace {

constexpr size_t kLines = 20;  // of workflows; more are counted

void print_workflows(const std::vector<collect::PrunedWorkflow>& workflows) {
  for (size_t i = 0; i < std::min(workflows.size(), kLines); ++i) {
    const collect::PrunedWorkflow& w = workflows[i];
    std::printf("  %.8s  %s  %s  %s%s%s  %s\n", w.id.c_str(), w.started_at.c_str(),
                w.status.c_str(), query::terminal_text(w.name).c_str(),
                w.campaign.empty() ? "" : " of ", query::terminal_text(w.campaign).c_str(),
                query::counted(static_cast<uint64_t>(w.tasks), "task").c_str());
  }
  if (workflows.size() > kLines) {
    std::printf("  and %s more\n", query::grouped(workflows.size() - kLines).c_str());
  }
}

std::string json_of(const collect::Pruned& pruned, bool dry_run) {
  std::string out =
      std::string("{\"dry_run\": ") + (dry_run ? "true" : "false") + ", \"workflows\": [";
  for (size_t i = 0; i < pruned.workflows.size(); ++i) {
    const collect::PrunedWorkflow& w = pruned.workflows[i];
    out += std::string(i > 0 ? ", " : "") + "{\"workflow_id\": \"" + w.id +
           "\", \"name\": " + query::json_quoted(w.name) +
           ", \"campaign\": " + query::json_quoted(w.campaign) +
           ", \"status\": " + query::json_quoted(w.status) +
           ", \"tasks\": " + std::to_string(w.tasks) + "}";
  }
  const store::Removed& r = pruned.removed;
  const std::pair<const char*, int64_t> counts[] = {
      {"tasks", r.tasks},
      {"objects", r.objects},
      {"edges", r.edges},
      {"samples", r.samples},
      {"log_rows", r.log_rows},
      {"segments", static_cast<int64_t>(pruned.segments)},
      {"blobs", static_cast<int64_t>(pruned.blobs)},
      {"bytes", static_cast<int64_t>(pruned.bytes)},
      {"running", static_cast<int64_t>(pruned.running)}};
  out += "]";
  for (const auto& [name, n] : counts)
    out += std::string(", \"") + name + "\": " + std::to_string(n);
  return out + "}";
}

}  // namespace

void print_pruned(const collect::Pruned& pruned, bool dry_run, bool json) {
  if (json) {
    std::printf("%s\n", json_of(pruned, dry_run).c_str());
    return;
  }
  const store::Removed& r = pruned.removed;
  if (pruned.workflows.empty()) {
    std::printf("nothing to prune\n");
  } else {
    std::printf("%s %s, %s%s:\n", dry_run ? "would remove" : "removed",
                listed({{"workflow", static_cast<int64_t>(pruned.workflows.size())},
                        {"task", r.tasks},
                        {"object", r.objects},
                        {"sample", r.samples},
                        {"log row", r.log_rows},
                        {"segment", static_cast<int64_t>(pruned.segments)},
                        {"blob", static_cast<int64_t>(pruned.blobs)}})
                    .c_str(),
                dry_run ? "about " : "",
                query::bytes_text(static_cast<double>(pruned.bytes)).c_str());
    print_workflows(pruned.workflows);
  }
  if (pruned.running > 0) {
    std::printf("%s still running and stayed\n",
                (query::counted(static_cast<uint64_t>(pruned.running), "workflow") +
                 (pruned.running == 1 ? " is" : " are"))
                    .c_str());
  }
}

}  // namespace headrace::cli
