// The extension `_query`: opens a store, asks it, lets go of it.
#include <filesystem>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "binding/query/python_values.h"
#include "collect/open.h"
#include "query/describe.h"
#include "query/kept_table.h"
#include "query/session.h"
#include "query/tradeoff.h"
#include "query/why.h"
#include "query/write.h"

namespace nb = nanobind;

namespace headrace::binding {
namespace {

using query::KeptTable;
using query::Session;

// Runs without the interpreter's lock; what it gives is a Result.
template <typename Work>
auto without_lock(const Work& work) {
  nb::gil_scoped_release released;
  return work();
}

// The store of a folder with everything new folded in. It is closed when the session is gone, so
// that a notebook that holds a table does not keep others from writing.
Result<Session> open_session(const std::string& root) {
  Result<store::Store> store = collect::open_folded(Directory{root});
  if (!store.ok()) return store.status();
  return Session::over(root, std::move(*store));
}

Result<KeptTable> kept(Result<query::ResultTable> table) {
  if (!table.ok()) return table.status();
  return KeptTable::keep(std::move(*table));
}

KeptTable sql(const std::string& root, const std::string& text) {
  Result<KeptTable> table = without_lock([&]() -> Result<KeptTable> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return kept(session->sql(text));
  });
  if (!table.ok()) raise(table.status());
  return std::move(*table);
}

nb::tuple tradeoff(const std::string& root, const std::string& campaign, const std::string& quality,
                   const std::string& cost, std::optional<bool> minimise,
                   const std::string& activity) {
  query::TradeoffQuestion question{campaign,
                                   cost == "time" ? query::Cost::kTime : query::Cost::kEnergy,
                                   quality, minimise, activity};
  Result<query::Tradeoff> answer = without_lock([&]() -> Result<query::Tradeoff> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return query::tradeoff(*session, question);
  });
  if (!answer.ok()) raise(answer.status());
  Result<KeptTable> table = KeptTable::keep(query::tradeoff_table(*answer));
  if (!table.ok()) raise(table.status());
  nb::dict about;
  about["campaign"] = answer->campaign;
  about["quality"] = answer->quality;
  about["cost"] = cost;
  about["minimise"] = answer->minimise;
  about["activity"] = answer->activity;
  about["other_activities"] = answer->other_activities;
  about["failed"] = answer->failed.size();
  about["note"] = answer->note;
  return nb::make_tuple(std::move(*table), about);
}

nb::tuple why(const std::string& root, const std::string& what, const std::string& here) {
  Result<query::Why> answer = without_lock([&]() -> Result<query::Why> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return query::explain(*session, what, here);
  });
  if (!answer.ok()) raise(answer.status());
  return nb::make_tuple(query::why_text(*answer), PythonValues().of(query::why_json(*answer)));
}

nb::object show(const std::string& root, const std::string& what, const std::string& here) {
  using query::ThingKind;
  Result<query::Json> answer = without_lock([&]() -> Result<query::Json> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    Result<query::Thing> thing = query::identify(
        *session, what,
        {ThingKind::kCampaign, ThingKind::kWorkflow, ThingKind::kObject, ThingKind::kTask}, here);
    if (!thing.ok()) return thing.status();
    return query::describe(*session, *thing);
  });
  if (!answer.ok()) raise(answer.status());
  return PythonValues().of(*answer);
}

// Calls `use` with the table and row of each row until it gives false.
template <typename Use>
void each_row(const KeptTable& kept_table, const Use& use) {
  query::ResultTable table = kept_table.reader();
  for (;;) {
    Result<bool> more = table.next();
    if (!more.ok()) raise(more.status());
    if (!*more) return;
    for (size_t row = 0; row < table.rows(); ++row) {
      if (!use(table, row)) return;
    }
  }
}

nb::list rows(const KeptTable& table) {
  const PythonValues values;
  nb::list out;
  each_row(table, [&](const query::ResultTable& batch, size_t row) {
    nb::object tuple = nb::steal(PyTuple_New(static_cast<Py_ssize_t>(batch.columns().size())));
    for (size_t i = 0; i < batch.columns().size(); ++i) {
      PyTuple_SET_ITEM(tuple.ptr(), static_cast<Py_ssize_t>(i),
                       values.of(batch, i, row).release().ptr());
    }
    out.append(tuple);
    return true;
  });
  return out;
}

nb::list column(const KeptTable& table, const std::string& name) {
  const PythonValues values;
  const std::optional<size_t> at = table.reader().column(name);
  if (!at) throw nb::key_error(name.c_str());
  nb::list out;
  each_row(table, [&](const query::ResultTable& batch, size_t row) {
    out.append(values.of(batch, *at, row));
    return true;
  });
  return out;
}

// The first rows as a person sees them.
std::vector<std::vector<std::string>> shown(const KeptTable& table, size_t limit) {
  std::vector<std::vector<std::string>> out;
  each_row(table, [&](const query::ResultTable& batch, size_t row) {
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
  query::ResultTable reader = table.reader();
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

nb::capsule arrow_stream(const KeptTable& table, const nb::object& /*requested_schema*/) {
  auto* stream = new ArrowArrayStream{};
  query::ResultTable::export_stream(table.reader(), stream);
  return nb::capsule(stream, "arrow_array_stream", [](void* pointer) noexcept {
    auto* owned = static_cast<ArrowArrayStream*>(pointer);
    if (owned->release != nullptr) owned->release(owned);
    delete owned;
  });
}

}  // namespace
}  // namespace headrace::binding

NB_MODULE(_query, m) {
  using namespace headrace::binding;  // NOLINT: one module, one function
  m.doc() = "Questions to a store. Use headrace.open().";
  nb::class_<headrace::query::KeptTable>(m, "Table")
      .def_prop_ro("columns",
                   [](const headrace::query::KeptTable& table) {
                     std::vector<std::string> names;
                     for (const auto& column : table.columns()) names.push_back(column.name);
                     return names;
                   })
      .def_prop_ro("types",
                   [](const headrace::query::KeptTable& table) {
                     std::vector<std::string> types;
                     for (const auto& column : table.columns()) types.push_back(column.type);
                     return types;
                   })
      .def("__len__", &headrace::query::KeptTable::rows)
      .def("rows", &rows)
      .def("column", &column, nb::arg("name"))
      .def("shown", &shown, nb::arg("limit"))
      .def("text", &text, nb::arg("limit"))
      .def("__arrow_c_stream__", &arrow_stream, nb::arg("requested_schema") = nb::none());
  m.def("set_error_classes", &set_error_classes, nb::arg("classes"));
  m.def("find_directory", [] { return headrace::find_directory().root.string(); });
  m.def("sql", &sql, nb::arg("root"), nb::arg("text"));
  m.def("tradeoff", &tradeoff, nb::arg("root"), nb::arg("campaign"), nb::arg("quality"),
        nb::arg("cost"), nb::arg("minimise").none(), nb::arg("activity"));
  m.def("why", &why, nb::arg("root"), nb::arg("what"), nb::arg("here"));
  m.def("show", &show, nb::arg("root"), nb::arg("what"), nb::arg("here"));
}
