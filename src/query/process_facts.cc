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

// As in the view `producer` and in the names of segments.
std::string text_of(ProducerId producer) {
  char text[17];
  std::snprintf(text, sizeof text, "%015llx", static_cast<unsigned long long>(producer));
  return text;
}

}  // namespace

std::string producer_text(const std::string& task_id) {
  const std::optional<Uuid> id = Uuid::parse(task_id);
  return id ? text_of(split_task_uuid(*id).producer) : "";
}

Result<std::map<std::string, ProcessFacts>> read_processes(const Session& session,
                                                           const std::set<std::string>& task_ids) {
  std::set<ProducerId> producers;
  for (const std::string& task : task_ids) {
    if (const auto id = Uuid::parse(task)) producers.insert(split_task_uuid(*id).producer);
  }
  std::string list;
  for (const ProducerId producer : producers) {
    list += (list.empty() ? "" : ", ") + std::to_string(producer);
  }
  std::map<std::string, ProcessFacts> out;
  if (list.empty()) return out;
  const Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  auto rows = connection->query(
      "SELECT uid, facts, state FROM producer_row WHERE facts IS NOT NULL AND uid IN (" + list +
      ")");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const Result<Json> facts = Json::parse(c.text(1, row));
      if (!facts.ok()) continue;
      const Json& language = (*facts)["language"];
      out[text_of(static_cast<ProducerId>(c.integer(0, row)))] = {
          language.is_null() ? "" : language.text(), joined(*facts, "packages"),
          joined(*facts, "modules"), joined(*facts, "seeds"),
          end_of(std::string(c.text(2, row)), *facts)};
    }
  }
  return out;
}

}  // namespace headrace::query
