#include "binding/query/pages.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <optional>
#include <string>

#include "base/clock.h"
#include "binding/query/opened.h"
#include "report/card.h"
#include "report/document.h"
#include "report/single_view.h"

namespace nb = nanobind;

namespace headrace::binding {
namespace {

using query::Json;
using query::Session;

nb::tuple page_of(const Json& view) {
  return nb::make_tuple(report::view_page(view), PythonValues().of(view));
}

std::string report(const std::string& root, const std::string& what, const std::string& against,
                   uint64_t most_tasks, const std::string& made_by) {
  return asked(root, [&](const Session& session) {
    return report::report_page(session, {.of = what,
                                         .against = against,
                                         .most_tasks = most_tasks,
                                         .made_by = made_by,
                                         .made_at_ns = read_clock_ns(CLOCK_REALTIME)});
  });
}

std::string card(const std::string& root, const std::string& what, const std::string& made_by) {
  return asked(root, [&](const Session& session) {
    return report::workflow_card(session, {what, made_by});
  });
}

// (page, facts)
nb::tuple timeline(const std::string& root, const std::string& what, std::optional<double> from_s,
                   std::optional<double> until_s, uint64_t width, uint64_t lanes) {
  return page_of(asked(root, [&](const Session& session) {
    return report::timeline_view(session, {what, from_s, until_s, width, lanes});
  }));
}

nb::tuple graph(const std::string& root, const std::string& workflow, const std::string& level) {
  return page_of(asked(root, [&](const Session& session) {
    return report::graph_view(session, workflow,
                              level == "task"   ? query::GraphLevel::kTask
                              : level == "wave" ? query::GraphLevel::kWave
                                                : query::GraphLevel::kActivity);
  }));
}

// Of a view that Python has put together.
std::string view_page(const std::string& json) {
  const Result<Json> view = Json::parse(json);
  if (!view.ok()) raise(view.status());
  return report::view_page(*view);
}

}  // namespace

void add_pages(nb::module_& m) {
  m.def("report", &report, nb::arg("root"), nb::arg("what"), nb::arg("against"),
        nb::arg("most_tasks"), nb::arg("made_by"));
  m.def("card", &card, nb::arg("root"), nb::arg("what"), nb::arg("made_by"));
  m.def("timeline", &timeline, nb::arg("root"), nb::arg("what"), nb::arg("from_s").none(),
        nb::arg("until_s").none(), nb::arg("width"), nb::arg("lanes"));
  m.def("graph", &graph, nb::arg("root"), nb::arg("workflow"), nb::arg("level"));
  m.def("view_page", &view_page, nb::arg("json"));
}

}  // namespace headrace::binding
