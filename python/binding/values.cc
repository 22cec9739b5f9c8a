#include "binding/values.h"

#include "binding/dict_walk.h"
#include "binding/nested_values.h"
#include "binding/object_type.h"
#include "binding/plain_items.h"

namespace headrace::binding {
namespace {

using capture::Fields;
using capture::Secrecy;

PyObject* g_content_hash = nullptr;

// More characters or bytes than this are not even converted.
constexpr Py_ssize_t kMaxTextLength = Fields::kMaxStringBytes;
// So far a long text is looked at, to show how it begins.
constexpr Py_ssize_t kBeginsLength = 4 * 1024;
constexpr size_t kMaxIntBits = 4 * (Fields::kMaxStringBytes - 16);

// Adds the hash of what is too long to keep, where the program wants one.
void add_content_hash(PyObject* facts, PyObject* value) {
  if (g_content_hash == nullptr || g_content_hash == Py_None) return;
  const Ref hash = Ref::steal(PyObject_CallOneArg(g_content_hash, value));
  if (hash) PyDict_SetItemString(facts, "sha256", hash.get());
}

// Of a long text or of long bytes: their length and, without a copy of the rest, their beginning.
[[gnu::noinline]] void add_long(Fields& fields, Role role, uint32_t name, PyObject* value,
                                bool is_bytes) {
  const SavedError saved;
  const Ref facts = Ref::steal(PyDict_New());
  const Py_ssize_t length = is_bytes ? PyBytes_GET_SIZE(value) : PyUnicode_GET_LENGTH(value);
  const Ref size = Ref::steal(PyLong_FromSsize_t(length));
  const Ref begins =
      Ref::steal(is_bytes ? PyBytes_FromStringAndSize(PyBytes_AS_STRING(value), kBeginsLength)
                          : PyUnicode_Substring(value, 0, kBeginsLength));
  if (facts && size && begins) {
    PyDict_SetItemString(facts.get(), is_bytes ? "length_bytes" : "length", size.get());
    PyDict_SetItemString(facts.get(), "begins", begins.get());
    add_content_hash(facts.get(), value);
  }
  drop_error();
  fields.add_unkept(
      role, name,
      unkept_map(is_bytes ? "bytes" : "str", "longer than a record keeps", facts.get()));
}

void add_text(Fields& fields, Role role, uint32_t name, PyObject* value) {
  Ref keep;
  if (PyUnicode_GET_LENGTH(value) > kMaxTextLength) [[unlikely]]
    return add_long(fields, role, name, value, false);
  fields.add_string(role, name, text_of(value, keep));
}

[[gnu::noinline]] void add_big_int(Fields& fields, Role role, uint32_t name, PyObject* value) {
  size_t bits = 0;
  const std::string digits = big_int_text(value, kMaxIntBits, &bits);
  if (!digits.empty()) return fields.add_big_int(role, name, digits);
  fields.add_placeholder(role, name, "int",
                         std::to_string(bits) + " bits, more than a record keeps");
}

void add_nested(Fields& fields, Role role, uint32_t name, PyObject* value, Interest interest) {
  NestedBuffer buffer(interest);
  buffer.value(value);
  fields.add_nested(role, name, buffer.view());
}

// Adds a value of a builtin type, or of one that derives from it; false for other types.
inline bool add_builtin(Fields& fields, Role role, uint32_t name, PyObject* value,
                        const PyTypeObject* type, Interest interest) {
  if (type == &PyFloat_Type) return fields.add_float(role, name, PyFloat_AS_DOUBLE(value)), true;
  if (type == &PyLong_Type) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow == 0) [[likely]]
      return fields.add_int(role, name, number), true;
    return add_big_int(fields, role, name, value), true;
  }
  if (type == &PyUnicode_Type) return add_text(fields, role, name, value), true;
  if (type == &PyBool_Type) return fields.add_bool(role, name, value == Py_True), true;
  if (value == Py_None) return fields.add_null(role, name), true;
  if (type == &PyDict_Type || type == &PyList_Type || type == &PyTuple_Type ||
      type == &PySet_Type || type == &PyFrozenSet_Type) {
    return add_nested(fields, role, name, value, interest), true;
  }
  if (type == &PyBytes_Type) {
    if (PyBytes_GET_SIZE(value) > kMaxTextLength) {
      return add_long(fields, role, name, value, true), true;
    }
    return fields.add_bytes(
               role, name,
               {PyBytes_AS_STRING(value), static_cast<size_t>(PyBytes_GET_SIZE(value))}),
           true;
  }
  return false;
}

