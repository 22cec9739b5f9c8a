#include "binding/task_form.h"

#include <cstdint>
#include <new>

#include "binding/activity_type.h"
#include "binding/plain_values.h"
#include "capture/secrets.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::binding {
namespace {

constexpr size_t kNoPosition = SIZE_MAX;

PyTypeObject* g_type = nullptr;

struct FormObject {
  PyObject_HEAD TaskForm form;
};

FormObject* cast(PyObject* self) { return reinterpret_cast<FormObject*>(self); }

bool complain(const char* what) {
  PyErr_SetString(PyExc_TypeError, what);
  return false;
}

bool is_plain(PyObject* value) { return value == Py_None || is_plain_scalar(value); }

// The items of a tuple or list, which describing one of them cannot change.
struct Items {
  Ref tuple;  // null: it is neither
  PyObject* const* values = nullptr;
  size_t count = 0;
  explicit operator bool() const { return static_cast<bool>(tuple); }
};
Items items_of(PyObject* object) {
  Items items;
  if (PyTuple_Check(object)) items.tuple = Ref::share(object);
  if (PyList_Check(object)) items.tuple = Ref::steal(PyList_AsTuple(object));
  if (!items) return items;
  items.values = PySequence_Fast_ITEMS(items.tuple.get());
  items.count = static_cast<size_t>(PyTuple_GET_SIZE(items.tuple.get()));
  return items;
}

// False, 0: no; True: as OpenTask; "thread": of the thread.
bool read_currency(PyObject* object, Currency* out) {
  if (PyUnicode_Check(object) && PyUnicode_CompareWithASCIIString(object, "thread") == 0) {
    return *out = Currency::kThread, true;
  }
  const int is_current = PyObject_IsTrue(object);
  *out = is_current > 0 ? Currency::kHere : Currency::kNone;
  return is_current >= 0;
}

}  // namespace

TaskForm::~TaskForm() {
  for (const Part* part : {&used_, &attributes_, &object_}) {
    for (const std::vector<Item>* items : {&part->given, &part->own}) {
      for (const Item& item : *items) {
        Py_XDECREF(item.text);
        Py_XDECREF(item.value);
      }
    }
  }
  for (PyObject* owned : {activity_, result_name_, latest_type_}) Py_XDECREF(owned);
}

bool TaskForm::read_names(PyObject* names, Part* out) {
  const Ref sequence = Ref::steal(PySequence_Tuple(names));
  if (!sequence) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(sequence.get()); ++i) {
    PyObject* name = PyTuple_GET_ITEM(sequence.get(), i);
    if (!PyUnicode_CheckExact(name)) return complain("names are texts");
    out->given.push_back({Py_NewRef(name), nullptr, kNoPosition, {}, {}});
  }
  return true;
}

bool TaskForm::read_own(PyObject* values, Part* out) {
  if (values == Py_None) return true;
  const Ref dict = Ref::steal(PyDict_New());
  if (!dict || PyDict_Update(dict.get(), values) < 0) return false;
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(dict.get(), &at, &name, &value) != 0;) {
    if (!PyUnicode_CheckExact(name)) return complain("names are texts");
    size_t position = kNoPosition;
    for (size_t i = 0; i < out->given.size(); ++i) {
      if (PyUnicode_Compare(out->given[i].text, name) == 0) position = i;
    }
    out->own.push_back({Py_NewRef(name), Py_NewRef(value), position, {}, {}});
  }
  return true;
}

// None, or (kind, version, name)
bool TaskForm::read_result(PyObject* result) {
  if (result == Py_None) return true;
  PyObject* kind = nullptr;
  PyObject* version = nullptr;
  PyObject* name = nullptr;
  if (!PyTuple_Check(result)) return complain("a result is (kind, version, name)");
  if (PyArg_ParseTuple(result, "UUU:task_form", &kind, &version, &name) == 0) return false;
  result_kind_ = text_of(kind);
  result_version_ = text_of(version);
  result_name_ = Py_NewRef(name);
  const Ref given = Ref::steal(Py_BuildValue("(ss)", "name", "size_bytes"));
  const Ref own = Ref::steal(Py_BuildValue("{sOss}", "version", version, "type", ""));
  return given && own && read_names(given.get(), &object_) && read_own(own.get(), &object_);
}

