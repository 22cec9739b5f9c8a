// The C interface: handles are the recorder's own states, and nothing throws out of here.
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <headrace/headrace.h>

#include "capture/c_values.h"
#include "capture/file_object.h"
#include "capture/recorder.h"
#include "capture/stable_names.h"
#include "capture/task.h"
#include "capture/workflow.h"

struct headrace_campaign {
  std::string previous;
};
struct headrace_workflow {
  headrace::capture::WorkflowState* state;
  headrace::Uuid id;
  headrace::capture::Fields at_end;
};

namespace headrace::capture {
namespace {

// Running out of memory is the one exception that can come; the call then did nothing.
template <typename Answer, typename Call>
Answer guarded(Answer otherwise, Call call) noexcept {
  try {
    return call();
  } catch (...) {
    return otherwise;
  }
}
template <typename Call>
void guarded(Call call) noexcept {
  try {
    call();
  } catch (...) {  // NOLINT(bugprone-empty-catch): see above
  }
}

TaskState* state_of(headrace_task* task) { return reinterpret_cast<TaskState*>(task); }
const TaskState* state_of(const headrace_task* task) {
  return reinterpret_cast<const TaskState*>(task);
}
headrace_task* handle_of(TaskState* task) { return reinterpret_cast<headrace_task*>(task); }

std::string_view view(const char* text) { return text == nullptr ? std::string_view() : text; }
std::span<const headrace_value> span_of(const headrace_value* values, size_t count) {
  return {values, values == nullptr ? 0 : count};
}

headrace_id c_id(const Uuid& id) {
  headrace_id out{};
  const auto bytes = id.bytes();
  std::memcpy(out.bytes, bytes.data(), sizeof out.bytes);
  return out;
}
Uuid uuid_of(const headrace_id& id) { return Uuid::from_bytes(id.bytes); }

TaskStatus status_of(headrace_status status) {
  switch (status) {
    case HEADRACE_FINISHED: return TaskStatus::kFinished;
    case HEADRACE_CANCELLED: return TaskStatus::kCancelled;
    default: return TaskStatus::kFailed;
  }
}
// What another language passes may be any number.
Role role_of(headrace_role role) {
  return role <= HEADRACE_ATTRIBUTE ? static_cast<Role>(role) : Role::kAttribute;
}

template <typename Begin>
headrace_task* begin(uint32_t activity, Begin begin_with) noexcept {
  return guarded(static_cast<headrace_task*>(nullptr), [&]() -> headrace_task* {
    Recorder* recorder = Recorder::get();
    if (recorder == nullptr) return nullptr;
    return handle_of(begin_with(known_name(*recorder, activity).id));
  });
}

// Adds one value to the task, or that it is withheld if its name is so much of a secret's. Names
// are the recorder's that runs now: in a fork child the task is the parent's and its record is not
// written here anyway.
template <typename Add>
void add_one(headrace_task* task, headrace_role role, uint32_t name, Secrecy hidden_from,
             Add add) noexcept {
  if (task == nullptr) return;
  guarded([&] {
    Recorder* recorder = Recorder::get();
    const KnownName known =
        recorder == nullptr ? KnownName{0, Secrecy::kNone} : known_name(*recorder, name);
    Fields& fields = state_of(task)->fields;
    if (known.id == 0) return;
    if (known.secrecy != Secrecy::kNone && known.secrecy >= hidden_from) {
      return fields.add_redacted(role_of(role), known.id);
    }
    add(fields, known.id);
  });
}

// The hot loop's case: numbers under names that the thread knows and that hide nothing, the first
// of their role. False, and nothing done, when a value is anything else.
bool add_numbers(Fields& fields, Role role, std::span<const headrace_value> values) noexcept {
  static_assert(HEADRACE_INT == static_cast<int>(ValueTag::kInt) &&
                HEADRACE_FLOAT == static_cast<int>(ValueTag::kFloat));
  const ThreadState* const thread = existing_thread_state();
  const Fields::Room room = fields.room();
  if (thread == nullptr || values.size() > room.count || fields.has(role)) return false;
  const std::span<const uint64_t> names = thread->stable_names;
  for (size_t i = 0; i < values.size(); ++i) {
    const headrace_value& value = values[i];
    const uint32_t name = plain_name(names, value.name);
    if (name == 0 || (value.type != HEADRACE_INT && value.type != HEADRACE_FLOAT)) return false;
    room.put(i, role, name, static_cast<ValueTag>(value.type),
             static_cast<uint64_t>(value.data.integer));
  }
  fields.took(values.size());
  return true;
}

Fields attributes_of(Recorder& recorder, const headrace_value* values, size_t count) {
  Fields fields;
  add_values(recorder, fields, Role::kAttribute, span_of(values, count));
  return fields;
}

}  // namespace
}  // namespace headrace::capture

