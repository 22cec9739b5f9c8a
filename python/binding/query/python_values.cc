#include "binding/query/python_values.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <nanobind/stl/string.h>
#include <string>
#include <string_view>

namespace nb = nanobind;

namespace headrace::binding {
namespace {

nb::handle error_classes;  // a tuple that lives as long as the module

nb::object text(const std::string& value) {
  // Captured text may hold bytes that are no UTF-8; they survive as lone surrogates.
  return nb::steal(
      PyUnicode_DecodeUTF8(value.data(), static_cast<Py_ssize_t>(value.size()), "surrogateescape"));
}

// {"$name": ...}: what JSON has no word for.
bool is_special(const query::Json::Map& map) {
  return map.size() == 1 && map.front().first.starts_with('$') &&
         !map.front().first.starts_with("$$");
}

// Decimal, or 0x and hexadecimal.
nb::object integer(const std::string& digits) {
  const bool is_hex = digits.find('x') != std::string::npos;
  nb::object number = nb::steal(PyLong_FromString(digits.c_str(), nullptr, is_hex ? 16 : 10));
  if (number.is_valid()) return number;
  PyErr_Clear();  // no number after all, or longer than Python reads
  return text(digits);
}

// "nan", "-inf", "nan(0x7ff8000000000123)".
nb::object real(const std::string& word) {
  double value = std::strtod(word.c_str(), nullptr);
  constexpr std::string_view kBits = "nan(0x";
  if (word.starts_with(kBits)) {
    uint64_t bits = 0;
    std::from_chars(word.data() + kBits.size(), word.data() + word.size(), bits, 16);
    value = std::bit_cast<double>(bits);
    if (!std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  }
  return nb::steal(PyFloat_FromDouble(value));
}

nb::object bytes_of_hex(const std::string& hex) {
  return nb::module_::import_("builtins").attr("bytes").attr("fromhex")(hex);
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
  const nb::object restore = nb::module_::import_("headrace.restore");
  typed_ = restore.attr("typed");
  unkept_ = restore.attr("Unkept");
}

nb::object PythonValues::time(int64_t ns) const {
  const int64_t us = ns >= 0 ? ns / 1000 : -((-ns + 999) / 1000);
  return epoch_ + delta_(0, 0, us);
}

nb::object PythonValues::of(const query::Json& json) const {
  Containers around;
  return of(json, around);
}

nb::object PythonValues::of(const query::Json& json, Containers& around) const {
  if (const auto* b = json.as<bool>()) return nb::cast(*b);
  if (const auto* i = json.as<int64_t>()) return nb::cast(*i);
  if (const auto* d = json.as<double>()) return nb::cast(*d);
  if (const auto* big = json.as<query::Json::BigInt>()) return integer(big->digits);
  if (const auto* s = json.as<std::string>()) return text(*s);
  if (const auto* list = json.as<query::Json::List>()) return list_of(*list, around);
  if (const auto* map = json.as<query::Json::Map>()) {
    if (is_special(*map)) {
      return special(map->front().first.substr(1), map->front().second, around);
    }
    nb::dict out;
    around.push_back(out);
    for (const auto& [name, value] : *map) {
      // A key of the program's that begins with '$' has one more of it.
      out[text(name.starts_with('$') ? name.substr(1) : name)] = of(value, around);
    }
    around.pop_back();
    return out;
  }
  return nb::none();
}

nb::object PythonValues::list_of(const query::Json::List& list, Containers& around) const {
  nb::list out;
  around.push_back(out);
  for (const query::Json& item : list) out.append(of(item, around));
  around.pop_back();
  return out;
}

// {"$name": inner}: what JSON has no word for.
nb::object PythonValues::special(const std::string& name, const query::Json& inner,
                                 Containers& around) const {
  if (const auto* list = inner.as<query::Json::List>()) {
    if (name == "set") return set_of(*list, around);
    if (name == "map") return map_of(*list, around);
  }
  if (const auto* level = inner.as<int64_t>(); level != nullptr && name == "ref") {
    if (*level >= 0 && static_cast<size_t>(*level) < around.size()) {
      return around[around.size() - 1 - static_cast<size_t>(*level)];
    }
  }
  if (inner.as<query::Json::Map>() != nullptr && name == "unkept") {
    Containers own;
    return unkept_(of(inner, own));
  }
  if (const auto* word = inner.as<std::string>()) {
    if (name == "float") return real(*word);
    if (name == "int") return integer(*word);
    if (name == "bytes") return bytes_of_hex(*word);
    if (name == "time" && word->size() == 30 && word->ends_with("000Z")) {
      return typed_("datetime", text(word->substr(0, 26) + "+00:00"));
    }
    if (name != "object") return typed_(text(name), text(*word));
  }
  nb::dict out;
  around.push_back(out);
  out[text("$" + name)] = of(inner, around);
  around.pop_back();
  return out;
}

// A value that can be a key: a list was a tuple, a set a frozenset.
nb::object PythonValues::key_of(const query::Json& json, Containers& around) const {
  if (const auto* list = json.as<query::Json::List>()) {
    nb::list out;
    around.push_back(out);
    for (const query::Json& item : *list) out.append(key_of(item, around));
    around.pop_back();
    return nb::tuple(out);
  }
  if (const auto* map = json.as<query::Json::Map>(); map != nullptr) {
    if (is_special(*map) && map->front().first == "$set") {
      return nb::module_::import_("builtins").attr("frozenset")(of(json, around));
    }
    if (!is_special(*map) || map->front().first == "$unkept" || map->front().first == "$map") {
      return text(json.dump());  // of an object that was a key: what was kept of it
    }
  }
  return of(json, around);
}

nb::object PythonValues::set_of(const query::Json::List& list, Containers& around) const {
  nb::set out;
  around.push_back(out);
  for (const query::Json& item : list) out.add(key_of(item, around));
  around.pop_back();
  return out;
}

// [[key, value], ...]; it stays a list where two keys have become equal.
nb::object PythonValues::map_of(const query::Json::List& list, Containers& around) const {
  nb::dict out;
  around.push_back(out);
  for (const query::Json& pair : list) {
    const auto* parts = pair.as<query::Json::List>();
    if (parts == nullptr || parts->size() != 2) continue;
    out[key_of((*parts)[0], around)] = of((*parts)[1], around);
  }
  around.pop_back();
  if (nb::len(out) == list.size()) return out;
  return list_of(list, around);
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
    case ColumnKind::kBytes: return bytes_of_hex(cell.text);
    default: return text(cell.text);
  }
}

}  // namespace headrace::binding
