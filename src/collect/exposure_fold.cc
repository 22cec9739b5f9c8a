// The records of capture/exposure.h: a row for each part that ran.
#include <optional>
#include <string_view>

#include "collect/record_fold.h"
#include "collect/value_text.h"

namespace headrace::collect {
namespace {

using Cells = std::vector<ShapePlan::Cell>;

// Whether cells i and i + 1 are a part's time and calls.
bool is_part(const Cells& cells, size_t i) {
  if (i + 1 >= cells.size()) return false;
  const ShapePlan::Cell& time = cells[i];
  const ShapePlan::Cell& calls = cells[i + 1];
  return time.role == Role::kGenerated && time.tag == ValueTag::kInt &&
         calls.role == Role::kGenerated && calls.tag == ValueTag::kInt &&
         calls.name.size() == time.name.size() + 1 && calls.name.back() == '#' &&
         calls.name.starts_with(time.name);
}

}  // namespace

const char* RecordFold::exposure(const Origin& origin, const LogRecord& fixed,
                                 const ShapePlan& shape, uint32_t workflow) {
  const Cells& cells = shape.cells;
  int64_t since_ns = 0;
  std::string model;
  bool repeated = false;
  size_t first = 0;
  for (; first < cells.size() && cells[first].role == Role::kAttribute; ++first) {
    const ShapePlan::Cell& cell = cells[first];
    const auto value = static_cast<int64_t>(cells_[first]);
    if (cell.name == "since_ns" && cell.tag == ValueTag::kInt) since_ns = value;
    if (cell.name == "repeated" && !is_in_tail(cell.tag)) repeated = value != 0;
    if (cell.name == "model" && cell.tag == ValueTag::kString) model = as_utf8(tails_[first]);
  }
  const int64_t end_ns = origin.producer.clocks().realtime_ns(fixed.at_ticks);
  if (since_ns <= 0 || since_ns > end_ns) return "its interval is impossible";
  if (first == cells.size()) return "it names no layer";
  for (size_t i = first; i < cells.size(); i += 2) {
    if (!is_part(cells, i)) return "its layers are not told in pairs of time and calls";
    const auto self_ns = static_cast<int64_t>(cells_[i]);
    if (self_ns < 0 || static_cast<int64_t>(cells_[i + 1]) < 0) {
      return "a layer's time or calls are impossible";
    }
  }
  size_t written = 0;
  for (size_t i = first; i < cells.size(); i += 2) {
    const auto self_ns = static_cast<int64_t>(cells_[i]);
    const auto calls = static_cast<int64_t>(cells_[i + 1]);
    // A row at least, so that the record can be counted.
    const bool is_last = i + 2 >= cells.size();
    if (self_ns == 0 && calls == 0 && !(is_last && written == 0)) continue;
    store::Appender* rows = writer_.rows(store::Table::kExposure);
    if (rows == nullptr || !rows->next_row().ok()) return nullptr;
    const std::string_view name = cells[i].name;
    const size_t bar = name.rfind('|');
    if (workflow != 0) rows->set(0, workflow);
    rows->set(1, origin.producer.id());
    if (fixed.task != 0) rows->set(2, static_cast<int64_t>(fixed.task));
    rows->set(3, end_ns - since_ns);
    rows->set(4, end_ns);
    rows->set_text(5, model);
    rows->set_text(6, name.substr(0, bar));
    rows->set_text(7, bar == std::string_view::npos ? std::string_view() : name.substr(bar + 1));
    rows->set(8, self_ns);
    rows->set(9, calls);
    rows->set(10, repeated);
    rows->set(11, origin.ring);
    rows->set(12, origin.number);
    ++written;
    ++rows_;
  }
  return nullptr;
}

}  // namespace headrace::collect
