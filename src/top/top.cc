#include "top/top.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "query/units.h"
#include "top/draw.h"
#include "top/looking.h"
#include "top/screen.h"

namespace headrace::top {
namespace {

// Times on the screen go on though nothing is new.
constexpr int64_t kFrameMs = 1000;
constexpr size_t kEdgeRows = 2;  // above and below a text page

std::string clock_text(int64_t now_ns) {
  std::string text = utc_text(now_ns).substr(0, 19);
  text[10] = ' ';
  return text + " UTC";
}

void order_all(Picture& picture, const View& view) {
  for (const Pane pane : kPanes) order(picture, pane, view.orders.at(index_of(pane)));
}

class Top {
 public:
  Top(Screen& screen, Looking& looking) : screen_(screen), looking_(looking) {}

  Status run() {
    while (screen_.ended_by() == 0) {
      HEADRACE_RETURN_IF_ERROR(take_news());
      show();
      screen_.wait(kFrameMs - now_monotonic_ns() / 1'000'000 % kFrameMs);
      for (const Press& one : screen_.presses()) {
        notice_.clear();
        const size_t rows = static_cast<size_t>(std::max(screen_.rows(), 3)) - kEdgeRows;
        if (grant(press(view_, one, picture_, rows))) return {};
        refresh();
      }
    }
    return {};
  }

 private:
  Status take_news() {
    Looking::News news = looking_.take_news();
    if (!news.ended.ok()) return news.ended;
    around_.trouble = news.filter_trouble.empty() ? news.trouble : news.filter_trouble;
    if (news.scope) view_.scope = *news.scope;
    if (news.answer) {
      view_.page = std::move(news.answer);
      notice_.clear();
    }
    return {};
  }

  // True when it is over.
  bool grant(const Wish& wish) {
    if (wish.quit) return true;
    if (wish.up) {
      view_.scope = looking_.above(view_.scope);
      view_.chosen = {};
    }
    if (wish.filter) {
      view_.filter = *wish.filter;
      looking_.set_filter(view_.filter);
    }
    if (wish.question) {
      Question question = *wish.question;
      question.columns = static_cast<size_t>(std::max(screen_.columns() - 2, 20));
      looking_.ask(question);
      notice_ = "asking the store";
    }
    if (!wish.notice.empty()) notice_ = wish.notice;
    return false;
  }

  void refresh() {
    const int64_t now_ns = now_realtime_ns();
    if (!view_.is_paused || picture_.scope != view_.scope) {
      picture_ = looking_.picture(view_.scope, now_ns);
      shown_ns_ = now_ns;
    }
    order_all(picture_, view_);
  }

  void show() {
    const int64_t now_ns = now_realtime_ns();
    refresh();
    around_.notice = notice_;
    around_.clock =
        view_.is_paused
            ? "paused " +
                  query::duration_text(std::floor(static_cast<double>(now_ns - shown_ns_) / 1e9)) +
                  " ago"
            : clock_text(now_ns);
    screen_.show(draw(picture_, view_, around_, screen_.columns(), screen_.rows()));
  }

  Screen& screen_;
  Looking& looking_;
  View view_;
  Picture picture_;
  Surroundings around_;
  std::string notice_;
  int64_t shown_ns_ = 0;
};

}  // namespace

Result<int> run_top(const std::function<Directory()>& where, const std::string& name,
                    const PaintOptions& options) {
  Result<Screen> screen = Screen::open(options);
  if (!screen.ok()) return screen.status();
  const int wake = screen->wake_descriptor();
  Looking looking(where, name, [wake] {
    const uint64_t one = 1;
    if (write(wake, &one, sizeof one) < 0) return;  // it is awake
  });
  const Status done = Top(*screen, looking).run();
  if (!done.ok()) return done;
  return screen->ended_by();
}

Result<std::string> one_frame(const std::function<Directory()>& where, const std::string& name,
                              int columns, int rows, const PaintOptions& options) {
  FolderReader reader(where);
  std::mutex mutex;
  Folder folder;
  Result<Scope> scope = Scope{};
  for (bool is_behind = true; is_behind;) {
    const Result<Look> look = reader.look(folder, mutex, [&](const query::Session& session) {
      if (!name.empty()) scope = scope_named(session, name);
    });
    if (!look.ok()) return look.status();
    is_behind = look->is_behind;
  }
  if (!scope.ok()) return scope.status();
  const int64_t now_ns = now_realtime_ns();
  View view;
  view.scope = *scope;
  Picture picture = make_picture(folder, view.scope, now_ns);
  order_all(picture, view);
  Surroundings around;
  around.clock = clock_text(now_ns);
  return printed(draw(picture, view, around, columns, rows), options);
}

}  // namespace headrace::top
