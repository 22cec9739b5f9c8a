#include "query/activity_rows.h"

namespace headrace::query {

Result<std::unordered_map<uint32_t, ActivityRow>> read_activities(
    const store::Connection& connection) {
  auto rows = connection.query("SELECT activity, name, facts FROM activity_row");
  if (!rows.ok()) return rows.status();
  std::unordered_map<uint32_t, ActivityRow> out;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      out[static_cast<uint32_t>(c.integer(0, row))] = {std::string(c.text(1, row)),
                                                       std::string(c.text(2, row))};
    }
  }
  return out;
}

}  // namespace headrace::query
