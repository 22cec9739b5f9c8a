#include "binding/query/python_values.h"

#include <nanobind/stl/string.h>
#include <string>

namespace nb = nanobind;

namespace headrace::binding {
namespace {

nb::handle error_classes;  // a tuple that lives as long as the module

nb::object text(const std::string& value) {
  // Captured text may hold bytes that are no UTF-8; they survive as lone surrogates.
  return nb::steal(
      PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "surrogateescape"));
}

nb::object integer(const std::string& digits) {
  return nb::steal(PyLong_FromString(digits.c_str(), nullptr, 10));
}

// {"$float": "nan"} and its like: what JSON has no word for.
nb::object unwrapped(const query::Json::Map& map) {
  if (map.size() != 1) return {};
  const auto& [name, value] = map.front();
  if (name == "$float") return nb::steal(PyFloat_FromDouble(std::stod(value.text())));
  if (name == "$int") return integer(value.text());
  return {};
}

}  // namespace

void set_error_classes(nb::tuple classes) { error_classes = classes.release(); }

void raise(const Status& status) {
  size_t which = 3;
  switch (status.code()) {
    case StatusCode::kNotFound: which = 0; break;
    case StatusCode::kUnavailable:
    case StatusCode::kIo:
    case StatusCode::kExhausted: which = 1; break;
    case StatusCode::kCorrupt:
    case StatusCode::kUnsupported: which = 2; break;
    default: break;
  }
  PyErr_SetString(nb::object(error_classes[which]).ptr(), status.message().c_str());
  throw nb::python_error();
}

PythonValues::PythonValues() {
  const nb::object module = nb::module_::import_("datetime");
  datetime_ = module.attr("datetime");
  utc_ = module.attr("timezone").attr("utc");
  delta_ = module.attr("timedelta");
  epoch_ = datetime_(1970, 1, 1, nb::arg("tzinfo") = utc_);
  decimal_ = nb::module_::import_("decimal").attr("Decimal");
}

nb::object PythonValues::time(int64_t ns) const {
  const int64_t us = ns >= 0 ? ns / 1000 : -((-ns + 999) / 1000);
  return epoch_ + delta_(0, 0, us);
}

nb::object PythonValues::of(const query::Json& json) const {
  if (const auto* b = json.as<bool>()) return nb::cast(*b);
  if (const auto* i = json.as<int64_t>()) return nb::cast(*i);
  if (const auto* d = json.as<double>()) return nb::cast(*d);
  if (const auto* s = json.as<std::string>()) return text(*s);
  if (const auto* list = json.as<query::Json::List>()) {
    nb::list out;
    for (const query::Json& item : *list) out.append(of(item));
    return out;
  }
  if (const auto* map = json.as<query::Json::Map>()) {
    if (nb::object value = unwrapped(*map)) return value;
    nb::dict out;
    for (const auto& [name, value] : *map) out[text(name)] = of(value);
    return out;
  }
  return nb::none();
}

nb::object PythonValues::of(const query::ResultTable& table, size_t column, size_t row) const {
  using query::ColumnKind;
  const query::ResultColumn& about = table.columns()[column];
  const query::Cell cell = table.cell(column, row);
  if (cell.is_null) return nb::none();
  switch (about.kind) {
    case ColumnKind::kBool: return nb::cast(cell.real != 0);
    case ColumnKind::kInteger: return integer(cell.text);
    case ColumnKind::kReal:
      return about.type.rfind("DECIMAL", 0) == 0 ? decimal_(cell.text) : nb::cast(cell.real);
    case ColumnKind::kTime: return time(cell.time_ns);
    case ColumnKind::kJson: return of(table.json(column, row));
    case ColumnKind::kBytes:
      return nb::module_::import_("builtins").attr("bytes").attr("fromhex")(cell.text);
    default: return text(cell.text);
  }
}

}  // namespace headrace::binding
