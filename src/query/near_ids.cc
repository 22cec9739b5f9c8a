#include "query/near_ids.h"

#include "store/database.h"

namespace headrace::query {
namespace {

constexpr size_t kLeastDigits = 6;
constexpr size_t kDigitsOfTwoMistakes = 12;

}  // namespace

std::vector<std::string> near_ids(const Session& session, const std::string& text,
                                  const std::vector<ThingKind>& kinds) {
  std::vector<std::string> out;
  if (text.size() < kLeastDigits || text.size() > 36 || !looks_like_id(text) ||
      text.find("..") != std::string::npos) {
    return out;
  }
  const std::string digits = std::to_string(text.size());
  const std::string mistakes = text.size() < kDigitsOfTwoMistakes ? "1" : "2";
  for (const ThingKind kind : kinds) {
    const std::string view(name_of(kind));
    const auto rows =
        session.rows("SELECT id FROM (SELECT id, hamming(left(id, " + digits + "), lower(" +
                     store::sql_text(text) + ")) AS mistakes FROM (SELECT " + view +
                     "_id::VARCHAR AS id FROM " + view + ")) WHERE mistakes <= " + mistakes +
                     " QUALIFY mistakes = min(mistakes) OVER () ORDER BY id LIMIT 3");
    if (!rows.ok()) continue;
    for (const auto& row : *rows) {
      if (out.size() < 3) out.push_back(row[0].text);
    }
  }
  return out;
}

}  // namespace headrace::query
