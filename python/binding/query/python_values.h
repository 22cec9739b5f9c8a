// Results as Python objects.
#pragma once

#include <nanobind/nanobind.h>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/kept_table.h"

namespace headrace::binding {

// Raises NotFoundError, BusyError, CorruptError or QueryError (all are headrace.StoreError), by the
// status's code.
[[noreturn]] void raise(const Status& status);
// The classes to raise, in that order.
void set_error_classes(nanobind::tuple classes);

// int, float, bool, str, bytes, list, dict; None for NULL. Times are datetime in UTC (to the
// microsecond), decimals decimal.Decimal, ids str. What JSON has no word for ({"$decimal": ...},
// see encode/nested.h) comes as what was captured, by headrace/restore.py.
class PythonValues {
 public:
  PythonValues();
  nanobind::object of(const query::ResultTable& table, size_t column, size_t row) const;
  nanobind::object of(const query::Json& json) const;

 private:
  using Containers = std::vector<nanobind::object>;  // those around, the innermost last
  nanobind::object of(const query::Json& json, Containers& around) const;
  nanobind::object list_of(const query::Json::List& list, Containers& around) const;
  nanobind::object map_of(const query::Json::List& pairs, Containers& around) const;
  nanobind::object set_of(const query::Json::List& list, Containers& around) const;
  nanobind::object key_of(const query::Json& json, Containers& around) const;
  nanobind::object special(const std::string& name, const query::Json& inner,
                           Containers& around) const;
  nanobind::object time(int64_t ns) const;
  nanobind::object datetime_;  // datetime.datetime
  nanobind::object utc_;
  nanobind::object decimal_;
  nanobind::object delta_;
  nanobind::object epoch_;
  nanobind::object typed_;
  nanobind::object unkept_;
};

}  // namespace headrace::binding
