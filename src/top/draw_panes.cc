#include "top/draw_panes.h"

#include <algorithm>

#include "query/units.h"
#include "query/utf8.h"
#include "top/table.h"
#include "top/words.h"

namespace headrace::top {
namespace {

using Fields = std::vector<Field>;

const std::vector<Column>& columns_of(Pane pane, bool with_campaign) {
  static const std::vector<Column> kWorkflows{{"", 1},
                                              {"", 0, false, 0, 12},
                                              {"campaign", 14, false, 4},
                                              {"status", 9},
                                              {"done", 9, true},
                                              {"run", 6, true},
                                              {"failed", 6, true},
                                              {"tasks/s", 7, true},
                                              {"time", 10, true, 2},
                                              {"energy", 10, true, 3}};
  static const std::vector<Column> kOneCampaign = [] {
    std::vector<Column> out = kWorkflows;
    out.erase(out.begin() + 2);
    return out;
  }();
  static const std::vector<Column> kRunning{
      {"", 1},           {"", 0, false, 0, 14}, {"workflow", 16, false, 3}, {"where", 20, false, 4},
      {"for", 10, true}, {"median", 10, true},  {"× median", 9, true}};
  static const std::vector<Column> kTroubles{{"", 1}, {"", 9}, {"", 0}};
  static const std::vector<Column> kActivities{
      {"", 0, false, 0, 12}, {"done", 9, true}, {"run", 6, true},     {"failed", 6, true},
      {"tasks/s", 7, true},  {"p50", 10, true}, {"p95", 10, true, 4}, {"energy", 10, true, 3}};
  switch (pane) {
    case Pane::kWorkflows: return with_campaign ? kWorkflows : kOneCampaign;
    case Pane::kRunning: return kRunning;
    case Pane::kTroubles: return kTroubles;
    case Pane::kActivities: break;
  }
  return kActivities;
}

Field count_field(int64_t count, Ink ink) {
  return {count == 0 ? "-" : count_text(count), count == 0 ? Ink::kFaint : ink};
}

Fields fields(const WorkflowLine& line, bool with_campaign, bool is_marked) {
  Fields out{{glyph_of(line.status), ink_of(line.status)},
             {(is_marked ? "d " : "") + line.name, Ink::kPlain},
             {line.campaign, Ink::kPlain},
             {std::string(name_of(line.status)), Ink::kPlain},
             count_field(line.ended, Ink::kPlain),
             count_field(line.running, Ink::kRunning),
             count_field(line.failed, Ink::kFailed),
             {rate_text(line.rate), Ink::kPlain},
             {duration_or_dash(line.elapsed_s), Ink::kPlain},
             {energy_text(line.energy), Ink::kPlain}};
  if (!with_campaign) out.erase(out.begin() + 2);
  return out;
}

Fields fields(const RunningLine& line) {
  std::string times = "-";
  if (line.median_s && *line.median_s > 0) {
    times =
        (line.is_straggler ? "▲ " : "") + query::two_digits(line.elapsed_s / *line.median_s) + "×";
  }
  return {{glyph_of(TaskStatus::kRunning), Ink::kRunning},
          {line.activity, Ink::kPlain},
          {line.workflow, Ink::kPlain},
          {line.place, Ink::kPlain},
          {query::duration_text(line.elapsed_s), Ink::kPlain},
          {duration_or_dash(line.median_s), Ink::kPlain},
          {times, line.is_straggler ? Ink::kLost : Ink::kPlain}};
}

Fields fields(const TroubleLine& line) {
  const bool is_straggler = line.status == TaskStatus::kFinished;
  return {
      {is_straggler ? "▲" : glyph_of(line.status), is_straggler ? Ink::kLost : ink_of(line.status)},
      {is_straggler ? "straggler" : std::string(name_of(line.status)), Ink::kPlain},
      {line.sentence, Ink::kPlain}};
}

Fields fields(const ActivityLine& line) {
  return {{line.name, Ink::kPlain},
          count_field(line.ended, Ink::kPlain),
          count_field(line.running, Ink::kRunning),
          count_field(line.failed, Ink::kFailed),
          {rate_text(line.rate), Ink::kPlain},
          {duration_or_dash(line.p50_s), Ink::kPlain},
          {duration_or_dash(line.p95_s), Ink::kPlain},
          {energy_text(line.energy), Ink::kPlain}};
}

Fields fields_of(const Picture& picture, const View& view, Pane pane, size_t row,
                 bool with_campaign) {
  switch (pane) {
    case Pane::kWorkflows:
      return fields(picture.workflows[row], with_campaign,
                    picture.workflows[row].id == view.marked);
    case Pane::kRunning: return fields(picture.running_tasks[row]);
    case Pane::kTroubles: return fields(picture.troubles[row]);
    case Pane::kActivities: break;
  }
  return fields(picture.activities[row]);
}

// What an empty list says.
std::string empty_text(const Picture& picture, Pane pane) {
  switch (pane) {
    case Pane::kWorkflows: return "no workflow";
    case Pane::kRunning: return "no task is running";
    case Pane::kTroubles: return "no straggler, no failure";
    case Pane::kActivities: break;
  }
  return picture.has_uncounted_activities ? "too many activities to count" : "no task has ended";
}

// "Activities 12 by time".
std::string title_of(const Picture& picture, const View& view, Pane pane, size_t shown) {
  const size_t rows = rows_of(picture, pane);
  std::string out(name_of(pane));
  // Only the oldest of those that run have a line.
  const auto all =
      pane == Pane::kRunning ? static_cast<size_t>(std::max<int64_t>(picture.running, 0)) : rows;
  if (rows > shown) {
    out += " " + std::to_string(shown) + " of " + count_text(static_cast<int64_t>(all));
  } else if (rows > 0) {
    out += " " + count_text(static_cast<int64_t>(all));
  }
  const size_t by = view.orders.at(index_of(pane));
  if (by > 0) out += " by " + std::string(orders_of(pane)[by]);
  return out;
}

// The heads of columns that the list's title leaves free.
Fields heads_behind(int title_width, const std::vector<Column>& columns,
                    const std::vector<int>& widths) {
  Fields out;
  int at = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const int width = static_cast<int>(query::display_width(column.head));
    const int begin = at + (column.is_number ? widths[i] - width : 0);
    out.push_back({begin > title_width ? column.head : "", Ink::kFaint});
    if (widths[i] > 0) at += widths[i] + 1;
  }
  return out;
}

}  // namespace

