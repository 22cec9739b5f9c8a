#include "binding/flowcept_ids.h"

#include <array>
#include <unordered_map>
#include <utility>

#include "binding/values.h"
#include "capture/thread_state.h"

namespace headrace::binding {
namespace {

struct Remembered {
  std::unordered_map<std::string, TaskRef> tasks;
  std::unordered_map<TaskNumber, std::pair<ProducerId, const std::string*>> texts;  // keys of tasks
};

// What was remembered last, and before that: when the first is full it takes the second's place.
constexpr size_t kMaxRemembered = 32768;
std::array<Remembered, 2>& remembered() {
  static auto& both = *new std::array<Remembered, 2>;
  return both;
}

}  // namespace

TaskRef task_named(PyObject* text) {
  if (text == nullptr || !PyUnicode_Check(text)) return {};
  Ref keep;
  const std::string_view name = text_of(text, keep);
  if (const auto uuid = Uuid::parse(name)) {
    // Of task ids alone are all bits told by producer and number.
    const TaskRef task = split_task_uuid(*uuid);
    if (task.number != 0 && task_uuid(task.producer, task.number) == *uuid) return task;
  }
  const std::string own(name);
  for (const Remembered& some : remembered()) {
    if (const auto found = some.tasks.find(own); found != some.tasks.end()) return found->second;
  }
  return {};
}

bool is_id_of(const TaskRef& task, PyObject* text) {
  if (task.number == 0 || !PyUnicode_Check(text)) return false;
  Ref keep;
  return task_uuid(task.producer, task.number).text() == text_of(text, keep);
}

void remember_task(PyObject* text, const TaskRef& task) {
  if (!PyUnicode_Check(text)) return;
  auto& [last, before] = remembered();
  if (last.tasks.size() >= kMaxRemembered || last.texts.size() >= kMaxRemembered) {
    before = std::exchange(last, {});
  }
  const auto at = last.tasks.insert_or_assign(text_of(text), task).first;
  last.texts[task.number] = {task.producer, &at->first};
}

const std::string* given_id(const TaskRef& task) {
  for (const Remembered& some : remembered()) {
    const auto found = some.texts.find(task.number);
    if (found != some.texts.end() && found->second.first == task.producer) {
      return found->second.second;
    }
  }
  return nullptr;
}

Uuid workflow_uuid(std::string_view text) {
  if (text.empty()) return {};
  if (const auto uuid = Uuid::parse(text); uuid && uuid->text() == text) return *uuid;
  return named_uuid("workflow", text);
}

NamedWorkflow workflow_named(PyObject* text) {
  // A loop and the tasks in it mostly name the same one, by the same string.
  struct Last {
    PyObject* text = nullptr;  // owned
    uint32_t generation = 0;
    NamedWorkflow named;
  };
  static Last last;
  const uint32_t now = generation.load(std::memory_order_relaxed);
  if (last.text == text && last.generation == now) return last.named;
  capture::Recorder* recorder = capture::Recorder::get();
  if (recorder == nullptr) return {};
  Ref keep;
  const std::string_view name = text_of(text, keep);
  const Uuid uuid = workflow_uuid(name);
  if (uuid.is_nil()) return {};
  const auto bytes = uuid.bytes();
  NamedWorkflow named;
  named.id = recorder->dictionary().intern(
      EntryKind::kWorkflow, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  named.is_uuid = uuid.text() == name;
  if (named.id != 0) {
    Py_XSETREF(last.text, Py_NewRef(text));
    last.generation = now;
    last.named = named;
  }
  return named;
}

void add_attribute(capture::Fields& fields, PyObject* name, PyObject* value) {
  if (value == nullptr || value == Py_None) return;
  if (PyUnicode_Check(value)) {
    Ref keep;
    return fields.add_string(Role::kAttribute, name_of(name).id, text_of(value, keep));
  }
  add_value(fields, Role::kAttribute, name_of(name), value, Interest::kExplicit);
}

}  // namespace headrace::binding