using namespace headrace;           // NOLINT: this file is the edge between two languages
using namespace headrace::capture;  // NOLINT

extern "C" {

const char* headrace_version(void) noexcept { return HEADRACE_VERSION; }

int headrace_enabled(void) noexcept {
  return guarded(0, [] { return Recorder::get() != nullptr ? 1 : 0; });
}

int headrace_use_directory(const char* path) noexcept {
  return guarded(-1, [&] {
    if (path == nullptr || *path == '\0') return -1;
    const Status status = Recorder::use_directory(path);
    if (!status.ok()) std::fprintf(stderr, "headrace: %s\n", status.message().c_str());
    return status.ok() ? 0 : -1;
  });
}

void headrace_flush(void) noexcept {
  guarded([] {
    if (Recorder* recorder = Recorder::existing(); recorder != nullptr) recorder->flush();
  });
}

int64_t headrace_durable(int wait) noexcept {
  int64_t until_ns = 0;
  guarded([&] {
    Recorder* recorder = Recorder::existing();
    if (recorder == nullptr) return;
    if (wait != 0) static_cast<void>(recorder->wait_durable());
    until_ns = recorder->durable_until_ns();
  });
  return until_ns;
}

uint32_t headrace_name(const char* name) noexcept {
  return name == nullptr ? 0 : headrace_name_n(name, std::strlen(name));
}

uint32_t headrace_name_n(const char* name, size_t size) noexcept {
  return guarded(uint32_t{0}, [&] { return stable_name({name, size}); });
}

uint32_t headrace_activity(const char* name, const char* file, int line) noexcept {
  return guarded(uint32_t{0}, [&] { return stable_activity(view(name), view(file), line); });
}

headrace_campaign* headrace_campaign_begin(const char* name, const headrace_value* values,
                                           size_t count) noexcept {
  return guarded(static_cast<headrace_campaign*>(nullptr), [&]() -> headrace_campaign* {
    Recorder* recorder = Recorder::get();
    if (recorder == nullptr || name == nullptr) return nullptr;
    const Fields attributes = attributes_of(*recorder, values, count);
    return std::make_unique<headrace_campaign>(enter_campaign(name, attributes)).release();
  });
}

void headrace_campaign_end(headrace_campaign* campaign) noexcept {
  if (campaign == nullptr) return;
  guarded([&] { leave_campaign(campaign->previous); });
  delete campaign;
}

headrace_workflow* headrace_workflow_begin(const char* name, const headrace_value* values,
                                           size_t count) noexcept {
  return guarded(static_cast<headrace_workflow*>(nullptr), [&]() -> headrace_workflow* {
    Recorder* recorder = Recorder::get();
    if (recorder == nullptr) return nullptr;
    Fields used;
    add_values(*recorder, used, Role::kUsed, span_of(values, count));
    WorkflowState* state = begin_workflow(view(name), used);
    if (state == nullptr) return nullptr;
    return std::make_unique<headrace_workflow>(state, state->id, Fields()).release();
  });
}

void headrace_workflow_add(headrace_workflow* workflow, headrace_role role,
                           const headrace_value* values, size_t count) noexcept {
  if (workflow == nullptr) return;
  guarded([&] {
    if (Recorder* recorder = Recorder::get(); recorder != nullptr) {
      add_values(*recorder, workflow->at_end, role_of(role), span_of(values, count));
    }
  });
}

void headrace_workflow_end(headrace_workflow* workflow, headrace_status status) noexcept {
  if (workflow == nullptr) return;
  guarded([&] { end_workflow(workflow->state, status_of(status), workflow->at_end); });
  delete workflow;
}

headrace_id headrace_workflow_id(const headrace_workflow* workflow) noexcept {
  return workflow == nullptr ? headrace_id{} : c_id(workflow->id);
}

headrace_task* headrace_task_begin(uint32_t activity) noexcept {
  return begin(activity, [](uint32_t id) { return begin_task(id, Push::kCurrent); });
}

headrace_task* headrace_task_begin_detached(uint32_t activity) noexcept {
  return begin(activity, [](uint32_t id) { return begin_task(id, Push::kDetached); });
}

headrace_task* headrace_task_begin_under(uint32_t activity, headrace_id parent,
                                         int current) noexcept {
  return begin(activity, [&](uint32_t id) {
    const Uuid uuid = uuid_of(parent);
    return begin_task_under(id, uuid.is_nil() ? TaskRef{} : split_task_uuid(uuid),
                            current != 0 ? Push::kCurrent : Push::kDetached);
  });
}

void headrace_task_add(headrace_task* task, headrace_role role, const headrace_value* values,
                       size_t count) noexcept {
  if (task == nullptr || add_numbers(state_of(task)->fields, role_of(role), span_of(values, count)))
    return;
  guarded([&] {
    if (Recorder* recorder = Recorder::get(); recorder != nullptr) {
      add_values(*recorder, state_of(task)->fields, role_of(role), span_of(values, count));
    }
  });
}

void headrace_task_int(headrace_task* task, headrace_role role, uint32_t name,
                       int64_t value) noexcept {
  add_one(task, role, name, Secrecy::kAny,
          [&](Fields& fields, uint32_t id) { fields.add_int(role_of(role), id, value); });
}

void headrace_task_float(headrace_task* task, headrace_role role, uint32_t name,
                         double value) noexcept {
  add_one(task, role, name, Secrecy::kAny,
          [&](Fields& fields, uint32_t id) { fields.add_float(role_of(role), id, value); });
}

void headrace_task_text(headrace_task* task, headrace_role role, uint32_t name,
                        const char* value) noexcept {
  add_one(task, role, name, Secrecy::kText,
          [&](Fields& fields, uint32_t id) { fields.add_string(role_of(role), id, view(value)); });
}

void headrace_task_end(headrace_task* task, headrace_status status) noexcept {
  guarded([&] { end_task(state_of(task), status_of(status)); });
}

void headrace_task_discard(headrace_task* task) noexcept {
  guarded([&] { discard_task(state_of(task)); });
}

headrace_id headrace_task_id(const headrace_task* task) noexcept {
  return guarded(headrace_id{}, [&] {
    const TaskRef ref = reference(task != nullptr ? state_of(task) : current_task());
    return ref.number == 0 ? headrace_id{} : c_id(task_uuid(ref.producer, ref.number));
  });
}

void headrace_parent_text(char text[HEADRACE_PARENT_TEXT_BYTES]) noexcept {
  text[0] = '\0';
  guarded([&] {
    const std::optional<Uuid> workflow = current_workflow_uuid();
    if (!workflow) return;
    std::string parent = workflow->text() + ":";
    if (const TaskRef ref = reference(current_task()); ref.number != 0) {
      parent += task_uuid(ref.producer, ref.number).text();
    }
    std::memcpy(text, parent.c_str(), parent.size() + 1);
  });
}

void headrace_log(const headrace_task* task, const headrace_value* values, size_t count) noexcept {
  guarded([&] {
    Recorder* recorder = Recorder::get();
    if (recorder == nullptr) return;
    Fields fields;
    add_values(*recorder, fields, Role::kGenerated, span_of(values, count));
    log_values(task != nullptr ? state_of(task) : current_task(), LogStream::kMetric, fields);
  });
}

headrace_id headrace_file_object(const char* path, const char* kind, const headrace_value* values,
                                 size_t count) noexcept {
  return guarded(headrace_id{}, [&] {
    Recorder* recorder = Recorder::get();
    if (recorder == nullptr || path == nullptr) return headrace_id{};
    const Result<Uuid> id =
        record_file(path, kind == nullptr ? "file" : kind, attributes_of(*recorder, values, count));
    return id.ok() ? c_id(*id) : headrace_id{};
  });
}

headrace_id headrace_named_object(const char* kind, const char* name, const char* version,
                                  const headrace_value* values, size_t count) noexcept {
  return guarded(headrace_id{}, [&] {
    Recorder* recorder = Recorder::get();
    if (recorder == nullptr || name == nullptr) return headrace_id{};
    Fields attributes = attributes_of(*recorder, values, count);
    attributes.replace_existing();
    attributes.add_string(Role::kAttribute, name_id("name"), name);
    if (!view(version).empty()) {
      attributes.add_string(Role::kAttribute, name_id("version"), view(version));
    }
    const std::string_view of_kind = kind == nullptr ? "object" : kind;
    const Uuid id = named_object_id(of_kind, name, view(version));
    record_object(id, of_kind, attributes);
    return c_id(id);
  });
}

void headrace_id_text(headrace_id id, char text[HEADRACE_ID_TEXT_BYTES]) noexcept {
  text[0] = '\0';
  guarded([&] {
    const std::string printed = uuid_of(id).text();
    std::memcpy(text, printed.c_str(), printed.size() + 1);
  });
}

headrace_id headrace_id_parse(const char* text) noexcept {
  return guarded(headrace_id{}, [&] { return c_id(Uuid::parse(view(text)).value_or(Uuid{})); });
}

}  // extern "C"
