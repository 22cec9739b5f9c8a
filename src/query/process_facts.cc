#include "query/process_facts.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "base/id.h"

namespace headrace::query {
namespace {

// A fact that was too long for one record stands in NAME, NAME.1, NAME.2, ...
Json joined(const Json& facts, const std::string& name) {
  Json::Map all;
  for (int piece = 0;; ++piece) {
    const Json& text = facts[piece == 0 ? name : name + "." + std::to_string(piece)];
    if (text.as<std::string>() == nullptr) break;
    Result<Json> part = Json::parse(*text.as<std::string>());
    if (!part.ok() || part->as<Json::Map>() == nullptr) break;
    for (auto& member : *part->as<Json::Map>()) all.push_back(std::move(member));
  }
  return all.empty() ? Json() : Json(std::move(all));
}

std::string end_of(const std::string& state, const Json& facts) {
  if (state != "lost") return "";
  const Json& by = facts["ended_by"];
  return "ended abruptly" + (by.is_null() ? std::string() : " (" + by.text() + ")");
}

}  // namespace

std::string producer_text(const std::string& task_id) {
  const std::optional<Uuid> id = Uuid::parse(task_id);
  if (!id) return "";
  char text[17];
  std::snprintf(text, sizeof text, "%015llx",
                static_cast<unsigned long long>(split_task_uuid(*id).producer));
  return text;
}

Result<std::map<std::string, ProcessFacts>> read_processes(const Session& session,
                                                           const std::set<std::string>& task_ids) {
  std::set<std::string> producers;
  for (const std::string& id : task_ids) producers.insert(producer_text(id));
  std::string list;
  for (const std::string& producer : producers) {
    list += (list.empty() ? "'" : ", '") + producer + "'";
  }
  std::map<std::string, ProcessFacts> out;
  if (list.empty()) return out;
  const auto rows =
      session.rows("SELECT producer, facts, state FROM producer WHERE producer IN (" + list + ")");
  if (!rows.ok()) return rows.status();
  for (const auto& row : *rows) {
    const Result<Json> facts = Json::parse(row[1].text);
    if (!facts.ok()) continue;
    const Json& language = (*facts)["language"];
    out[row[0].text] = {language.is_null() ? "" : language.text(), joined(*facts, "packages"),
                        joined(*facts, "modules"), joined(*facts, "seeds"),
                        end_of(row[2].text, *facts)};
  }
  return out;
}

}  // namespace headrace::query
