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
#include "binding/query/selections.h"
#include "collect/open.h"
#include "query/describe.h"
#include "query/diff.h"
#include "query/filter_names.h"
#include "query/follow.h"
#include "query/kept_table.h"
#include "query/mongo_filter.h"
#include "query/regret.h"
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

// What `answer` gives for the session and selection of a question.
template <typename Answer>
auto selected(const std::string& root, const std::string& question, const Answer& answer)
    -> decltype(answer(std::declval<const Session&>(), std::declval<const query::Selection&>())) {
  Result<Session> session = open_session(root);
  if (!session.ok()) return session.status();
  Result<query::Selection> selection = read_selection(*session, question);
  if (!selection.ok()) return selection.status();
  return answer(*session, *selection);
}

KeptTable rows_of(const std::string& root, const std::string& question) {
  Result<KeptTable> table = without_lock([&] {
    return selected(root, question, [](const Session& session, const query::Selection& selection) {
      return kept(query::select(session, selection));
    });
  });
  if (!table.ok()) raise(table.status());
  return std::move(*table);
}

uint64_t count(const std::string& root, const std::string& question) {
  const Result<uint64_t> rows = without_lock([&] {
    return selected(root, question, [](const Session& session, const query::Selection& selection) {
      return query::count(session, selection);
    });
  });
  if (!rows.ok()) raise(rows.status());
  return *rows;
}

// SQL in which `task` is what a question takes.
KeptTable sql_over(const std::string& root, const std::string& question, const std::string& text) {
  Result<KeptTable> table = without_lock([&] {
    return selected(root, question, [&](const Session& session, const query::Selection& selection) {
      return kept(session.sql(text, selection.filter));
    });
  });
  if (!table.ok()) raise(table.status());
  return std::move(*table);
}

KeptTable find(const std::string& root, const std::string& view, const std::string& question) {
  Result<KeptTable> table = without_lock([&]() -> Result<KeptTable> {
    const Result<query::Json> document = query::Json::parse(question);
    if (!document.ok()) return document.status();
    const auto of = query::filter_view(view);
    if (!of) return invalid_argument("there is no view " + view);
    Result<query::Selection> selection = query::mongo_selection(*document, *of);
    if (!selection.ok()) return selection.status();
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return kept(query::select(*session, *selection));
  });
  if (!table.ok()) raise(table.status());
  return std::move(*table);
}

struct Followed {
  KeptTable rows;
  int64_t seen_rows;
  bool is_over;
};

nb::tuple follow(const std::string& root, const std::string& question, int64_t seen_rows,
                 const std::string& own_host, int64_t own_pid) {
  Result<Followed> found = without_lock([&] {
    return selected(
        root, question,
        [&](const Session& session, const query::Selection& selection) -> Result<Followed> {
          Result<query::NewTasks> fresh =
              query::new_tasks(session, selection, seen_rows, own_host, own_pid);
          if (!fresh.ok()) return fresh.status();
          Result<KeptTable> rows = KeptTable::keep(std::move(fresh->rows));
          if (!rows.ok()) return rows.status();
          return Followed{std::move(*rows), fresh->seen_rows, fresh->is_over};
        });
  });
  if (!found.ok()) raise(found.status());
  return nb::make_tuple(std::move(found->rows), found->seen_rows, found->is_over);
}

nb::tuple complete(const std::string& root, const std::string& view, const std::string& text,
                   size_t at, size_t limit) {
  const auto of = query::filter_view(view);
  if (!of) raise(invalid_argument("there is no view " + view));
  const Result<query::Completions> found = without_lock([&]() -> Result<query::Completions> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return query::complete_filter(*session, text, at, *of, limit);
  });
  if (!found.ok()) raise(found.status());
  nb::list items;
  for (const query::Completion& one : found->items) {
    items.append(nb::make_tuple(one.text, one.about));
  }
  return nb::make_tuple(found->begin, found->end, items);
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

nb::tuple diff(const std::string& root, const std::string& a, const std::string& b,
               const std::string& here, bool all) {
  Result<query::Diff> answer = without_lock([&]() -> Result<query::Diff> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return query::diff(*session, a, b, here, {});
  });
  if (!answer.ok()) raise(answer.status());
  return nb::make_tuple(query::diff_text(*answer, all),
                        PythonValues().of(query::diff_json(*answer, all)), answer->equal);
}

nb::tuple regret(const std::string& root, const std::string& campaign, const std::string& metric,
                 std::optional<bool> minimise, const std::string& activity) {
  query::RegretQuestion question;
  question.campaign = campaign;
  question.metric = metric;
  question.minimise = minimise;
  question.activity = activity;
  Result<query::Regret> answer = without_lock([&]() -> Result<query::Regret> {
    Result<Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return query::regret(*session, question);
  });
  if (!answer.ok()) raise(answer.status());
  Result<KeptTable> table = KeptTable::keep(query::regret_table(*answer));
  if (!table.ok()) raise(table.status());
  return nb::make_tuple(std::move(*table), query::regret_sentence(*answer),
                        PythonValues().of(query::regret_json(*answer)));
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
  m.def("select", &rows_of, nb::arg("root"), nb::arg("question"));
  m.def("count", &count, nb::arg("root"), nb::arg("question"));
  m.def("select_sql", &sql_over, nb::arg("root"), nb::arg("question"), nb::arg("text"));
  m.def("find", &find, nb::arg("root"), nb::arg("view"), nb::arg("question"));
  m.def("follow", &follow, nb::arg("root"), nb::arg("question"), nb::arg("seen_rows"),
        nb::arg("own_host"), nb::arg("own_pid"));
  m.def("complete", &complete, nb::arg("root"), nb::arg("view"), nb::arg("text"), nb::arg("at"),
        nb::arg("limit"));
  m.def("tradeoff", &tradeoff, nb::arg("root"), nb::arg("campaign"), nb::arg("quality"),
        nb::arg("cost"), nb::arg("minimise").none(), nb::arg("activity"));
  m.def("why", &why, nb::arg("root"), nb::arg("what"), nb::arg("here"));
  m.def("diff", &diff, nb::arg("root"), nb::arg("a"), nb::arg("b"), nb::arg("here"),
        nb::arg("all"));
  m.def("regret", &regret, nb::arg("root"), nb::arg("campaign"), nb::arg("metric"),
        nb::arg("minimise").none(), nb::arg("activity"));
  m.def("show", &show, nb::arg("root"), nb::arg("what"), nb::arg("here"));
}
