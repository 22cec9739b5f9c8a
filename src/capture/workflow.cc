#include "capture/workflow.h"

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "capture/process_facts.h"
#include "capture/recorder.h"
#include "capture/secrets.h"
#include "capture/task.h"
#include "capture/thread_state.h"

namespace headrace::capture {
namespace {

std::mutex g_mutex;                      // guards the four below
WorkflowState* g_process_own = nullptr;  // made here because a task needed one
// Never destroyed: threads may outlive the program's static objects.
std::string& g_process_name = *new std::string;
std::string& g_campaign = *new std::string;
bool g_campaign_from_environment = true;
std::atomic<uint32_t> g_process_workflow_id{0};  // what threads without their own belong to
std::atomic<uint32_t> g_workflows_begun{0};
// The uuid of g_process_workflow_id, readable in a fork child without a lock; and, there, what the
// parent was in.
Uuid g_process_uuid;
std::optional<Uuid> g_inherited;

std::string environment(const char* name) {
  const char* set = std::getenv(name);
  return set == nullptr ? std::string() : std::string(set);
}

uint32_t intern_uuid(Recorder& recorder, EntryKind kind, const Uuid& id,
                     std::string_view name = {}) {
  const auto bytes = id.bytes();
  std::string entry(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  entry += name;
  return recorder.dictionary().intern(kind, entry);
}

// The uuid of a workflow's dictionary entry; nil for 0.
Uuid uuid_of(Recorder& recorder, uint32_t workflow_id) {
  const std::string bytes = recorder.dictionary().bytes(workflow_id);
  if (bytes.size() != 16) return {};
  return Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data()));
}

uint32_t intern_campaign(Recorder& recorder, const std::string& name) {
  if (name.empty()) return 0;
  return intern_uuid(recorder, EntryKind::kCampaign, named_uuid("campaign", name),
                     without_secrets(name));
}

// One identity for all ranks of a job step, or empty outside srun and mpirun.
std::string job_step() {
  if (const std::string step = environment("SLURM_STEP_ID");
      !step.empty() && environment("SLURM_STEP_NUM_TASKS") != "1") {
    return "slurm/" + environment("SLURM_CLUSTER_NAME") + "/" + environment("SLURM_JOB_ID") + "/" +
           step;
  }
  if (const std::string space = environment("PMIX_NAMESPACE"); !space.empty()) {
    // Open MPI makes the namespace of mpirun's process id, which comes round again; the key that it
    // draws for each job's transports does not.
    return "pmix/" + environment("SLURM_JOB_ID") + "/" + space + "/" +
           environment("OMPI_MCA_orte_precondition_transports");
  }
  return {};
}

// Ranks begin their workflows in the same order, so name and ordinal tell them apart.
Uuid new_workflow_id(std::string_view name) {
  const uint32_t ordinal = g_workflows_begun.fetch_add(1);
  const std::string step = job_step();
  if (step.empty()) return random_uuid();
  return named_uuid("workflow", step + "/" + std::to_string(ordinal) + "/" + std::string(name));
}

void write_record(Recorder& recorder, const WorkflowState& workflow, TaskStatus status,
                  uint64_t end_ticks) {
  Ring* ring = recorder.ring();
  if (ring == nullptr) return;
  WorkflowRecord record{};
  record.header.kind = RecordKind::kWorkflow;
  record.workflow_id = workflow.workflow_id;
  record.parent_workflow_id = workflow.parent_workflow_id;
  record.campaign_id = workflow.campaign_id;
  record.name_id = workflow.name_id;
  record.begin_ticks = workflow.begin_ticks;
  record.end_ticks = end_ticks;
  record.shape_id = shape_id(recorder, workflow.fields);
  record.status = status;
  recorder.commit(*ring, record, workflow.fields);
}

WorkflowState* make(Recorder& recorder, std::string_view name, const Fields& fields, const Uuid& id,
                    const std::string& campaign, uint32_t parent_workflow_id) {
  auto* workflow = new WorkflowState;
  workflow->id = id;
  workflow->producer = recorder.producer();
  workflow->workflow_id = intern_uuid(recorder, EntryKind::kWorkflow, id);
  workflow->parent_workflow_id = parent_workflow_id;
  workflow->campaign_id = intern_campaign(recorder, campaign);
  workflow->name_id = recorder.dictionary().string(without_secrets(name));
  workflow->begin_ticks = ticks();
  workflow->fields = fields;
  write_record(recorder, *workflow, TaskStatus::kRunning, 0);
  return workflow;
}

std::string campaign_locked() {
  return g_campaign_from_environment ? environment("HEADRACE_CAMPAIGN") : g_campaign;
}

// The workflow this process was started in: its fork parent's, or HEADRACE_WORKFLOW's; 0 if none.
uint32_t inherited_workflow(Recorder& recorder) {
  const std::optional<Uuid> id =
      g_inherited ? g_inherited : Uuid::parse(environment("HEADRACE_WORKFLOW"));
  return id ? intern_uuid(recorder, EntryKind::kWorkflow, *id) : 0;
}

void set_process_workflow(const Uuid& id, uint32_t workflow_id) {
  g_process_uuid = id;
  g_process_workflow_id.store(workflow_id, std::memory_order_release);
}

}  // namespace

