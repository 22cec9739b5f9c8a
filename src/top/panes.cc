#include "top/panes.h"

#include <algorithm>
#include <tuple>

namespace headrace::top {
namespace {

bool is_running(const WorkflowLine& line) { return line.status == TaskStatus::kRunning; }

double joules_of(const Joules& energy) { return energy.energy_j.value_or(-1); }

double times_median(const RunningLine& line) {
  return line.median_s && *line.median_s > 0 ? line.elapsed_s / *line.median_s : -1;
}

// The largest first; what is equal keeps its order.
template <typename Line, typename By>
void largest_first(std::vector<Line>& lines, By&& by) {
  std::stable_sort(lines.begin(), lines.end(),
                   [&by](const Line& a, const Line& b) { return by(a) > by(b); });
}

template <typename Line, typename By>
void by_text(std::vector<Line>& lines, By&& by) {
  std::stable_sort(lines.begin(), lines.end(),
                   [&by](const Line& a, const Line& b) { return by(a) < by(b); });
}

void order_workflows(std::vector<WorkflowLine>& lines, std::string_view by) {
  std::reverse(lines.begin(), lines.end());  // they come in order of appearance
  if (by == "newest") largest_first(lines, is_running);
  if (by == "rate") largest_first(lines, [](const WorkflowLine& l) { return l.rate; });
  if (by == "tasks") largest_first(lines, [](const WorkflowLine& l) { return l.ended; });
  if (by == "failed") largest_first(lines, [](const WorkflowLine& l) { return l.failed; });
  if (by == "energy") {
    largest_first(lines, [](const WorkflowLine& l) { return joules_of(l.energy); });
  }
  if (by == "time") {
    largest_first(lines, [](const WorkflowLine& l) { return l.elapsed_s.value_or(-1); });
  }
  if (by == "name") {
    by_text(lines, [](const WorkflowLine& l) -> const std::string& { return l.name; });
  }
}

void order_activities(std::vector<ActivityLine>& lines, std::string_view by) {
  if (by == "time") largest_first(lines, [](const ActivityLine& l) { return l.sum_s; });
  if (by == "tasks") largest_first(lines, [](const ActivityLine& l) { return l.ended; });
  if (by == "failed") largest_first(lines, [](const ActivityLine& l) { return l.failed; });
  if (by == "rate") largest_first(lines, [](const ActivityLine& l) { return l.rate; });
  if (by == "p95") largest_first(lines, [](const ActivityLine& l) { return l.p95_s.value_or(-1); });
  if (by == "energy") {
    largest_first(lines, [](const ActivityLine& l) { return joules_of(l.energy); });
  }
}

}  // namespace

std::string_view name_of(Pane pane) {
  switch (pane) {
    case Pane::kWorkflows: return "Workflows";
    case Pane::kRunning: return "Running tasks";
    case Pane::kTroubles: return "Stragglers and failures";
    case Pane::kActivities: return "Activities";
  }
  return "";
}

size_t rows_of(const Picture& picture, Pane pane) {
  switch (pane) {
    case Pane::kWorkflows: return picture.workflows.size();
    case Pane::kRunning: return picture.running_tasks.size();
    case Pane::kTroubles: return picture.troubles.size();
    case Pane::kActivities: return picture.activities.size();
  }
  return 0;
}

const std::string& row_id(const Picture& picture, Pane pane, size_t row) {
  switch (pane) {
    case Pane::kWorkflows: return picture.workflows[row].id;
    case Pane::kRunning: return picture.running_tasks[row].id;
    case Pane::kTroubles: return picture.troubles[row].id;
    case Pane::kActivities: break;
  }
  return picture.activities[row].name;
}

const std::vector<std::string_view>& orders_of(Pane pane) {
  static const std::array<std::vector<std::string_view>, kPanes.size()> kOrders{
      {{"newest", "rate", "tasks", "failed", "energy", "time", "name"},
       {"time", "median", "activity"},
       {"in turn", "newest", "time"},
       {"time", "tasks", "failed", "rate", "p95", "energy", "name"}}};
  return kOrders.at(index_of(pane));
}

void order(Picture& picture, Pane pane, size_t by) {
  const std::string_view word = orders_of(pane).at(by % orders_of(pane).size());
  switch (pane) {
    case Pane::kWorkflows: order_workflows(picture.workflows, word); break;
    case Pane::kRunning:
      if (word == "median") largest_first(picture.running_tasks, times_median);
      if (word == "activity") {
        by_text(picture.running_tasks,
                [](const RunningLine& l) -> const std::string& { return l.activity; });
      }
      break;
    case Pane::kTroubles:
      if (word == "newest") {
        largest_first(picture.troubles, [](const TroubleLine& l) { return l.end_ns; });
      }
      if (word == "time") {
        largest_first(picture.troubles, [](const TroubleLine& l) { return l.excess_s; });
      }
      break;
    case Pane::kActivities: order_activities(picture.activities, word); break;
  }
}

}  // namespace headrace::top
