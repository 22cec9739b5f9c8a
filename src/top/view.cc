#include "top/view.h"

#include <algorithm>

#include "query/filter_tree.h"

namespace headrace::top {
namespace {

void move(View& view, const Picture& picture, int64_t by) {
  const size_t rows = rows_of(picture, view.focus);
  if (rows == 0) return;
  const auto at = static_cast<int64_t>(chosen_row(view, picture, view.focus));
  const int64_t to = std::clamp<int64_t>(at + by, 0, static_cast<int64_t>(rows) - 1);
  view.chosen.at(index_of(view.focus)) = row_id(picture, view.focus, static_cast<size_t>(to));
}

void turn(View& view, int by) {
  const size_t count = kPanes.size();
  view.focus = kPanes.at((index_of(view.focus) + count + static_cast<size_t>(by + 4)) % count);
}

// The row that the keys speak of; nothing in an empty pane.
std::optional<size_t> row_meant(const View& view, const Picture& picture) {
  if (rows_of(picture, view.focus) == 0) return std::nullopt;
  return chosen_row(view, picture, view.focus);
}

void follow(View& view) {
  view.chosen = {};
  view.is_paused = false;
}

Wish down(View& view, const Picture& picture) {
  Wish out;
  const auto row = row_meant(view, picture);
  if (!row) return out;
  const std::string& id = row_id(picture, view.focus, *row);
  switch (view.focus) {
    case Pane::kWorkflows: {
      const auto uuid = Uuid::parse(id);
      const Scope wanted{Scope::Kind::kWorkflow, uuid.value_or(Uuid{})};
      if (wanted == view.scope) {
        out.question = Question{Question::Kind::kShow, "workflow:" + id};
      } else {
        view.scope = wanted;
        view.chosen = {};
      }
      break;
    }
    case Pane::kActivities:
      out.filter = query::filter_text(query::Filter::field({"activity"}, query::FilterOp::kIs,
                                                           {query::FilterValue::quoted(id)}));
      break;
    case Pane::kRunning:
    case Pane::kTroubles:
      if (!id.empty()) out.question = Question{Question::Kind::kShow, "task:" + id};
      break;
  }
  return out;
}

Wish why(const View& view, const Picture& picture) {
  Wish out;
  const auto row = row_meant(view, picture);
  if (!row) return out;
  const std::string& id = row_id(picture, view.focus, *row);
  if (view.focus == Pane::kActivities) {
    out.notice = "w asks why of a task or workflow: choose one";
  } else {
    const bool is_workflow = view.focus == Pane::kWorkflows;
    out.question = Question{Question::Kind::kWhy, (is_workflow ? "workflow:" : "task:") + id};
  }
  return out;
}

Wish compare(View& view, const Picture& picture) {
  Wish out;
  const auto row = row_meant(view, picture);
  if (!row || view.focus != Pane::kWorkflows) {
    out.notice = "d compares two workflows: choose one of the list";
    return out;
  }
  const std::string& id = row_id(picture, view.focus, *row);
  if (view.marked.empty() || view.marked == id) {
    view.marked = view.marked.empty() ? id : "";
    out.notice = view.marked.empty() ? "nothing is marked" : "marked; d on another one compares";
    return out;
  }
  out.question = Question{Question::Kind::kDiff, "workflow:" + view.marked, "workflow:" + id};
  view.marked.clear();
  return out;
}

void by_energy(View& view) {
  for (const Pane pane : {Pane::kWorkflows, Pane::kActivities}) {
    const auto& orders = orders_of(pane);
    const auto found =
        static_cast<size_t>(std::find(orders.begin(), orders.end(), "energy") - orders.begin());
    size_t& now = view.orders.at(index_of(pane));
    now = now == found ? 0 : found;
  }
}

// Of a text page: true when the key was its own.
bool scroll(View& view, const Press& press, size_t page_rows) {
  TextPage& page = *view.page;
  const size_t last = page.lines.size() > page_rows ? page.lines.size() - page_rows : 0;
  const auto to = [&page, last](int64_t by) {
    page.top = static_cast<size_t>(
        std::clamp<int64_t>(static_cast<int64_t>(page.top) + by, 0, static_cast<int64_t>(last)));
  };
  const auto whole = static_cast<int64_t>(page_rows);
  if (press.key == Key::kUp || press.text == "k") {
    to(-1);
  } else if (press.key == Key::kDown || press.text == "j") {
    to(1);
  } else if (press.key == Key::kPageUp) {
    to(-whole);
  } else if (press.key == Key::kPageDown || press.text == " ") {
    to(whole);
  } else if (press.key == Key::kHome || press.text == "g") {
    page.top = 0;
  } else if (press.key == Key::kEnd || press.text == "G") {
    page.top = last;
  } else if (press.key == Key::kEscape || press.key == Key::kBackspace ||
             press.key == Key::kEnter || press.text == "q" || press.text == "?") {
    view.page.reset();
  } else {
    return false;
  }
  return true;
}

Wish type(View& view, const Press& press) {
  Wish out;
  std::string& typed = *view.typed;
  switch (press.key) {
    case Key::kText: typed += press.text; break;
    case Key::kBackspace:
      while (!typed.empty() && (typed.back() & 0xC0) == 0x80) typed.pop_back();
      if (!typed.empty()) typed.pop_back();
      break;
    case Key::kEnter:
      out.filter = typed;
      view.typed.reset();
      break;
    case Key::kEscape: view.typed.reset(); break;
    default: break;
  }
  return out;
}

Wish press_letter(View& view, const std::string& letter, const Picture& picture) {
  Wish out;
  if (letter == "q") {
    out.quit = true;
  } else if (letter == "?") {
    view.page = help_page();
  } else if (letter == "/") {
    view.typed = view.filter;
  } else if (letter == "j") {
    move(view, picture, 1);
  } else if (letter == "k") {
    move(view, picture, -1);
  } else if (letter == "g") {
    move(view, picture, INT32_MIN);
  } else if (letter == "G") {
    move(view, picture, INT32_MAX);
  } else if (letter == "s") {
    size_t& by = view.orders.at(index_of(view.focus));
    by = (by + 1) % orders_of(view.focus).size();
  } else if (letter == "e") {
    by_energy(view);
  } else if (letter == "f" || letter == ".") {
    follow(view);
  } else if (letter == " ") {
    view.is_paused = !view.is_paused;
  } else if (letter == "w") {
    return why(view, picture);
  } else if (letter == "d") {
    return compare(view, picture);
  }
  return out;
}

}  // namespace

size_t chosen_row(const View& view, const Picture& picture, Pane pane) {
  const std::string& id = view.chosen.at(index_of(pane));
  if (id.empty()) return 0;
  for (size_t row = 0; row < rows_of(picture, pane); ++row) {
    if (row_id(picture, pane, row) == id) return row;
  }
  return 0;
}

Wish press(View& view, const Press& press, const Picture& picture, size_t page_rows) {
  if (view.typed) return type(view, press);
  if (view.page && scroll(view, press, page_rows)) return {};
  Wish out;
  switch (press.key) {
    case Key::kText: return press_letter(view, press.text, picture);
    case Key::kUp: move(view, picture, -1); break;
    case Key::kDown: move(view, picture, 1); break;
    case Key::kPageUp: move(view, picture, -10); break;
    case Key::kPageDown: move(view, picture, 10); break;
    case Key::kHome: move(view, picture, INT32_MIN); break;
    case Key::kEnd: move(view, picture, INT32_MAX); break;
    case Key::kTab:
    case Key::kRight: turn(view, 1); break;
    case Key::kBackTab:
    case Key::kLeft: turn(view, -1); break;
    case Key::kEnter: return down(view, picture);
    case Key::kBackspace: out.up = true; break;
    case Key::kEscape:
      view.chosen = {};
      view.marked.clear();
      if (!view.filter.empty()) out.filter = "";
      break;
    case Key::kDelete:
    case Key::kUnknown: break;
  }
  return out;
}

TextPage help_page() {
  return {"Keys",
          {"  Enter      down: into a workflow, a task's facts, one activity alone",
           "  Backspace  up: to the workflow above, the campaign, everything",
           "  ↑ ↓  j k   choose a row              Tab ← →    the next list",
           "  g G        the first, the last       PgUp PgDn  ten rows",
           "  /          the filter: activity:train status:failed duration>2s",
           "  Esc        clears filter and choice",
           "  s          order by something else   e          by energy",
           "  w          why: made from what, by what, at what cost",
           "  d          marks a workflow; on another one compares the two",
           "  space      pause and go on           f  .       follow: newest, live",
           "  ?          these keys                q          ends (Ctrl-Z stops)",
           "",
           "  ● running  ✓ finished  ✕ failed  ? lost  ⊘ cancelled  ○ pending",
           "  ▲ straggler: beyond the median by 5 robust deviations",
           "  ≈ before energy and power that are not measured in whole",
           "",
           "  tasks/s    that ended, over ten seconds; the bars are the last seconds",
           "  p50 p95    of finished tasks, within 2 %; median of its own workflow",
           "  energy     of tasks that have ended, with what lies in them",
           "  telemetry  CPU time of the sampler, by that of the processes it is in",
           "  late       how long something new waited until it was seen here",
           "  lost       records: dropped by a process, missing, set aside damaged"},
          0};
}

}  // namespace headrace::top
