// One view as a page of its own: what a notebook shows below a cell, and keeps when it is saved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "query/activity_graph.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::report {

struct TimelineQuestion {
  std::string of{};                 // as ReportQuestion::of
  std::optional<double> from_s{};   // since its start; unset: the start
  std::optional<double> until_s{};  // unset: the end
  size_t width = 1600;              // pixels: what is narrower than one is merged (task_window.h)
  size_t lanes = 120;
};

// "headrace.view" documents, which view_page draws: {format, version, view, of, answer, truth};
// answer is the server's of the same name. A timeline has at most 10,000 bars however many tasks
// there are: where lanes and width would give more, it is reduced to fewer pixels, and `width` says
// to how many. Errors: as find_scope; kInvalidArgument for a window without length.
Result<query::Json> timeline_view(const query::Session& session, const TimelineQuestion& question);

// `of`: a workflow; "" the latest. kNotFound when it is a campaign's name alone.
Result<query::Json> graph_view(const query::Session& session, const std::string& of,
                               query::GraphLevel level);

// One HTML file, self-contained, that draws a "headrace.view" document.
std::string view_page(const query::Json& view);

}  // namespace headrace::report
