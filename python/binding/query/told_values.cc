#include "binding/query/told_values.h"

#include <nanobind/stl/string.h>
#include <string>

#include "encode/nested.h"

namespace headrace::binding {
namespace {

namespace nb = nanobind;
using collect::Value;

std::string text_of(nb::handle text) {
  const nb::object bytes =
      nb::steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "surrogatepass"));
  if (!bytes.is_valid()) throw nb::python_error();
  return {PyBytes_AS_STRING(bytes.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
}

std::string type_of(nb::handle value) { return Py_TYPE(value.ptr())->tp_name; }

// Of headrace._capture, whose type this module does not know otherwise.
bool is_object(nb::handle value) { return type_of(value) == "headrace._capture.Object"; }

int64_t unix_ns(nb::handle datetime) {
  // Whole seconds as a float are exact; microseconds apart. A naive one is local time.
  const nb::object whole = datetime.attr("replace")(nb::arg("microsecond") = 0);
  const auto seconds = static_cast<int64_t>(nb::cast<double>(whole.attr("timestamp")()));
  return seconds * 1'000'000'000 + nb::cast<int64_t>(datetime.attr("microsecond")) * 1000;
}

void write(NestedWriter& out, nb::handle value, int depth);

void write_items(NestedWriter& out, nb::handle items, int depth) {
  for (const nb::handle item : items) write(out, item, depth + 1);
}

void write_integer(NestedWriter& out, nb::handle value) {
  int overflow = 0;
  const long long small = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow == 0) {
    out.integer(small);
  } else {
    out.big_integer(nb::cast<std::string>(nb::str(value)));
  }
}

void write(NestedWriter& out, nb::handle value, int depth) {
  PyObject* const object = value.ptr();
  if (depth >= kMaxNestedDepth) return out.placeholder(type_of(value), "deeper than 64 levels");
  if (value.is_none()) return out.null();
  if (PyBool_Check(object)) return out.boolean(object == Py_True);
  if (PyLong_Check(object)) return write_integer(out, value);
  if (PyFloat_Check(object)) return out.real(PyFloat_AS_DOUBLE(object));
  if (PyUnicode_Check(object)) return out.string(text_of(value));
  if (PyBytes_Check(object)) {
    return out.bytes({PyBytes_AS_STRING(object), static_cast<size_t>(PyBytes_GET_SIZE(object))});
  }
  if (PyDict_Check(object)) {
    out.begin_map(static_cast<uint32_t>(PyDict_Size(object)));
    for (const auto& [key, item] : nb::borrow<nb::dict>(value)) {
      write(out, key, depth + 1);
      write(out, item, depth + 1);
    }
    return;
  }
  if (PyList_Check(object) || PyTuple_Check(object)) {
    out.begin_list(static_cast<uint32_t>(nb::len(value)));
    return write_items(out, value, depth);
  }
  if (PyAnySet_Check(object)) {
    out.begin_set(static_cast<uint32_t>(nb::len(value)));
    return write_items(out, value, depth);
  }
  if (is_object(value)) return out.object(told_uuid(value));
  if (nb::hasattr(value, "timestamp") && nb::hasattr(value, "microsecond")) {
    return out.time_ns(unix_ns(value));
  }
  if (nb::hasattr(value, "item") && nb::hasattr(value, "dtype") &&
      nb::cast<int>(nb::getattr(value, "ndim", nb::int_(1))) == 0) {
    return write(out, value.attr("item")(), depth + 1);
  }
  out.placeholder(type_of(value), "no encoder");
}

}  // namespace

Uuid told_uuid(nb::handle object) {
  return Uuid::parse(nb::cast<std::string>(object.attr("id"))).value_or(Uuid{});
}

Value told_value(nb::handle value) {
  std::string bytes;
  NestedWriter out(bytes);
  try {
    write(out, value, 0);
  } catch (const nb::python_error&) {
    bytes.clear();
    out.placeholder(type_of(value), "it could not be read");
  }
  return Value::nested(bytes).value_or(Value());
}

collect::Values told_values(const nb::dict& values) {
  collect::Values out;
  for (const auto& [key, value] : values) {
    out.add(PyUnicode_Check(key.ptr()) ? text_of(key) : nb::cast<std::string>(nb::str(key)),
            told_value(value));
  }
  return out;
}

}  // namespace headrace::binding