void draw_pane(Cells& cells, const Place& place, const Picture& picture, const View& view,
               Pane pane) {
  const bool with_campaign = picture.scope.kind == Scope::Kind::kEverything &&
                             std::any_of(picture.workflows.begin(), picture.workflows.end(),
                                         [](const WorkflowLine& l) { return !l.campaign.empty(); });
  const size_t rows = rows_of(picture, pane);
  const auto room = static_cast<size_t>(std::max(place.rows, 0));
  const bool has_focus = view.focus == pane;
  const std::vector<Column>& columns = columns_of(pane, with_campaign);
  const int inner = place.columns - 2;
  const std::vector<int> widths = fitted(columns, inner);

  const std::string title = title_of(picture, view, pane, std::min(rows, room));
  const int title_width = std::min(static_cast<int>(query::display_width(title)), inner);
  put_row(cells, place.row, place.column + 1, columns, widths,
          heads_behind(title_width, columns, widths));
  cells.put(place.row, place.column + 1, title,
            {has_focus ? Ink::kAccent : Ink::kStrong, false, has_focus}, inner);

  if (rows == 0 && room > 0) {
    cells.put(place.row + 1, place.column + 3, empty_text(picture, pane), {Ink::kFaint}, inner - 2);
    return;
  }
  const size_t chosen = chosen_row(view, picture, pane);
  const size_t first = chosen < room ? 0 : chosen - room + 1;
  for (size_t i = 0; i < room && first + i < rows; ++i) {
    const int row = place.row + 1 + static_cast<int>(i);
    put_row(cells, row, place.column + 1, columns, widths,
            fields_of(picture, view, pane, first + i, with_campaign));
    if (has_focus && first + i == chosen) {
      cells.put(row, place.column, "›", {}, 1);
      cells.restyle(row, place.column, place.columns, {Ink::kPlain, true});
    }
  }
}

}  // namespace headrace::top
