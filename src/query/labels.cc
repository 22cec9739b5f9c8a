#include "query/labels.h"

#include <algorithm>
#include <map>
#include <set>

#include "query/units.h"
#include "query/utf8.h"

namespace headrace::query {
namespace {

constexpr size_t kLongestText = 32;

// A value as a label shows it; "" for one that is no scalar.
std::string shown(const Json& value, const std::map<std::string, std::string>& objects) {
  if (const auto* b = value.as<bool>()) return *b ? "true" : "false";
  if (const auto* d = value.as<double>()) return number_text(*d);
  if (value.as<int64_t>() != nullptr || value.as<Json::BigInt>() != nullptr) return value.text();
  if (const auto* s = value.as<std::string>()) {
    const std::string text = terminal_text(*s);
    if (text.size() <= kLongestText) return text;
    size_t end = kLongestText;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
  }
  const auto* map = value.as<Json::Map>();
  if (map == nullptr || map->size() != 1) return "";
  // What JSON has no word for: {"$float": "nan"}, {"$path": "/a/b"}.
  const auto& [name, inner] = map->front();
  if (name == "$object") {
    const auto object = objects.find(inner.text());
    return object == objects.end() ? "" : object->second;
  }
  return name.starts_with('$') && inner.as<std::string>() != nullptr ? shown(inner, objects) : "";
}

// A key whose values differ, with its text for each map.
struct Column {
  std::string key;
  std::vector<std::string> texts;
  bool objects = false;
};

// Whether the same rows are equal in both.
bool tell_the_same(const Column& a, const Column& b) {
  std::map<std::string, std::string> there;
  std::map<std::string, std::string> back;
  for (size_t i = 0; i < a.texts.size(); ++i) {
    if (there.emplace(a.texts[i], b.texts[i]).first->second != b.texts[i]) return false;
    if (back.emplace(b.texts[i], a.texts[i]).first->second != a.texts[i]) return false;
  }
  return true;
}

}  // namespace

std::vector<std::string> differing_labels(
    const std::vector<Json>& maps,
    const std::vector<std::pair<std::string, std::string>>& object_names, size_t complete) {
  const std::map<std::string, std::string> objects(object_names.begin(), object_names.end());
  std::vector<std::string> keys;
  for (const Json& map : maps) {
    const auto* members = map.as<Json::Map>();
    if (members == nullptr) continue;
    for (const auto& [key, value] : *members) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  }
  std::vector<Column> columns;
  for (const std::string& key : keys) {
    std::set<std::string> distinct;
    Column column{key, {}};
    for (const Json& map : maps) {
      column.objects |= !map[key]["$object"].is_null();
      column.texts.push_back(shown(map[key], objects));
      const std::string& text = column.texts.back();
      if (!text.empty() || column.texts.size() <= complete) distinct.insert(text);
    }
    if (distinct.size() > 1) columns.push_back(std::move(column));
  }
  std::vector<std::string> labels(maps.size());
  for (const Column& column : columns) {
    const auto as_plain = [&column](const Column& other) {
      return !other.objects && tell_the_same(column, other);
    };
    if (column.objects && std::any_of(columns.begin(), columns.end(), as_plain)) continue;
    for (size_t i = 0; i < maps.size(); ++i) {
      if (column.texts[i].empty()) continue;
      labels[i] += (labels[i].empty() ? "" : " ") + column.key + "=" + column.texts[i];
    }
  }
  return labels;
}

}  // namespace headrace::query
