// Tables for people.
#include <algorithm>
#include <set>

#include "query/padded.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/write.h"

namespace headrace::query {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr size_t kIdDigits = 8;

bool to_the_right(const ResultColumn& column) { return column.is_number(); }

// At most `width` terminal columns of `text`, ending in … when it was longer.
std::string cut(const std::string& text, size_t width, bool* was_cut) {
  if (display_width(text) <= width) return text;
  *was_cut = true;
  std::string out;
  size_t used = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(1, utf8_length(std::string_view(text).substr(at)));
    const std::string_view character = std::string_view(text).substr(at, length);
    if (used + display_width(character) > width - 1) break;
    out += character;
    used += display_width(character);
    at += length;
  }
  return out + "…";
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string real_text(const ResultColumn& column, const Cell& cell) {
  if (column.unit == "s") return duration_text(cell.real);
  if (column.unit == "B") return bytes_text(cell.real);
  if (!column.unit.empty()) return si_text(cell.real, column.unit);
  if (column.kind == ColumnKind::kInteger || column.type.rfind("DECIMAL", 0) == 0) return cell.text;
  return number_text(cell.real);
}

// A map as name=value, a true value as its name alone: tags and captured values read better so.
std::string map_text(const Json::Map& map) {
  std::string out;
  for (const auto& [name, value] : map) {
    if (!out.empty()) out += ' ';
    out += name;
    const bool* flag = value.as<bool>();
    if (flag != nullptr && *flag) continue;
    out += '=';
    const auto* inner = value.as<Json::Map>();
    const bool wrapped =
        inner != nullptr && inner->size() == 1 && inner->front().first.rfind('$', 0) == 0;
    out += wrapped ? inner->front().second.text() : value.text();
  }
  return out;
}

}  // namespace

std::string shown_text(const ResultColumn& column, const Cell& cell) {
  if (cell.is_null) return "-";
  switch (column.kind) {
    case ColumnKind::kInteger:
    case ColumnKind::kReal: return real_text(column, cell);
    case ColumnKind::kTime: {
      std::string text = cell.text.substr(0, 23);  // to the millisecond
      std::replace(text.begin(), text.end(), 'T', ' ');
      return text;
    }
    case ColumnKind::kJson: {
      const Result<Json> json = Json::parse(cell.text);
      const auto* map = json.ok() ? json->as<Json::Map>() : nullptr;
      return terminal_text(map == nullptr ? cell.text : map_text(*map));
    }
    default: return terminal_text(cell.text);
  }
}

std::vector<std::string> short_ids(const std::vector<std::string>& ids) {
  const std::set<std::string> whole(ids.begin(), ids.end());
  std::set<std::string> heads;
  for (const std::string& id : whole) heads.insert(id.substr(0, kIdDigits));
  std::vector<std::string> out;
  if (heads.size() == whole.size()) {
    for (const std::string& id : ids) out.push_back(id.substr(0, kIdDigits));
    return out;
  }
  for (size_t tail = 4; tail <= 12; ++tail) {
    std::set<std::string> forms;
    for (const std::string& id : whole) {
      if (id.size() < kIdDigits + tail) return ids;
      forms.insert(id.substr(0, kIdDigits) + id.substr(id.size() - tail));
    }
    if (forms.size() != whole.size()) continue;
    for (const std::string& id : ids) {
      out.push_back(id.empty() ? id : id.substr(0, kIdDigits) + ".." + id.substr(id.size() - tail));
    }
    return out;
  }
  return ids;
}

Result<Written> write_table(ResultTable& table, const TableStyle& style, const Sink& sink) {
  Written written;
  const size_t count = table.columns().size();
  std::vector<std::vector<std::string>> cells(count);
  std::vector<std::vector<bool>> nulls(count);
  for (;;) {
    Result<bool> more = table.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    written.rows += table.rows();
    for (size_t row = 0; row < table.rows(); ++row) {
      if (style.limit != 0 && written.shown == style.limit) break;
      ++written.shown;
      for (size_t i = 0; i < count; ++i) {
        const Cell cell = table.cell(i, row);
        cells[i].push_back(shown_text(table.columns()[i], cell));
        nulls[i].push_back(cell.is_null);
      }
    }
  }
  std::vector<size_t> widths(count);
  for (size_t i = 0; i < count; ++i) {
    if (table.columns()[i].kind == ColumnKind::kId) {
      std::vector<std::string> ids;
      for (size_t row = 0; row < cells[i].size(); ++row) {
        if (!nulls[i][row]) ids.push_back(cells[i][row]);
      }
      const std::vector<std::string> shortened = short_ids(ids);
      size_t next = 0;
      for (size_t row = 0; row < cells[i].size(); ++row) {
        if (!nulls[i][row]) cells[i][row] = shortened[next++];
      }
    }
    widths[i] = display_width(table.columns()[i].name);
    for (std::string& text : cells[i]) {
      text = cut(text, style.widest_cell, &written.cut_cells);
      widths[i] = std::max(widths[i], display_width(text));
    }
  }
  std::string line;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) line += "  ";
    line +=
        padded(terminal_text(table.columns()[i].name), widths[i], to_the_right(table.columns()[i]));
  }
  line = trimmed(line);
  if (style.color) line = std::string(kBold) + line + std::string(kPlain);
  HEADRACE_RETURN_IF_ERROR(sink(line + "\n"));
  for (size_t row = 0; row < written.shown; ++row) {
    line.clear();
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) line += "  ";
      line += padded(cells[i][row], widths[i], to_the_right(table.columns()[i]));
    }
    HEADRACE_RETURN_IF_ERROR(sink(trimmed(line) + "\n"));
  }
  return written;
}

}  // namespace headrace::query