[[gnu::noinline]] void add_described(Fields& fields, Role role, uint32_t name, PyObject* value,
                                     Interest interest) {
  if (const Uuid* object = object_id_of(value)) return fields.add_object(role, name, *object);
  const Description described = describe(value, interest);
  PyObject* payload = described.payload.get();
  switch (described.kind) {
    case DescriptionKind::kTime: {
      int overflow = 0;
      return fields.add_time(role, name, PyLong_AsLongLongAndOverflow(payload, &overflow));
    }
    case DescriptionKind::kValue: {
      const bool is_scalar =
          is_plain_scalar(payload) || payload == Py_None || PyBytes_CheckExact(payload);
      if (is_scalar) {
        static_cast<void>(add_builtin(fields, role, name, payload, Py_TYPE(payload), interest));
        return;
      }
      NestedBuffer buffer(interest);
      buffer.description(value, payload);
      return fields.add_nested(role, name, buffer.view());
    }
    case DescriptionKind::kBuiltin: {
      const PyTypeObject* base = builtin_base(value);
      const bool is_container = base != &PyUnicode_Type && base != &PyLong_Type &&
                                base != &PyFloat_Type && base != &PyBytes_Type;
      if (!is_container) {
        static_cast<void>(add_builtin(fields, role, name, value, base, interest));
        return;
      }
      return add_nested(fields, role, name, value, interest);
    }
    case DescriptionKind::kTyped: {
      const std::string named = typed_text(payload);
      if (named.size() <= Fields::kMaxStringBytes) return fields.add_typed(role, name, named);
      return fields.add_placeholder(role, name, type_name_of(value),
                                    std::to_string(named.size()) + " bytes of text");
    }
    case DescriptionKind::kPlaceholder: {
      Ref keep_type;
      Ref keep_reason;
      PyObject* facts = PyTuple_GET_SIZE(payload) == 3 ? PyTuple_GET_ITEM(payload, 2) : nullptr;
      return fields.add_unkept(
          role, name,
          unkept_map(text_of(PyTuple_GET_ITEM(payload, 0), keep_type),
                     text_of(PyTuple_GET_ITEM(payload, 1), keep_reason), facts));
    }
    case DescriptionKind::kUnreadable: break;
  }
  fields.add_placeholder(role, name, type_name_of(value), "reading it failed");
}

// A key that is no string, as a name that no string key has by chance.
Name name_of_other(PyObject* key) {
  if (PyUnicode_Check(key)) return name_of(text_of(key));
  NestedBuffer buffer(Interest::kPassing);
  buffer.value(key);
  return name_of("<" + nested_to_json(buffer.view()).value_or("?").substr(0, 256) + ">");
}

}  // namespace

void set_content_hash(PyObject* function) { Py_XSETREF(g_content_hash, Py_NewRef(function)); }

void add_value(Fields& fields, Role role, Name name, PyObject* value, Interest interest) {
  if (name.secrecy != Secrecy::kNone && is_secret(name.secrecy, value)) [[unlikely]]
    return fields.add_redacted(role, name.id);
  if (PyDict_CheckExact(value) && add_plain_dict(fields, role, name.id, value)) return;
  if (!add_builtin(fields, role, name.id, value, Py_TYPE(value), interest)) {
    add_described(fields, role, name.id, value, interest);
  }
}

void add_items(Fields& fields, Role role, PyObject* dict, Interest interest) {
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  PlainRun run(fields, role);
  DictWalk walk(dict);
  while (true) {
    walk.pass_while([&](PyObject* plain_key, PyObject* plain_value) {
      const std::optional<Name> name = name_of_key(plain_key);
      return name && run.add_plain(*name, plain_value);
    });
    if (!walk.next(&key, &value)) return;
    // Describing a value runs Python code, which may change the dict.
    const Ref hold_key = Ref::share(key);
    const Ref hold_value = Ref::share(value);
    run.pause();
    const std::optional<Name> name = name_of_key(key);
    add_value(fields, role, name ? *name : name_of_other(key), value, interest);
    run.resume();
  }
}

void add_list(Fields& fields, Role role, Name name, PyObject* const* values, size_t count) {
  if (name.secrecy != Secrecy::kNone) return fields.add_redacted(role, name.id);
  NestedBuffer buffer(Interest::kPassing);
  buffer.list(values, count);
  fields.add_nested(role, name.id, buffer.view());
}

void add_tags(Fields& fields, PyObject* tags) {
  if (PyDict_CheckExact(tags)) return add_items(fields, Role::kTag, tags, Interest::kExplicit);
  if (PyUnicode_Check(tags)) return fields.add_bool(Role::kTag, name_of(text_of(tags)).id, true);
  const Ref items = Ref::steal(PySequence_Fast(tags, "tags"));
  if (!items) return PyErr_Clear();
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    PyObject* tag = PySequence_Fast_GET_ITEM(items.get(), i);
    if (PyUnicode_Check(tag)) fields.add_bool(Role::kTag, name_of(text_of(tag)).id, true);
  }
}

}  // namespace headrace::binding
