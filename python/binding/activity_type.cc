#include "binding/activity_type.h"

#include <memory>

#include "binding/scope_type.h"

namespace headrace::binding {
namespace {

struct ActivityObject {
  PyObject_HEAD Activity* activity;  // never freed: tasks refer to it
};

PyTypeObject* g_type = nullptr;

// activity(name, file, line, outputs) -> Activity
PyObject* activity(PyObject*, PyObject* args) {
  PyObject* name = nullptr;
  PyObject* file = nullptr;
  int line = 0;
  PyObject* outputs = nullptr;
  if (PyArg_ParseTuple(args, "UUiO:activity", &name, &file, &line, &outputs) == 0) return nullptr;
  auto made = std::make_unique<Activity>(text_of(name), text_of(file), line);
  if (!made->set_outputs(outputs)) return nullptr;
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self != nullptr) reinterpret_cast<ActivityObject*>(self)->activity = made.release();
  return self;
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* get_name(PyObject* self, void*) {
  const std::string& name = reinterpret_cast<ActivityObject*>(self)->activity->name();
  return PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "surrogatepass");
}

PyGetSetDef g_getset[] = {{"name", get_name, nullptr, nullptr, nullptr},
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyType_Slot g_slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_getset, g_getset},
    {Py_tp_doc, const_cast<char*>("A kind of task, as Adapter.activity() gives it.")},
    {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.Activity", sizeof(ActivityObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, g_slots};

PyMethodDef g_functions[] = {{"activity", or_none<activity>, METH_VARARGS, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

Activity* activity_given(PyObject* object) {
  if (Py_TYPE(object) == g_type) return reinterpret_cast<ActivityObject*>(object)->activity;
  if (PyUnicode_Check(object)) return activity_of(object);
  PyErr_Format(PyExc_TypeError, "an activity is its name or what Adapter.activity() gives, not %s",
               Py_TYPE(object)->tp_name);
  return nullptr;
}

bool add_activity_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "Activity", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