namespace {

// The workflow that one begun here is inside of, 0 if none.
uint32_t outer_workflow_id(Recorder& recorder) {
  const ThreadState& thread = this_thread();
  if (thread.workflow != nullptr) return thread.workflow->workflow_id;
  const uint32_t of_process = g_process_workflow_id.load();
  return of_process != 0 ? of_process : inherited_workflow(recorder);
}

// False where it stands on another thread.
bool take_off_thread(WorkflowState* workflow) {
  for (WorkflowState** at = &this_thread().workflow; *at != nullptr; at = &(*at)->outer_thread) {
    if (*at != workflow) continue;
    *at = workflow->outer_thread;
    workflow->is_entered = false;
    return true;
  }
  return !workflow->is_entered;
}

}  // namespace

WorkflowState* begin_workflow(std::string_view name, const Fields& fields, Uuid id) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr || recorder->ring() == nullptr) return nullptr;
  ThreadState& thread = this_thread();
  if (id.is_nil()) id = new_workflow_id(name);
  WorkflowState* workflow =
      make(*recorder, name, fields, id, current_campaign(), outer_workflow_id(*recorder));
  workflow->outer_thread = thread.workflow;
  thread.workflow = workflow;
  workflow->is_entered = true;
  workflow->outer_process_id = g_process_workflow_id.load();
  set_process_workflow(id, workflow->workflow_id);
  return workflow;
}

WorkflowState* begin_detached_workflow(std::string_view name, const Fields& fields,
                                       uint32_t parent_workflow_id) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr || recorder->ring() == nullptr) return nullptr;
  if (parent_workflow_id == 0) parent_workflow_id = outer_workflow_id(*recorder);
  return make(*recorder, name, fields, new_workflow_id(name), current_campaign(),
              parent_workflow_id);
}

void end_workflow(WorkflowState* workflow, TaskStatus status, const Fields& fields) {
  if (workflow == nullptr) return;
  // Not always the innermost: coroutines on one thread end theirs in any order.
  const bool is_off_its_thread = take_off_thread(workflow);
  Recorder* recorder = Recorder::get();
  // In a fork child the workflow is the parent's to end.
  if (recorder != nullptr && recorder->producer() == workflow->producer) {
    if (g_process_workflow_id.load() == workflow->workflow_id) {
      set_process_workflow(uuid_of(*recorder, workflow->outer_process_id),
                           workflow->outer_process_id);
    }
    // The end carries what came after the begin; the two records are folded into one workflow.
    workflow->fields = fields;
    write_record(*recorder, *workflow, status, ticks());
    recorder->settle();
  }
  // Ended on another thread than it was begun on, which may still look at it.
  if (is_off_its_thread) delete workflow;
}

namespace {

[[gnu::noinline]] uint32_t begin_process_workflow(Recorder& recorder) {
  const std::lock_guard lock(g_mutex);
  if (const uint32_t again = g_process_workflow_id.load(); again != 0) return again;
  if (const uint32_t joined = inherited_workflow(recorder); joined != 0) {
    set_process_workflow(uuid_of(recorder, joined), joined);
    return joined;
  }
  const std::string name = g_process_name.empty() ? program_name() : g_process_name;
  const Uuid id = new_workflow_id(name);
  WorkflowState* workflow = make(recorder, name, Fields(), id, campaign_locked(), 0);
  g_process_own = workflow;
  set_process_workflow(id, workflow->workflow_id);
  return workflow->workflow_id;
}

}  // namespace

