#include "binding/query/tables.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <string>
#include <utility>
#include <vector>

#include "binding/query/column_arrays.h"
#include "binding/query/python_values.h"
#include "query/kept_table.h"
#include "query/write.h"

namespace nb = nanobind;

namespace headrace::binding {
namespace {

using query::KeptTable;
using query::ResultTable;

bool moves_on(ResultTable& table) {
  const Result<bool> more = table.next();
  if (!more.ok()) raise(more.status());
  return *more;
}

// Calls `use` with the table and row of each row until it gives false.
template <typename Use>
void each_row(const KeptTable& kept_table, const Use& use) {
  ResultTable table = kept_table.reader();
  while (moves_on(table)) {
    for (size_t row = 0; row < table.rows(); ++row) {
      if (!use(table, row)) return;
    }
  }
}

nb::list tuples(const PythonValues& values, const ResultTable& batch) {
  nb::list out;
  const size_t columns = batch.columns().size();
  for (size_t row = 0; row < batch.rows(); ++row) {
    const nb::object tuple = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(columns)));
    for (size_t i = 0; i < columns; ++i) {
      PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i),
                       values.of(batch, i, row).release().ptr());
    }
    out.append(tuple);
  }
  return out;
}

// The rows a batch at a time, so that of a large table only a few are Python objects at once.
class Batches {
 public:
  explicit Batches(const KeptTable& table) : table_(table.reader()) {}
  nb::list next() {
    if (!moves_on(table_)) throw nb::stop_iteration();
    return tuples(values_, table_);
  }

 private:
  ResultTable table_;
  PythonValues values_;
};

nb::list column(const KeptTable& table, size_t at) {
  const PythonValues values;
  nb::list out;
  each_row(table, [&](const ResultTable& batch, size_t row) {
    out.append(values.of(batch, at, row));
    return true;
  });
  return out;
}

// The first rows as a person sees them.
std::vector<std::vector<std::string>> shown(const KeptTable& table, size_t limit) {
  std::vector<std::vector<std::string>> out;
  each_row(table, [&](const ResultTable& batch, size_t row) {
    if (out.size() == limit) return false;
    auto& line = out.emplace_back();
    for (size_t i = 0; i < batch.columns().size(); ++i) {
      line.push_back(query::shown_text(batch.columns()[i], batch.cell(i, row)));
    }
    return true;
  });
  return out;
}

std::string text(const KeptTable& table, size_t limit) {
  ResultTable reader = table.reader();
  std::string out;
  query::TableStyle style;
  style.limit = limit;
  const Result<query::Written> written =
      query::write_table(reader, style, [&out](std::string_view piece) {
        out += piece;
        return Status();
      });
  if (!written.ok()) raise(written.status());
  return out;
}

template <typename Of>
auto of_columns(const KeptTable& table, const Of& of) {
  std::vector<decltype(of(table.columns().front()))> out;
  for (const query::ResultColumn& column : table.columns()) out.push_back(of(column));
  return out;
}

}  // namespace

nb::capsule arrow_stream(ResultTable table) {
  auto* stream = new ArrowArrayStream{};
  ResultTable::export_stream(std::move(table), stream);
  return nb::capsule(stream, "arrow_array_stream", [](void* pointer) noexcept {
    auto* owned = static_cast<ArrowArrayStream*>(pointer);
    if (owned->release != nullptr) owned->release(owned);
    delete owned;
  });
}

void add_table(nb::module_& m) {
  nb::class_<Batches>(m, "Batches")
      .def("__iter__", [](nb::handle self) { return self; })
      .def("__next__", &Batches::next);
  nb::class_<KeptTable>(m, "Table")
      .def_prop_ro("columns",
                   [](const KeptTable& table) {
                     return of_columns(table, [](const auto& column) { return column.name; });
                   })
      .def_prop_ro("types",
                   [](const KeptTable& table) {
                     return of_columns(table, [](const auto& column) { return column.type; });
                   })
      .def_prop_ro("are_numbers",
                   [](const KeptTable& table) {
                     return of_columns(
                         table, [](const auto& column) { return column.is_number() ? 1 : 0; });
                   })
      .def("__len__", &KeptTable::rows)
      .def("batches", [](const KeptTable& table) { return Batches(table); })
      .def("column", &column, nb::arg("column"))
      .def("fixed_column", &fixed_column, nb::arg("column"))
      .def("text_column", &text_column, nb::arg("column"))
      .def("shown", &shown, nb::arg("limit"))
      .def("text", &text, nb::arg("limit"))
      .def(
          "__arrow_c_stream__",
          [](const KeptTable& table, const nb::object& /*requested_schema*/) {
            return arrow_stream(table.reader());
          },
          nb::arg("requested_schema") = nb::none());
}

}  // namespace headrace::binding
