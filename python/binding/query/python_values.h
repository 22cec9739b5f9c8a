// Results as Python objects.
#pragma once

#include <nanobind/nanobind.h>

#include "base/status.h"
#include "query/kept_table.h"

namespace headrace::binding {

// Raises NotFoundError, BusyError, CorruptError or QueryError (all are headrace.StoreError), by the
// status's code.
[[noreturn]] void raise(const Status& status);
// The classes to raise, in that order.
void set_error_classes(nanobind::tuple classes);

// int, float, bool, str, bytes, list, dict; None for NULL. Times are datetime in UTC (to the
// microsecond), decimals decimal.Decimal, ids str. NaN, infinities, big integers and times inside
// JSON come as float, int and datetime.
class PythonValues {
 public:
  PythonValues();
  nanobind::object of(const query::ResultTable& table, size_t column, size_t row) const;
  nanobind::object of(const query::Json& json) const;

 private:
  nanobind::object time(int64_t ns) const;
  nanobind::object datetime_;  // datetime.datetime
  nanobind::object utc_;
  nanobind::object decimal_;
  nanobind::object delta_;
  nanobind::object epoch_;
};

}  // namespace headrace::binding
