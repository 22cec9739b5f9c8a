// A description for a person: names in a column, values with units, lists of maps as tables.
#include <algorithm>
#include <set>

#include "query/describe.h"
#include "query/padded.h"
#include "query/scalar.h"
#include "query/units.h"
#include "query/utf8.h"
#include "query/write.h"

namespace headrace::query {
namespace {

constexpr size_t kWidest = 100;
constexpr size_t kWidestCell = 72;

// The unit that a name says: duration_s, energy_j, size_bytes.
std::string with_unit(const std::string& name, double value) {
  if (name.ends_with("_s") || name == "seconds") return duration_text(value);
  if (name.ends_with("_j") || name.ends_with("joules")) return si_text(value, "J");
  if (name.ends_with("_bytes")) return bytes_text(value);
  return number_text(value);
}

std::string scalar_text(const std::string& name, const Json& value) {
  if (value.is_null()) return "-";
  if (const auto number = value.number(); number && value.as<bool>() == nullptr) {
    const bool counted = value.as<int64_t>() != nullptr && !name.ends_with("_bytes") &&
                         !name.ends_with("_s") && !name.ends_with("_j");
    return counted ? value.text() : with_unit(name, *number);
  }
  if (name.ends_with("_at") && value.as<std::string>() != nullptr) {
    std::string text = value.text().substr(0, 23);
    std::replace(text.begin(), text.end(), 'T', ' ');
    return text;
  }
  return terminal_text(value.text());
}

bool is_table(const Json& value) {
  const auto* list = value.as<Json::List>();
  if (list == nullptr || list->empty()) return false;
  return std::all_of(list->begin(), list->end(), [](const Json& row) {
    const auto* map = row.as<Json::Map>();
    return map != nullptr && std::all_of(map->begin(), map->end(),
                                         [](const auto& cell) { return is_scalar(cell.second); });
  });
}

std::vector<std::string> column_names(const Json::List& rows) {
  std::vector<std::string> names;
  for (const Json& row : rows) {
    for (const auto& [name, value] : *row.as<Json::Map>()) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

void table_text(const Json::List& rows, const std::string& indent, std::string* out) {
  const std::vector<std::string> names = column_names(rows);
  std::vector<std::vector<std::string>> columns;
  std::vector<bool> right;
  std::string below;  // what is too long for a table, each text once
  for (const std::string& name : names) {
    const std::string shown = terminal_text(name);
    std::vector<std::string> cells;
    bool number = true;
    for (const Json& row : rows) {
      const Json& value = row[name];
      cells.push_back(scalar_text(name, value));
      number &= value.is_null() || value.is_number();
    }
    if (std::any_of(cells.begin(), cells.end(),
                    [](const auto& c) { return c.size() > kWidestCell; })) {
      std::set<std::string> told;
      for (const std::string& cell : cells) {
        if (cell != "-" && told.insert(cell).second) below += indent + shown + ": " + cell + "\n";
      }
      continue;
    }
    if (name == "id" || name.ends_with("_id") || name == "sha256") cells = short_ids(cells);
    cells.insert(cells.begin(), shown);
    columns.push_back(std::move(cells));
    right.push_back(number);
  }
  for (size_t line = 0; line <= rows.size(); ++line) {
    std::string text = indent;
    for (size_t i = 0; i < columns.size(); ++i) {
      size_t width = 0;
      for (const std::string& cell : columns[i]) width = std::max(width, display_width(cell));
      text += (i > 0 ? "  " : "") + padded(columns[i][line], width, right[i]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    *out += text + "\n";
  }
  *out += below;
}

// What a program printed, as it printed it but for escape sequences.
void block_text(const std::string& text, const std::string& indent, std::string* out) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    *out += indent + terminal_text(text.substr(at, end - at)) + "\n";
    at = end + 1;
  }
}

// A scalar that JSON has no type for stands in a map of one: {"$object": id}, {"$float": "nan"}.
bool is_wrapped(const Json& value) {
  const auto* map = value.as<Json::Map>();
  return map != nullptr && map->size() == 1 && map->front().first.rfind('$', 0) == 0 &&
         is_scalar(map->front().second);
}

void map_text(const Json::Map& map, const std::string& indent, std::string* out) {
  size_t widest = 0;
  for (const auto& [name, value] : map) {
    if (is_scalar(value) || is_wrapped(value)) {
      widest = std::max(widest, display_width(terminal_text(name)));
    }
  }
  for (const auto& [name, value] : map) {
    const std::string shown = terminal_text(name);
    if (is_scalar(value)) {
      const auto* text = value.as<std::string>();
      if (text != nullptr && text->find('\n') != std::string::npos) {
        *out += indent + shown + "\n";
        block_text(*text, indent + "  ", out);
      } else {
        *out += indent + padded(shown, widest) + "  " + scalar_text(name, value) + "\n";
      }
    } else if (is_table(value)) {
      *out += indent + shown + "\n";
      table_text(*value.as<Json::List>(), indent + "  ", out);
    } else if (is_wrapped(value)) {
      const Json& inner = value.as<Json::Map>()->front().second;
      *out += indent + padded(shown, widest) + "  " + scalar_text("", inner) + "\n";
    } else if (const auto* inner = value.as<Json::Map>()) {
      *out += indent + shown + "\n";
      map_text(*inner, indent + "  ", out);
    } else {
      std::string text = value.dump();
      if (text.size() > kWidest) text = text.substr(0, kWidest) + "…";
      *out += indent + shown + "  " + terminal_text(text) + "\n";
    }
  }
}

}  // namespace

std::string description_text(const Json& description) {
  std::string out;
  if (const auto* map = description.as<Json::Map>()) map_text(*map, "", &out);
  return out;
}

}  // namespace headrace::query
