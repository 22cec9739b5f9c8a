// The extension `_query`: opens a store, asks it, lets go of it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <string>
#include <utility>

#include "binding/query/answers.h"
#include "binding/query/intake_type.h"
#include "binding/query/opened.h"
#include "binding/query/pages.h"
#include "binding/query/python_values.h"
#include "binding/query/selections.h"
#include "binding/query/tables.h"
#include "query/filter_names.h"
#include "query/follow.h"
#include "query/mongo_filter.h"

namespace nb = nanobind;

namespace headrace::binding {
namespace {

using query::KeptTable;
using query::Selection;
using query::Session;

// What `answer` gives for the session and selection of a question.
template <typename Answer>
auto selected(const std::string& root, const std::string& question, const Answer& answer) {
  using Answered =
      decltype(answer(std::declval<const Session&>(), std::declval<const Selection&>()));
  return asked(root, [&](const Session& session) -> Answered {
    const Result<Selection> selection = read_selection(session, question);
    if (!selection.ok()) return selection.status();
    return answer(session, *selection);
  });
}

KeptTable sql(const std::string& root, const std::string& text) {
  return asked(root, [&](const Session& session) { return kept(session.sql(text)); });
}

KeptTable rows_of(const std::string& root, const std::string& question) {
  return selected(root, question, [](const Session& session, const Selection& selection) {
    return kept(query::select(session, selection));
  });
}

// As they are read: the store is held until the stream is read to its end or dropped.
nb::capsule stream(const std::string& root, const std::string& question) {
  return arrow_stream(
      selected(root, question, [](const Session& session, const Selection& selection) {
        return query::select(session, selection);
      }));
}

uint64_t count(const std::string& root, const std::string& question) {
  return selected(root, question, [](const Session& session, const Selection& selection) {
    return query::count(session, selection);
  });
}

// SQL in which `task` is what a question takes.
KeptTable sql_over(const std::string& root, const std::string& question, const std::string& text) {
  return selected(root, question, [&](const Session& session, const Selection& selection) {
    return kept(session.sql(text, selection.filter));
  });
}

KeptTable find(const std::string& root, const std::string& view, const std::string& question) {
  return asked(root, [&](const Session& session) -> Result<KeptTable> {
    const Result<query::Json> document = query::Json::parse(question);
    if (!document.ok()) return document.status();
    const auto of = query::filter_view(view);
    if (!of) return invalid_argument("there is no view " + view);
    const Result<Selection> selection = query::mongo_selection(*document, *of);
    if (!selection.ok()) return selection.status();
    return kept(query::select(session, *selection));
  });
}

struct Followed {
  KeptTable rows;
  bool is_all;
  std::string mark;
  bool is_over;
};

nb::tuple follow(const std::string& root, const std::string& question, const std::string& mark,
                 const std::string& own_host, int64_t own_pid) {
  Followed found = selected(
      root, question, [&](const Session& session, const Selection& selection) -> Result<Followed> {
        Result<query::NewTasks> fresh =
            query::new_tasks(session, selection, mark, own_host, own_pid);
        if (!fresh.ok()) return fresh.status();
        Result<KeptTable> rows = KeptTable::keep(std::move(fresh->rows));
        if (!rows.ok()) return rows.status();
        return Followed{std::move(*rows), fresh->is_all, fresh->mark, fresh->is_over};
      });
  return nb::make_tuple(std::move(found.rows), found.is_all, found.mark, found.is_over);
}

nb::tuple complete(const std::string& root, const std::string& view, const std::string& text,
                   size_t at, size_t limit) {
  const auto of = query::filter_view(view);
  if (!of) raise(invalid_argument("there is no view " + view));
  const query::Completions found = asked(root, [&](const Session& session) {
    return query::complete_filter(session, text, at, *of, limit);
  });
  nb::list items;
  for (const query::Completion& one : found.items) {
    items.append(nb::make_tuple(one.text, one.about));
  }
  return nb::make_tuple(found.begin, found.end, items);
}

}  // namespace
}  // namespace headrace::binding

NB_MODULE(_query, m) {
  using namespace headrace::binding;  // NOLINT: one module, one function
  m.doc() = "Questions to a store. Use headrace.open().";
  add_table(m);
  add_answers(m);
  add_intake(m);
  add_pages(m);
  m.def("set_error_classes", &set_error_classes, nb::arg("classes"));
  m.def("find_directory", [] { return headrace::find_directory().root.string(); });
  m.def("sql", &sql, nb::arg("root"), nb::arg("text"));
  m.def("select", &rows_of, nb::arg("root"), nb::arg("question"));
  m.def("stream", &stream, nb::arg("root"), nb::arg("question"));
  m.def("count", &count, nb::arg("root"), nb::arg("question"));
  m.def("select_sql", &sql_over, nb::arg("root"), nb::arg("question"), nb::arg("text"));
  m.def("find", &find, nb::arg("root"), nb::arg("view"), nb::arg("question"));
  m.def("follow", &follow, nb::arg("root"), nb::arg("question"), nb::arg("mark"),
        nb::arg("own_host"), nb::arg("own_pid"));
  m.def("complete", &complete, nb::arg("root"), nb::arg("view"), nb::arg("text"), nb::arg("at"),
        nb::arg("limit"));
}