// (activity, used, defaults, attributes, constants, result, current, reads_devices, is_plain)
bool TaskForm::read(PyObject* args) {
  PyObject* activity = nullptr;
  PyObject* used = nullptr;
  PyObject* defaults = nullptr;
  PyObject* attributes = nullptr;
  PyObject* constants = nullptr;
  PyObject* result = nullptr;
  PyObject* current = nullptr;
  int reads_devices = 0;
  int is_plain_only = 0;
  if (PyArg_ParseTuple(args, "OOOOOOOpp:task_form", &activity, &used, &defaults, &attributes,
                       &constants, &result, &current, &reads_devices, &is_plain_only) == 0 ||
      (activity_given(activity) == nullptr && PyErr_Occurred() != nullptr)) {
    return false;
  }
  activity_ = Py_NewRef(activity);
  reads_devices_ = reads_devices != 0;
  is_plain_ = is_plain_only != 0;
  return read_names(used, &used_) && read_own(defaults, &used_) &&
         read_names(attributes, &attributes_) && read_own(constants, &attributes_) &&
         read_result(result) && read_currency(current, &currency_);
}

void TaskForm::refresh() {
  generation_ = 0;
  for (Part* part : {&used_, &attributes_, &object_}) {
    for (Item& item : part->given) item.name = name_of(item.text);
    for (Item& item : part->own) {
      item.name = name_of(item.text);
      const bool is_text =
          PyUnicode_CheckExact(item.value) && item.name.secrecy == capture::Secrecy::kNone;
      item.clean = is_text ? capture::without_secrets(text_of(item.value)) : std::string();
    }
  }
  if (!result_kind_.empty()) {
    result_id_ = name_of(result_name_).id;
    result_kind_id_ = capture::name_id(result_kind_);
    Py_CLEAR(latest_type_);
  }
  generation_ = generation.load(std::memory_order_relaxed);
}

// Values under their names, as far as there are; then the form's own that none of them replaces.
// One function for all, so that it is warm after the first.
void TaskForm::add(capture::Fields& fields, const Part& part, PyObject* const* values,
                   size_t count) {
  const Interest interest =
      reads_devices_ && part.role == Role::kUsed ? Interest::kExplicit : Interest::kPassing;
  PlainRun run(fields, part.role);
  for (size_t i = 0; i < count; ++i) {
    if (values[i] == Py_None && part.role == Role::kAttribute) continue;
    if (run.add_plain(part.given[i].name, values[i])) [[likely]]
      continue;
    run.pause();
    const Ref hold = Ref::share(values[i]);
    add_value(fields, part.role, part.given[i].name, hold.get(), interest);
    run.resume();
  }
  for (const Item& item : part.own) {
    if (item.position < count) continue;
    if (item.clean.empty() || !run.add_clean_text(item.name, item.clean)) {
      run.add(item.name, item.value);
    }
  }
}

