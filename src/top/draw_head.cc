#include "top/draw_head.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "query/units.h"
#include "query/utf8.h"
#include "top/words.h"

namespace headrace::top {
namespace {

// Where all bars have room beside the counts; else only the last few are drawn.
constexpr int kWideBars = 100;
constexpr std::ptrdiff_t kFewBars = 12;

// Pieces one after the other, as many as fit.
class Line {
 public:
  Line(Cells& cells, int row, int end) : cells_(cells), row_(row), end_(end) {}
  Line& put(const std::string& text, Ink ink = Ink::kPlain) {
    at_ += cells_.put(row_, at_, text, {ink}, end_ - at_);
    return *this;
  }
  // With a distance before it; not at all when it does not fit.
  Line& piece(const std::string& text, Ink ink = Ink::kPlain) {
    const int gap = at_ > 1 ? 2 : 0;
    if (at_ + gap + static_cast<int>(query::display_width(text)) > end_) return *this;
    at_ += gap;
    return put(text, ink);
  }
  Line& sign(const std::string& glyph, Ink ink, const std::string& text) {
    const int takes = static_cast<int>(query::display_width(glyph + " " + text));
    if (at_ + 2 + takes > end_) return *this;
    return piece(glyph, ink).put(" " + text);
  }

 private:
  Cells& cells_;
  int row_;
  int at_ = 1;
  int end_;
};

void draw_title(Cells& cells, int row, const Picture& picture, const View& view,
                const Surroundings& around) {
  const int clock = static_cast<int>(around.clock.size());
  cells.put_right(row, cells.columns() - clock - 1, around.clock,
                  {view.is_paused ? Ink::kLost : Ink::kFaint}, clock);
  Line line(cells, row, cells.columns() - clock - 2);
  // The last part of a long path is what is looked at, so the state has its room first.
  const std::string state =
      std::string(name_of(picture.status)) + "  " + duration_or_dash(picture.elapsed_s);
  const int room = std::max(
      20, cells.columns() - clock - 8 - static_cast<int>(query::display_width(state)) - 10);
  Cells title(room, 1);
  title.put(0, 0, picture.title, {}, room);
  std::string text = title.text(false);
  text.pop_back();
  line.put("Headrace", Ink::kFaint).piece(text, Ink::kAccent);
  if (!picture.is_empty) {
    line.sign(glyph_of(picture.status), ink_of(picture.status), state);
  }
}

void draw_tasks(Cells& cells, int row, const Picture& picture) {
  Line line(cells, row, cells.columns() - 1);
  line.put(query::counted(picture.ended, "task") + " done", Ink::kStrong);
  line.sign(glyph_of(TaskStatus::kRunning), picture.running > 0 ? Ink::kRunning : Ink::kFaint,
            count_text(picture.running) + " running");
  line.sign(glyph_of(TaskStatus::kFailed), picture.failed > 0 ? Ink::kFailed : Ink::kFaint,
            count_text(picture.failed) + " failed");
  line.piece(picture.rate > 0 ? rate_text(picture.rate) + " tasks/s" : "0 tasks/s");
  std::vector<double> recent = picture.recent;
  if (cells.columns() < kWideBars) {
    recent.erase(recent.begin(),
                 recent.end() - std::min<std::ptrdiff_t>(kFewBars, std::ssize(recent)));
  }
  line.piece(bars(recent), Ink::kRunning);
}

void draw_machine(Cells& cells, int row, const Picture& picture) {
  const Machine& machine = picture.machine;
  Line line(cells, row, cells.columns() - 1);
  line.put("energy ").put(energy_text(picture.energy), Ink::kStrong);
  line.put(emulated_text(picture.energy.truth));
  if (machine.power_w) {
    line.piece("power ").put(
        (machine.power_truth == "measured" ? "" : "≈ ") + query::si_text(*machine.power_w, "W"),
        Ink::kStrong);
  }
  if (machine.gpu_share) line.piece("GPU " + percent_text(*machine.gpu_share));
  if (machine.cpu_share) line.piece("CPU " + percent_text(*machine.cpu_share));
  if (machine.memory_used_bytes) {
    line.piece("memory " + query::bytes_text(*machine.memory_used_bytes) + " of " +
               query::bytes_text(machine.memory_bytes));
  }
  if (machine.hosts > 1)
    line.piece("on " + query::counted(static_cast<int64_t>(machine.hosts), "host"));
  if (machine.hosts == 0) line.piece("no sensor is read now", Ink::kFaint);
}

void draw_losses(Cells& cells, int row, const Picture& picture, const Surroundings& around) {
  const Losses& losses = picture.losses;
  Line line(cells, row, cells.columns() - 1);
  if (losses.any()) {
    std::string text = "✕ lost";
    const auto part = [&text](int64_t count, const char* how) {
      if (count > 0) text += (text.size() > 8 ? ", " : " ") + count_text(count) + " " + how;
    };
    part(losses.dropped, "dropped");
    part(losses.missing, "missing");
    part(losses.quarantined, "set aside");
    line.put(text, Ink::kFailed).piece("headrace doctor says more");
  } else {
    line.put("lost 0");
  }
  line.piece("late " + query::duration_text(picture.late_s));
  if (picture.losses.waiting > 0) {
    line.piece(count_text(picture.losses.waiting) + " records on the way");
  }
  if (picture.machine.overhead_share) {
    line.piece("telemetry " + percent_text(*picture.machine.overhead_share) + " of CPU time");
  }
  if (picture.is_behind) line.piece("taking in what is there", Ink::kLost);
  if (!around.trouble.empty()) line.piece("").put(around.trouble, Ink::kLost);
}

}  // namespace

std::string bars(const std::vector<double>& values) {
  static constexpr std::array<const char*, 8> kBars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const double most = values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  if (most <= 0) return "";
  std::string out;
  for (const double value : values) {
    out += kBars.at(static_cast<size_t>(std::clamp(value / most, 0.0, 1.0) * 7));
  }
  return out;
}

void draw_head(Cells& cells, const Picture& picture, const View& view, const Surroundings& around) {
  draw_title(cells, 0, picture, view, around);
  draw_tasks(cells, 1, picture);
  draw_machine(cells, 2, picture);
  draw_losses(cells, 3, picture, around);
}

}  // namespace headrace::top