uint32_t current_workflow_id(Recorder& recorder) {
  const ThreadState& thread = this_thread();
  if (thread.workflow != nullptr) return thread.workflow->workflow_id;
  const uint32_t of_process = g_process_workflow_id.load(std::memory_order_acquire);
  return of_process != 0 ? of_process : begin_process_workflow(recorder);
}

std::optional<Uuid> current_workflow_uuid() {
  Recorder* recorder = Recorder::existing();
  if (recorder == nullptr) return std::nullopt;
  const ThreadState& thread = this_thread();
  const uint32_t id =
      thread.workflow != nullptr ? thread.workflow->workflow_id : g_process_workflow_id.load();
  if (id == 0) return std::nullopt;
  return uuid_of(*recorder, id);
}

Uuid process_workflow_uuid() { return g_process_uuid; }

std::string enter_campaign(std::string_view name, const Fields& fields) {
  std::string previous;
  {
    const std::lock_guard lock(g_mutex);
    previous = campaign_locked();
    g_campaign = name;
    g_campaign_from_environment = false;
  }
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return previous;
  Ring* ring = recorder->ring();
  if (ring == nullptr) return previous;
  CampaignRecord record{};
  record.header.kind = RecordKind::kCampaign;
  record.campaign_id = intern_campaign(*recorder, std::string(name));
  if (record.campaign_id == 0) return previous;  // no name is no campaign
  record.shape_id = shape_id(*recorder, fields);
  record.at_ticks = ticks();
  recorder->commit(*ring, record, fields);
  return previous;
}

void leave_campaign(std::string_view previous) {
  const std::lock_guard lock(g_mutex);
  g_campaign = previous;
}

std::string current_campaign() {
  const std::lock_guard lock(g_mutex);
  return campaign_locked();
}

namespace {

// As current_workflow_id, but makes none: an object is often named as what a workflow that is just
// about to begin will use.
uint32_t known_workflow_id(Recorder& recorder) {
  const ThreadState& thread = this_thread();
  if (thread.workflow != nullptr) return thread.workflow->workflow_id;
  const uint32_t of_process = g_process_workflow_id.load(std::memory_order_acquire);
  return of_process != 0 ? of_process : inherited_workflow(recorder);
}

}  // namespace

void record_object(const Uuid& id, uint32_t kind_id, uint32_t workflow_id, const Fields& fields) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return;
  Ring* ring = recorder->ring();
  if (ring == nullptr) return;
  ObjectRecord record{};
  record.header.kind = RecordKind::kObject;
  const auto bytes = id.bytes();
  std::memcpy(record.object, bytes.data(), bytes.size());
  record.kind_id = kind_id;
  record.workflow_id = workflow_id;
  record.at_ticks = ticks();
  record.shape_id = shape_id(*recorder, fields);
  recorder->commit(*ring, record, fields);
}

void record_object(const Uuid& id, std::string_view kind, const Fields& fields) {
  Recorder* recorder = Recorder::get();
  if (recorder == nullptr) return;
  record_object(id, name_id(kind), known_workflow_id(*recorder), fields);
  if (kind == "checkpoint" || kind == "model") recorder->settle();
}

Uuid file_object_id(std::string_view absolute_path, std::string_view sha256_hex) {
  return named_uuid("file", std::string(absolute_path) + '\0' + std::string(sha256_hex));
}

Uuid named_object_id(std::string_view kind, std::string_view name, std::string_view version) {
  std::string whole;
  whole.reserve(kind.size() + name.size() + version.size() + 2);
  whole.append(kind).append(1, '\0').append(name).append(1, '\0').append(version);
  return named_uuid("object", whole);
}

void name_process_workflow(std::string_view name) {
  const std::lock_guard lock(g_mutex);
  g_process_name = name;
}

void end_process_workflow(TaskStatus status, const Fields& fields) {
  WorkflowState* own = nullptr;
  {
    const std::lock_guard lock(g_mutex);
    own = std::exchange(g_process_own, nullptr);
  }
  if (own != nullptr) end_workflow(own, status, fields);
}

void workflow_after_fork(const WorkflowState* of_thread) {
  new (&g_mutex) std::mutex;  // another thread of the parent may have held it
  if (of_thread != nullptr) {
    g_inherited = of_thread->id;
  } else if (g_process_workflow_id.load() != 0) {
    g_inherited = g_process_uuid;
  }
  // Its dictionary ids were the parent's; the child's tasks join the workflow, the parent ends it.
  g_process_workflow_id.store(0);
  g_process_own = nullptr;
}

}  // namespace headrace::capture