// begin(parent, attempt, used, attributes)
PyObject* TaskForm::begin(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  if (count != 4) return complain("begin() takes parent, attempt, used and attributes"), nullptr;
  PyObject* const used = args[2];
  PyObject* const attributes = args[3];
  const Items positional = items_of(used);
  const Items told = items_of(attributes);
  const bool is_too_many = positional && positional.count > used_.given.size();
  const bool is_mapping = PyMapping_Check(used) != 0 && !PyUnicode_Check(used);
  if ((args[0] != Py_None && !PyUnicode_Check(args[0])) || !told ||
      (!positional && used != Py_None && !is_mapping) || told.count > attributes_.given.size() ||
      (is_too_many && !is_plain_)) {
    complain(
        "begin() takes a place or None, an attempt, used values and attributes, no more of "
        "either than have names");
    return nullptr;
  }
  if (is_plain_ && positional) {
    if (is_too_many) Py_RETURN_NONE;
    for (size_t i = 0; i < positional.count; ++i) {
      if (!is_plain(positional.values[i])) Py_RETURN_NONE;
    }
  }
  Beginning how{};
  how.activity = activity_given(activity_);
  how.parent = args[0];
  how.attempt = PyLong_AsLong(args[1]);
  if (how.attempt == -1 && PyErr_Occurred() != nullptr) return nullptr;
  how.currency = currency_;
  how.reads_devices = reads_devices_;
  PyObject* made = begin_open_task(how);
  if (made == nullptr) return nullptr;
  OpenTaskObject& open = *as_open_task(made);
  open.form = Py_NewRef(self);
  if (open.scope.state() == nullptr) return made;
  if (generation_ != generation.load(std::memory_order_relaxed)) quietly([&] { refresh(); });
  if (!positional && !add_mapping(open, Role::kUsed, used)) {
    Py_DECREF(made);
    return nullptr;
  }
  quietly([&] {
    capture::Fields& fields = open.scope.state()->fields;
    if (positional) add(fields, used_, positional.values, positional.count);
    add(fields, attributes_, told.values, told.count);
  });
  return made;
}

// "module.name" of its class, as the object's type.
void TaskForm::read_type_name(PyObject* value) {
  PyObject* type = as_object(Py_TYPE(value));
  if (type == latest_type_) return;
  const Ref module = Ref::steal(PyObject_GetAttrString(type, "__module__"));
  if (!module) drop_error();
  const Ref name = Ref::steal(PyObject_GetAttrString(type, "__qualname__"));
  if (!name) drop_error();
  std::string whole;
  if (module && PyUnicode_Check(module.get())) whole = text_of(module.get()) + ".";
  if (name && PyUnicode_Check(name.get())) whole += text_of(name.get());
  object_.own.back().clean = capture::without_secrets(whole);
  Py_XSETREF(latest_type_, Py_NewRef(type));
}

void TaskForm::add_stored(OpenTaskObject& open, PyObject* stored, PyObject* result) {
  if (result_kind_.empty() || !PyTuple_Check(stored) || PyTuple_GET_SIZE(stored) != 2) return;
  PyObject* name = PyTuple_GET_ITEM(stored, 0);
  if (!PyUnicode_Check(name)) return;
  if (generation_ != generation.load(std::memory_order_relaxed)) refresh();
  read_type_name(result);
  Ref keep;
  const Uuid id = capture::named_object_id(result_kind_, text_of(name, keep), result_version_);
  object_fields_.clear();
  add(object_fields_, object_, PySequence_Fast_ITEMS(stored), object_.given.size());
  capture::TaskState* state = open.scope.state();
  capture::record_object(id, result_kind_id_, state->workflow_id(), object_fields_);
  state->fields.add_object(Role::kGenerated, result_id_, id);
}

bool is_task_form(const PyObject* object) { return Py_TYPE(object) == g_type; }

TaskForm& form_of(PyObject* form) { return cast(form)->form; }

namespace {

PyObject* task_form(PyObject*, PyObject* args) {
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) return nullptr;
  new (&cast(self)->form) TaskForm;
  if (!cast(self)->form.read(args)) {
    Py_DECREF(self);
    return nullptr;
  }
  return self;
}

PyObject* begin(PyObject* self, PyObject* const* args, Py_ssize_t count) {
  return cast(self)->form.begin(self, args, count);
}

void dealloc(PyObject* self) {
  cast(self)->form.~TaskForm();
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyMethodDef g_methods[] = {
    {"begin", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(begin)), METH_FASTCALL,
     "begin(parent, attempt, used, attributes, /)\n--\n\nBegins a task: `used` are values in the "
     "order of their names, or a mapping; `attributes` values\nin the order of theirs, None for "
     "one "
     "that is not there."},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_methods, g_methods},
    {Py_tp_doc, const_cast<char*>("What many tasks have in common, as Adapter.form() gives it.")},
    {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.TaskForm", sizeof(FormObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, g_slots};

PyMethodDef g_functions[] = {{"task_form", or_none<task_form>, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

bool add_task_form_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "TaskForm", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
