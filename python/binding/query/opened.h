// The store of a folder, opened for one question.
#pragma once

#include <nanobind/nanobind.h>
#include <string>
#include <utility>

#include "base/status.h"
#include "binding/query/python_values.h"
#include "collect/open.h"
#include "query/kept_table.h"
#include "query/session.h"

namespace headrace::binding {

// With everything new folded in. It is closed when the session is gone, so that a notebook that
// holds a table does not keep others from writing.
inline Result<query::Session> open_session(const std::string& root) {
  Result<store::Store> store = collect::open_folded(Directory{root});
  if (!store.ok()) return store.status();
  return query::Session::over(root, std::move(*store));
}

// What `work` gives, a Result, without the interpreter's lock meanwhile. Its error is raised.
template <typename Work>
auto without_lock(const Work& work) {
  auto result = [&work] {
    const nanobind::gil_scoped_release released;
    return work();
  }();
  if (!result.ok()) raise(result.status());
  return std::move(*result);
}

// What `answer` gives for the session of a folder.
template <typename Answer>
auto asked(const std::string& root, const Answer& answer) {
  return without_lock([&]() -> decltype(answer(std::declval<const query::Session&>())) {
    const Result<query::Session> session = open_session(root);
    if (!session.ok()) return session.status();
    return answer(*session);
  });
}

inline Result<query::KeptTable> kept(Result<query::ResultTable> table) {
  if (!table.ok()) return table.status();
  return query::KeptTable::keep(std::move(*table));
}
// Of an answer that is in memory already.
inline query::KeptTable kept_table(query::ResultTable table) {
  Result<query::KeptTable> out = query::KeptTable::keep(std::move(table));
  if (!out.ok()) raise(out.status());
  return std::move(*out);
}

}  // namespace headrace::binding
