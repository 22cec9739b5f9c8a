#include "binding/object_type.h"

#include <cstddef>
#include <structmember.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "binding/values.h"
#include "capture/workflow.h"

namespace headrace::binding {
namespace {

struct ObjectObject {
  PyObject_HEAD Uuid id;
  PyObject* kind;
  PyObject* name;
  PyObject* path;    // str or None
  PyObject* sha256;  // hex str or None
  PyObject* size_bytes;
};

PyTypeObject* g_type = nullptr;

ObjectObject* cast(PyObject* self) { return reinterpret_cast<ObjectObject*>(self); }

void dealloc(PyObject* self) {
  ObjectObject* object = cast(self);
  for (PyObject* member :
       {object->kind, object->name, object->path, object->sha256, object->size_bytes}) {
    Py_XDECREF(member);
  }
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* get_id(PyObject* self, void*) {
  return PyUnicode_FromString(cast(self)->id.text().c_str());
}

PyObject* repr(PyObject* self) {
  const ObjectObject* object = cast(self);
  return PyUnicode_FromFormat("<headrace.Object %U %R %s>", object->kind, object->name,
                              object->id.text().c_str());
}

Py_hash_t hash(PyObject* self) {
  const auto h = static_cast<Py_hash_t>(std::hash<Uuid>()(cast(self)->id));
  return h == -1 ? -2 : h;
}

PyObject* compare(PyObject* a, PyObject* b, int op) {
  const Uuid* id_a = object_id_of(a);
  const Uuid* id_b = object_id_of(b);
  if (id_a == nullptr || id_b == nullptr || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((*id_a == *id_b) == (op == Py_EQ));
}

// So that an Object can be given wherever its path is wanted: open(checkpoint).
PyObject* fspath(PyObject* self, PyObject*) {
  PyObject* path = cast(self)->path;
  if (path != Py_None) return Py_NewRef(path);
  PyErr_Format(PyExc_TypeError, "the object %R is not a file", cast(self)->name);
  return nullptr;
}

// By value: the id says what it is, in another process too.
PyObject* reduce(PyObject* self, PyObject*) {
  const ObjectObject* object = cast(self);
  const auto id = object->id.bytes();
  return Py_BuildValue("O(y#OOOOO)", Py_TYPE(self), reinterpret_cast<const char*>(id.data()),
                       static_cast<Py_ssize_t>(id.size()), object->kind, object->name, object->path,
                       object->sha256, object->size_bytes);
}

PyObject* make(const Uuid& id, PyObject* kind, PyObject* name, PyObject* path, PyObject* sha256,
               PyObject* size_bytes) {
  PyObject* self = g_type->tp_alloc(g_type, 0);
  if (self == nullptr) return nullptr;
  ObjectObject* object = cast(self);
  object->id = id;
  object->kind = Py_NewRef(kind);
  object->name = Py_NewRef(name);
  object->path = Py_NewRef(path);
  object->sha256 = Py_NewRef(sha256);
  object->size_bytes = Py_NewRef(size_bytes);
  return self;
}

PyObject* construct(PyTypeObject*, PyObject* args, PyObject*) {
  const char* id = nullptr;
  Py_ssize_t length = 0;
  PyObject* kind = nullptr;
  PyObject* name = nullptr;
  PyObject* path = nullptr;
  PyObject* sha256 = nullptr;
  PyObject* size_bytes = nullptr;
  if (PyArg_ParseTuple(args, "y#UUOOO:Object", &id, &length, &kind, &name, &path, &sha256,
                       &size_bytes) == 0) {
    return nullptr;
  }
  if (length != 16) {
    PyErr_SetString(PyExc_ValueError, "an object's id has 16 bytes; use headrace.object()");
    return nullptr;
  }
  return make(Uuid::from_bytes(reinterpret_cast<const uint8_t*>(id)), kind, name, path, sha256,
              size_bytes);
}

PyMemberDef g_members[] = {
    {"kind", T_OBJECT_EX, offsetof(ObjectObject, kind), READONLY, nullptr},
    {"name", T_OBJECT_EX, offsetof(ObjectObject, name), READONLY, nullptr},
    {"path", T_OBJECT_EX, offsetof(ObjectObject, path), READONLY, nullptr},
    {"sha256", T_OBJECT_EX, offsetof(ObjectObject, sha256), READONLY, nullptr},
    {"size_bytes", T_OBJECT_EX, offsetof(ObjectObject, size_bytes), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};
PyGetSetDef g_getset[] = {{"id", get_id, nullptr, nullptr, nullptr},
                          {nullptr, nullptr, nullptr, nullptr, nullptr}};
PyMethodDef g_methods[] = {{"__fspath__", fspath, METH_NOARGS, nullptr},
                           {"__reduce__", reduce, METH_NOARGS, nullptr},
                           {nullptr, nullptr, 0, nullptr}};
PyType_Slot g_slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                         {Py_tp_new, reinterpret_cast<void*>(construct)},
                         {Py_tp_repr, reinterpret_cast<void*>(repr)},
                         {Py_tp_hash, reinterpret_cast<void*>(hash)},
                         {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
                         {Py_tp_members, g_members},
                         {Py_tp_getset, g_getset},
                         {Py_tp_methods, g_methods},
                         {0, nullptr}};
PyType_Spec g_spec = {"headrace._capture.Object", sizeof(ObjectObject), 0,
                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, g_slots};

// record_object(kind, name, path, sha256, size_bytes, version, attributes) -> Object
PyObject* record_object(PyObject*, PyObject* args) {
  PyObject* kind = nullptr;
  PyObject* name = nullptr;
  PyObject* path = nullptr;
  PyObject* sha256 = nullptr;
  PyObject* size_bytes = nullptr;
  PyObject* version = nullptr;
  PyObject* attributes = nullptr;
  if (PyArg_ParseTuple(args, "UUOOOOO!:record_object", &kind, &name, &path, &sha256, &size_bytes,
                       &version, &PyDict_Type, &attributes) == 0) {
    return nullptr;
  }
  const bool has_content = PyUnicode_Check(path) && PyUnicode_Check(sha256);
  const Uuid id = has_content ? capture::file_object_id(text_of(path), text_of(sha256))
                              : capture::named_object_id(
                                    text_of(kind), text_of(name),
                                    PyUnicode_Check(version) ? text_of(version) : std::string());
  capture::Fields fields;
  const auto add = [&fields](const char* key, PyObject* value) {
    if (value != Py_None) add_value(fields, Role::kAttribute, name_of(key), value);
  };
  add("name", name);
  add("path", path);
  if (PyUnicode_Check(sha256)) {
    const Ref digest =
        Ref::steal(PyObject_CallMethod(as_object(&PyBytes_Type), "fromhex", "O", sha256));
    if (!digest) return nullptr;
    add("sha256", digest.get());
  }
  add("size_bytes", size_bytes);
  add("version", version);
  add_items(fields, Role::kAttribute, attributes, Interest::kExplicit);
  capture::record_object(id, text_of(kind), fields);
  return make(id, kind, name, path, sha256, size_bytes);
}

// named_object(kind, name, version) -> the Object that record_object gives for it, not recorded
PyObject* named_object(PyObject*, PyObject* args) {
  PyObject* kind = nullptr;
  PyObject* name = nullptr;
  PyObject* version = nullptr;
  if (PyArg_ParseTuple(args, "UUU:named_object", &kind, &name, &version) == 0) return nullptr;
  const Uuid id = capture::named_object_id(text_of(kind), text_of(name), text_of(version));
  return make(id, kind, name, Py_None, Py_None, Py_None);
}

// result_object(identity, name, recorded) -> Object: what a task made that another one uses
PyObject* result_object(PyObject*, PyObject* args) {
  PyObject* identity = nullptr;
  PyObject* name = nullptr;
  int is_recorded = 0;
  if (PyArg_ParseTuple(args, "UUp:result_object", &identity, &name, &is_recorded) == 0) {
    return nullptr;
  }
  const Uuid id = named_uuid("adapter.result", text_of(identity));
  const Ref kind = Ref::steal(PyUnicode_InternFromString("result"));
  if (!kind) return nullptr;
  if (is_recorded != 0) {
    quietly([&] {
      capture::Fields fields;
      add_value(fields, Role::kAttribute, name_of("name"), name);
      capture::record_object(id, "result", fields);
    });
  }
  return make(id, kind.get(), name, Py_None, Py_None, Py_None);
}

// digest_file(path) -> (sha256 hex, size in bytes)
PyObject* digest_file(PyObject*, PyObject* path) {
  PyObject* bytes = nullptr;
  if (PyUnicode_FSConverter(path, as_object(&bytes)) == 0) return nullptr;
  const Ref keep = Ref::steal(bytes);
  const std::string name(PyBytes_AS_STRING(bytes), static_cast<size_t>(PyBytes_GET_SIZE(bytes)));
  Result<FileDigest> digest = corrupt("not read");
  Py_BEGIN_ALLOW_THREADS digest = headrace::digest_file(name);
  Py_END_ALLOW_THREADS if (!digest.ok()) {
    PyErr_SetString(PyExc_OSError, digest.status().message().c_str());
    return nullptr;
  }
  return Py_BuildValue("sK", hex(digest->sha256).c_str(),
                       static_cast<unsigned long long>(digest->size_bytes));
}

PyMethodDef g_functions[] = {{"record_object", record_object, METH_VARARGS, nullptr},
                             {"named_object", named_object, METH_VARARGS, nullptr},
                             {"result_object", or_none<result_object>, METH_VARARGS, nullptr},
                             {"digest_file", digest_file, METH_O, nullptr},
                             {nullptr, nullptr, 0, nullptr}};

}  // namespace

const Uuid* object_id_of(PyObject* value) {
  return Py_TYPE(value) == g_type ? &cast(value)->id : nullptr;
}

bool add_object_type(PyObject* module) {
  g_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&g_spec));
  return g_type != nullptr && PyModule_AddObjectRef(module, "Object", as_object(g_type)) == 0 &&
         PyModule_AddFunctions(module, g_functions) == 0;
}

}  // namespace headrace::binding
