#include "query/filter_fields.h"

#include <array>

namespace headrace::query {
namespace {

using enum FieldKind;

const std::vector<FilterField> kTaskFields = {
    {"id", "task_id", kId, "the task's id, or how it begins"},
    {"activity", "activity", kText, "the kind of work"},
    {"status", "status", kStatus, "pending, running, finished, failed, cancelled or lost"},
    {"workflow", "workflow_id", kText, "the workflow's name, or how its id begins"},
    {"campaign", "campaign", kText, "the campaign's name"},
    {"parent", "parent_task_id", kId, "the id of the task that it ran in"},
    {"started", "started_at", kTime, "when it began"},
    {"ended", "ended_at", kTime, "when it ended"},
    {"duration", "duration_s", kDuration, "how long it took"},
    {"energy", "energy_j", kEnergy, "what was attributed to it and all inside it"},
    {"used", "used", kValues, "what went in: used.NAME"},
    {"generated", "generated", kValues, "what came out: generated.NAME"},
    {"tag", "tags", kTags, "a label: tag:NAME, tag:NAME=VALUE"},
    {"hostname", "hostname", kText, "the machine"},
    {"pid", "pid", kNumber, "the process"},
    {"rank", "rank", kNumber, "the MPI rank"},
    {"thread", "thread", kNumber, "the thread's number in the system"},
    {"device", "device", kText, "the accelerator"},
    {"attempt", "attempt", kNumber, "0 at first, then one more for each retry"},
    {"error", "error", kText, "type and message of its failure"},
    {"attributes", "attributes", kValues, "what else is known of it: attributes.NAME"},
};
const std::vector<FilterField> kWorkflowFields = {
    {"id", "workflow_id", kId, "the workflow's id, or how it begins"},
    {"name", "name", kText, "its name"},
    {"campaign", "campaign", kText, "the campaign's name"},
    {"status", "status", kStatus, "pending, running, finished, failed, cancelled or lost"},
    {"parent", "parent_workflow_id", kId, "the id of the workflow that it is a part of"},
    {"started", "started_at", kTime, "when it began"},
    {"ended", "ended_at", kTime, "when it ended"},
    {"duration", "duration_s", kDuration, "how long it took"},
    {"used", "used", kValues, "what went in: used.NAME"},
    {"generated", "generated", kValues, "what came out: generated.NAME"},
    {"tag", "tags", kTags, "a label: tag:NAME, tag:NAME=VALUE"},
    {"note", "note", kText, "what was noted about it"},
    {"hostname", "hostname", kText, "the machine"},
    {"pid", "pid", kNumber, "the process"},
    {"command", "command", kText, "the command line"},
    {"exit_code", "exit_code", kNumber, "what the program ended with"},
    {"tasks", "tasks", kNumber, "how many tasks it has"},
    {"error", "error", kText, "type and message of its failure"},
    {"attributes", "attributes", kValues, "what else is known of it: attributes.NAME"},
};
const std::vector<FilterField> kObjectFields = {
    {"id", "object_id", kId, "the object's id, or how it begins"},
    {"kind", "kind", kText, "dataset, model, checkpoint, file, ..."},
    {"name", "name", kText, "its name"},
    {"path", "path", kText, "where it lies"},
    {"version", "version", kNumber, "1 for the first content at its path"},
    {"size", "size_bytes", kBytes, "how large it is"},
    {"sha256", "sha256", kHash, "how the hash of its content begins"},
    {"created", "created_at", kTime, "when it was first seen"},
    {"attributes", "attributes", kValues, "what else was said of it: attributes.NAME"},
};
const std::vector<FilterField> kCampaignFields = {
    {"id", "campaign_id", kId, "the campaign's id, or how it begins"},
    {"name", "name", kText, "its name"},
    {"started", "started_at", kTime, "when its first workflow began"},
    {"ended", "ended_at", kTime, "when its last workflow ended"},
    {"workflows", "workflows", kNumber, "how many workflows it has"},
    {"tasks", "tasks", kNumber, "how many tasks it has"},
    {"tag", "tags", kTags, "a label: tag:NAME, tag:NAME=VALUE"},
    {"note", "note", kText, "what was noted about it"},
};

struct ViewName {
  FilterView view;
  std::string_view name;
  std::string_view plural;
  const std::vector<FilterField>* fields;
};
const std::array<ViewName, 4> kViews = {{
    {FilterView::kTask, "task", "tasks", &kTaskFields},
    {FilterView::kWorkflow, "workflow", "workflows", &kWorkflowFields},
    {FilterView::kObject, "object", "objects", &kObjectFields},
    {FilterView::kCampaign, "campaign", "campaigns", &kCampaignFields},
}};

const ViewName& about(FilterView view) { return kViews[static_cast<size_t>(view)]; }

}  // namespace

std::string_view name_of(FilterView view) { return about(view).name; }
std::string_view plural_of(FilterView view) { return about(view).plural; }

std::optional<FilterView> filter_view(std::string_view name) {
  for (const ViewName& one : kViews) {
    if (name == one.name || name == one.plural) return one.view;
  }
  return std::nullopt;
}

const std::vector<FilterField>& filter_fields(FilterView view) { return *about(view).fields; }

const FilterField* find_field(FilterView view, std::string_view name) {
  for (const FilterField& field : filter_fields(view)) {
    if (name == field.name || name == field.column) return &field;
  }
  return nullptr;
}

Role role_of(std::string_view field) {
  if (field == "used") return Role::kUsed;
  if (field == "generated") return Role::kGenerated;
  return field == "attributes" ? Role::kAttribute : Role::kTag;
}

const std::vector<std::string>& status_names() {
  static const std::vector<std::string> names = {"pending", "running",   "finished",
                                                 "failed",  "cancelled", "lost"};
  return names;
}

}  // namespace headrace::query
