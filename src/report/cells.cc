#include "report/cells.h"

#include <cstdio>
#include <ctime>
#include <utility>

namespace headrace::report {
namespace {

using query::Json;

constexpr std::string_view kReference = "$object";

// The id, if the value is a reference to an object.
const std::string* reference_of(const Json& value) {
  const Json::Map* map = value.as<Json::Map>();
  if (map == nullptr || map->size() != 1 || map->front().first != kReference) return nullptr;
  return map->front().second.as<std::string>();
}

std::string name_of(const std::string& id, const ObjectNames& names) {
  const auto found = names.find(id);
  return found == names.end() ? "object " + id : found->second;
}

Json named(const Json& value, const ObjectNames& names) {
  if (const std::string* id = reference_of(value)) return name_of(*id, names);
  if (const Json::Map* map = value.as<Json::Map>()) {
    Json::Map out;
    for (const auto& [key, member] : *map) out.emplace_back(key, named(member, names));
    return out;
  }
  const Json::List* list = value.as<Json::List>();
  if (list == nullptr) return value;
  Json::List out;
  bool all_objects = true;
  for (const Json& item : *list) {
    all_objects &= reference_of(item) != nullptr;
    out.push_back(named(item, names));
  }
  if (!all_objects || out.size() <= 3) return out;
  return std::to_string(out.size()) + " objects: " + out[0].text() + ", " + out[1].text() + " …";
}

}  // namespace

query::Json integer_of(const query::Cell& cell) {
  return cell.is_null ? Json() : Json(static_cast<int64_t>(cell.real));
}

std::string instant_text(int64_t ns_since_epoch) {
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t seconds = ns_since_epoch / kSecond;
  int64_t rest = ns_since_epoch % kSecond;
  if (rest < 0) {
    rest += kSecond;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
  char out[48];
  std::snprintf(out, sizeof out, "%s.%03dZ", day, static_cast<int>(rest / 1'000'000));
  return out;
}

query::Json tag_words(const query::Cell& tags) {
  Json::List out;
  const Result<Json> parsed = Json::parse(tags.is_null ? "null" : tags.text);
  if (!parsed.ok()) return out;
  if (const Json::List* list = parsed->as<Json::List>()) {
    for (const Json& item : *list) out.emplace_back(item.text());
  } else if (const Json::Map* map = parsed->as<Json::Map>()) {
    for (const auto& [key, value] : *map) {
      const bool bare = value.is_null() || value == Json(true);
      out.emplace_back(bare ? key : key + "=" + value.text());
    }
  }
  return out;
}

std::string error_text(const query::Cell& error) {
  if (error.is_null) return {};
  const Result<Json> parsed = Json::parse(error.text);
  if (!parsed.ok()) return error.text;
  const Json::Map* map = parsed->as<Json::Map>();
  if (map == nullptr) return parsed->text();
  if (map->empty()) return {};
  std::string out = (*parsed)["type"].text();
  const Json& message = (*parsed)["message"];
  if (out == "null") out.clear();
  if (!message.is_null()) out += (out.empty() ? "" : ": ") + message.text();
  const Json& trace = (*parsed)["traceback"];
  if (!trace.is_null()) out += (out.empty() ? "" : "\n") + trace.text();
  return out.empty() ? parsed->dump() : out;
}

std::string with_object_names(std::string text, const ObjectNames& names) {
  if (text.find(kReference) == std::string::npos) return text;
  const Result<Json> parsed = Json::parse(text);
  return parsed.ok() ? named(*parsed, names).dump() : text;
}

}  // namespace headrace::report
