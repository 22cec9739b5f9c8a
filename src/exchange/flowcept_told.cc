#include "exchange/flowcept_told.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

#include "base/clock.h"
#include "encode/nested.h"
#include "encode/nested_from_json.h"
#include "exchange/flowcept_fields.h"

namespace headrace::exchange {
namespace {

using Field = FlowceptDocument::Field;
using Names = FlowceptFields;

// Said by the native record, so not kept as an attribute.
const Names kOfTask = {"type",     "activity_id", "started_at", "ended_at",
                       "status",   "used",        "generated",  "hostname",
                       "finished", "error",       "running",    "submitted"};
const Names kOfWorkflow = {"type", "name", "started_at", "ended_at", "status", "used", "generated"};
const Names kOfRecord = {"type"};
const Names kOfAgent = {"type", "name"};
collect::Value text_value(std::string_view text) { return collect::Value::of(text); }

// All fields but `said`; with `known` given, those not in it go together under other_fields.
Result<collect::Values> attributes_of(const FlowceptDocument& document, const Names& said,
                                      const Names* known) {
  collect::Values out;
  std::vector<const Field*> others;
  for (const Field& field : document.fields()) {
    if (said.contains(field.name) || FlowceptDocument::is_null(field)) continue;
    if (known != nullptr && !known->contains(field.name)) {
      others.push_back(&field);
      continue;
    }
    Result<collect::Value> value = FlowceptDocument::value_of(field);
    if (!value.ok()) return value.status();
    out.add(field.name, std::move(*value));
  }
  if (others.empty()) return out;
  std::string nested;
  NestedWriter write(nested);
  write.begin_map(static_cast<uint32_t>(others.size()));
  for (const Field* field : others) {
    write.string(field->name);
    nested += field->nested;
  }
  Result<collect::Value> value = collect::Value::nested(nested);
  if (!value.ok()) return value.status();
  out.add("other_fields", std::move(*value));
  return out;
}

Result<collect::Values> values_of(const FlowceptDocument& document, std::string_view name) {
  collect::Values out;
  const FlowceptDocument inner = document.inner(name);
  for (const Field& field : inner.fields()) {
    Result<collect::Value> value = FlowceptDocument::value_of(field);
    if (!value.ok()) return value.status();
    out.add(field.name, std::move(*value));
  }
  return out;
}

// Each label with the value true, where tags are a list of different texts.
std::optional<collect::Values> tags_of(const FlowceptDocument& document) {
  const std::optional<std::vector<std::string>> texts = document.texts("tags");
  if (!texts) return std::nullopt;
  if (std::set<std::string>(texts->begin(), texts->end()).size() != texts->size()) {
    return std::nullopt;
  }
  collect::Values out;
  for (const std::string& text : *texts) {
    if (text.empty()) return std::nullopt;
    out.add(text, collect::Value::of(true));
  }
  return out;
}

// What tasks and workflows say alike.
struct TimesAndValues {
  std::optional<int64_t> begin_ns;
  std::optional<int64_t> end_ns;
  collect::Values used;
  collect::Values generated;
};
Result<TimesAndValues> times_and_values(const FlowceptDocument& document) {
  TimesAndValues out;
  for (const auto& [name, ns] :
       {std::pair{"started_at", &out.begin_ns}, std::pair{"ended_at", &out.end_ns}}) {
    Result<std::optional<int64_t>> time = document.time_ns(name);
    if (!time.ok()) return time.status();
    *ns = *time;
  }
  for (const auto& [name, values] :
       {std::pair{"used", &out.used}, std::pair{"generated", &out.generated}}) {
    Result<collect::Values> told = values_of(document, name);
    if (!told.ok()) return told.status();
    *values = std::move(*told);
  }
  return out;
}

void drop(collect::Values& values, std::string_view name) {
  std::erase_if(values.all, [&](const collect::NamedValue& value) { return value.name == name; });
}

Result<collect::Value> list_of(const std::vector<std::string>& texts) {
  std::string nested;
  NestedWriter write(nested);
  write.begin_list(static_cast<uint32_t>(texts.size()));
  for (const std::string& text : texts) write.string(text);
  return collect::Value::nested(nested);
}

std::optional<TaskStatus> status_of(const FlowceptDocument& document) {
  const std::string told = document.text("status").value_or("");
  // In the order in which messages came nothing says which is later; the peer trusts this mark.
  if (document.has("finished") || told == "FINISHED") return TaskStatus::kFinished;
  if (told == "ERROR" || document.has("error")) return TaskStatus::kFailed;
  if (told == "RUNNING" || document.has("running")) return TaskStatus::kRunning;
  if (told == "SUBMITTED" || told == "WAITING" || document.has("submitted")) {
    return TaskStatus::kPending;
  }
  return std::nullopt;
}
bool has_ended(TaskStatus status) {
  return status != TaskStatus::kPending && status != TaskStatus::kRunning;
}

// An id of the task from its loop, as the peer's consumer makes it.
std::string iteration_id(const FlowceptDocument& document) {
  const std::optional<std::string> group = document.text("group_id");
  const std::optional<std::string> number = document.inner("used").text("i");
  const std::string subtype = document.text("subtype").value_or("iteration");
  return group && number && subtype == "iteration" ? *group + *number : std::string();
}

void take_error(const FlowceptDocument& document, collect::TaskTold& task) {
  if (document.is_map("stderr")) {
    const FlowceptDocument error = document.inner("stderr");
    task.error_message = error.text("exception").value_or("");
    task.error_traceback = error.text("traceback").value_or("");
  } else {
    task.error_message = document.text("stderr").value_or("");
  }
}

}  // namespace

Status FlowceptTelling::tell(collect::Intake& intake, const Result<FlowceptDocument>& document,
                             std::string_view bytes, const std::string& place,
                             const std::string& id) {
  is_control_ = false;
  Status status = document.status();
  if (document.ok()) {
    const Result<FlowceptDocument::Kind> kind = document->kind();
    status = kind.status();
    if (kind.ok()) {
      switch (*kind) {
        case FlowceptDocument::Kind::kTask: status = tell_task(intake, *document, id); break;
        case FlowceptDocument::Kind::kWorkflow: status = tell_workflow(intake, *document); break;
        case FlowceptDocument::Kind::kAgent: status = tell_agent(intake, *document); break;
        case FlowceptDocument::Kind::kObject: status = tell_object(intake, *document); break;
        case FlowceptDocument::Kind::kControl: is_control_ = true; break;
        case FlowceptDocument::Kind::kMonitor: ++ignored_; break;
      }
    }
  }
  if (status.ok()) return status;
  if (status.code() != StatusCode::kInvalidArgument && status.code() != StatusCode::kCorrupt) {
    return status;
  }
  return intake.quarantine(bytes, place + ": " + status.message());
}

Status FlowceptTelling::tell_task(collect::Intake& intake, const FlowceptDocument& document,
                                  const std::string& id) {
  collect::TaskTold task;
  task.id = document.text("task_id").value_or("");
  if (task.id.empty()) task.id = iteration_id(document);
  if (task.id.empty()) task.id = id;
  task.activity = document.text("activity_id").value_or("");
  const FlowceptDocument used = document.inner("used");
  task.workflow = document.text("workflow_id").value_or(used.text("workflow_id").value_or(""));
  task.parent = document.text("parent_task_id").value_or("");
  task.host = document.text("hostname").value_or("");
  Result<TimesAndValues> told = times_and_values(document);
  if (!told.ok()) return told.status();
  const auto [begin, end] = std::pair{told->begin_ns, told->end_ns};
  task.used = std::move(told->used);
  task.generated = std::move(told->generated);
  Result<collect::Values> values = attributes_of(document, kOfTask, &kFlowceptTaskFields);
  if (!values.ok()) return values.status();
  task.attributes = std::move(*values);
  if (std::optional<collect::Values> tags = tags_of(document)) {
    task.tags = std::move(*tags);
    drop(task.attributes, "tags");
  }
  take_error(document, task);
  if (!document.is_map("stderr")) drop(task.attributes, "stderr");
  // A workflow id that is a UUID is the workflow's own here too.
  if (Uuid::parse(task.workflow)) drop(task.attributes, "workflow_id");
  if (!document.has("campaign_id") && !campaign_.empty()) {
    task.attributes.add("campaign_id", text_value(campaign_));
  }
  if (!document.has("subtype") && document.has("group_id")) {
    task.attributes.add("subtype", text_value("iteration"));
  }
  const std::string word = document.text("status").value_or("");
  if (word == "WAITING" || word == "UNKNOWN") task.attributes.add("status", text_value(word));

  const std::optional<TaskStatus> status = status_of(document);
  // Without status it has ended if it says when, or can never be told of again.
  const bool ended =
      status ? has_ended(*status) : end || word == "UNKNOWN" || !document.has("task_id");
  task.status = status.value_or(ended ? TaskStatus::kFinished : TaskStatus::kRunning);
  std::set<std::string> has;
  if (begin) has.insert("started_at");
  if (end) has.insert("ended_at");
  if (document.has("status")) has.insert("status");
  if (const auto before = open_.find(task.id); before != open_.end()) {
    has.insert(before->second.begin(), before->second.end());
  }
  task.begin_ns = begin;
  task.end_ns = end;
  // Of one that goes on, a later part may still say when it began.
  if (ended && !has.contains("started_at")) {
    Result<std::optional<int64_t>> other = document.time_ns("submitted_at");
    if (!other.ok() || !*other) other = document.time_ns("utc_timestamp");
    task.begin_ns = other.ok() && *other ? *other : end ? end : latest_ns_;
  }
  if (ended) {
    std::vector<std::string> untold;
    for (const char* name : {"started_at", "ended_at", "status"}) {
      if (!has.contains(name)) untold.emplace_back(name);
    }
    if (!untold.empty()) {
      Result<collect::Value> list = list_of(untold);
      if (!list.ok()) return list.status();
      task.attributes.add("untold", std::move(*list));
    }
    if (!task.end_ns) task.end_ns = task.begin_ns;
  }
  HEADRACE_RETURN_IF_ERROR(intake.task(task));
  latest_ns_ = std::max({latest_ns_, task.begin_ns.value_or(0), task.end_ns.value_or(0)});
  if (!task.workflow.empty() && !described_.contains(task.workflow)) {
    imply(task, document.text("campaign_id").value_or(campaign_));
  }
  if (ended) {
    open_.erase(task.id);
    unended_.erase(task.id);
  } else {
    open_[task.id] = std::move(has);
    if (!status) unended_[task.id] = std::move(task);
  }
  return ok_status();
}

void FlowceptTelling::imply(const collect::TaskTold& task, const std::string& campaign) {
  Implied& workflow = implied_[task.workflow];
  const int64_t begin = task.begin_ns.value_or(latest_ns_);
  const int64_t end = std::max(begin, task.end_ns.value_or(begin));
  if (workflow.campaign.empty()) workflow.campaign = campaign;
  if (workflow.begin_ns == 0 || begin < workflow.begin_ns) {
    workflow.begin_ns = begin;
    workflow.is_new = true;
  }
  if (end > workflow.end_ns) {
    workflow.end_ns = end;
    workflow.is_new = true;
  }
}

Status FlowceptTelling::tell_workflow(collect::Intake& intake, const FlowceptDocument& document) {
  collect::WorkflowTold workflow;
  workflow.id = document.text("workflow_id").value_or("");
  if (workflow.id.empty()) return invalid_argument("a workflow without workflow_id");
  workflow.name = document.text("name").value_or("");
  workflow.parent = document.text("parent_workflow_id").value_or("");
  workflow.campaign = document.text("campaign_id").value_or(campaign_);
  Result<TimesAndValues> told = times_and_values(document);
  if (!told.ok()) return told.status();
  const auto [begin, end] = std::pair{told->begin_ns, told->end_ns};
  workflow.used = std::move(told->used);
  workflow.generated = std::move(told->generated);
  Result<collect::Values> values = attributes_of(document, kOfWorkflow, &kFlowceptWorkflowFields);
  if (!values.ok()) return values.status();
  workflow.attributes = std::move(*values);
  if (Uuid::parse(workflow.id)) drop(workflow.attributes, "workflow_id");
  const std::optional<TaskStatus> status = status_of(document);
  std::vector<std::string> untold;
  if (!begin) untold.emplace_back("started_at");
  if (!end && status && has_ended(*status)) untold.emplace_back("ended_at");
  if (!status) untold.emplace_back("status");
  Result<collect::Value> list = list_of(untold);
  if (!list.ok()) return list.status();
  workflow.attributes.add("untold", std::move(*list));
  workflow.attributes.add("described", collect::Value::of(true));
  workflow.begin_ns = begin;
  if (!workflow.begin_ns) {
    const Result<std::optional<int64_t>> other = document.time_ns("utc_timestamp");
    workflow.begin_ns = other.ok() && *other ? *other : end ? end : latest_ns_;
  }
  workflow.status = status.value_or(end ? TaskStatus::kFinished : TaskStatus::kRunning);
  workflow.end_ns = end;
  if (has_ended(workflow.status) && !workflow.end_ns) {
    workflow.end_ns = std::max(latest_ns_, *workflow.begin_ns);
  }
  HEADRACE_RETURN_IF_ERROR(intake.workflow(workflow));
  latest_ns_ = std::max({latest_ns_, *workflow.begin_ns, workflow.end_ns.value_or(0)});
  described_.insert(workflow.id);
  implied_.erase(workflow.id);
  return ok_status();
}

Status FlowceptTelling::tell_agent(collect::Intake& intake, const FlowceptDocument& document) {
  collect::ObjectTold agent;
  agent.id = document.text("agent_id").value_or("");
  if (agent.id.empty()) return invalid_argument("an agent without agent_id");
  agent.kind = "agent";
  agent.name = document.text("name").value_or(agent.id);
  agent.workflow = document.text("workflow_id").value_or("");
  Result<std::optional<int64_t>> at = document.time_ns("registered_at");
  if (!at.ok()) return at.status();
  agent.at_ns = *at ? **at : latest_ns_;
  Result<collect::Values> values = attributes_of(document, kOfAgent, nullptr);
  if (!values.ok()) return values.status();
  agent.attributes = std::move(*values);
  return intake.object(agent);
}

Status FlowceptTelling::tell_object(collect::Intake& intake, const FlowceptDocument& document) {
  collect::ObjectTold object;
  const std::string id = document.text("object_id").value_or("");
  if (id.empty()) return invalid_argument("an object without object_id");
  const std::string version = document.text("version").value_or("");
  object.id = version.empty() ? id : id + "@" + version;
  object.kind = document.text("object_type").value_or("");
  object.name = id;
  const std::string sha256 = document.text("data_sha256").value_or("");
  if (sha256.size() == 64) object.sha256 = sha256;
  object.workflow = document.text("workflow_id").value_or("");
  Result<std::optional<int64_t>> at = document.time_ns("created_at");
  if (!at.ok()) return at.status();
  object.at_ns = *at ? **at : latest_ns_;
  Result<collect::Values> values = attributes_of(document, kOfRecord, nullptr);
  if (!values.ok()) return values.status();
  object.attributes = std::move(*values);
  return intake.object(object);
}

Status FlowceptTelling::settle(collect::Intake& intake, bool has_ended) {
  if (has_ended) {
    for (auto& [id, task] : unended_) {
      task.status = TaskStatus::kFinished;
      if (!task.end_ns) task.end_ns = task.begin_ns;
      const std::set<std::string>& has = open_[id];
      std::vector<std::string> untold;
      for (const char* name : {"started_at", "ended_at", "status"}) {
        if (!has.contains(name)) untold.emplace_back(name);
      }
      Result<collect::Value> list = list_of(untold);
      if (!list.ok()) return list.status();
      task.attributes.add("untold", std::move(*list));
      HEADRACE_RETURN_IF_ERROR(intake.task(task));
      open_.erase(id);
    }
    unended_.clear();
  }
  for (auto& [id, implied] : implied_) {
    if (!implied.is_new) continue;
    collect::WorkflowTold workflow;
    workflow.id = id;
    workflow.campaign = implied.campaign;
    workflow.begin_ns = implied.begin_ns;
    workflow.end_ns = implied.end_ns;
    workflow.status = TaskStatus::kFinished;
    HEADRACE_RETURN_IF_ERROR(intake.workflow(workflow));
    implied.is_new = false;
  }
  return ok_status();
}

std::string FlowceptTelling::kept() const {
  std::string out = std::to_string(latest_ns_);
  for (const std::string& id : described_) {
    if (id.find('\n') == std::string::npos) out += "\n" + id;
  }
  return out;
}

void FlowceptTelling::take_kept(std::string_view kept) {
  std::istringstream lines{std::string(kept)};
  std::string line;
  if (std::getline(lines, line)) latest_ns_ = std::strtoll(line.c_str(), nullptr, 10);
  while (std::getline(lines, line)) described_.insert(line);
}

}  // namespace headrace::exchange
