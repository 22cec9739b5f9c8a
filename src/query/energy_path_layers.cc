#include "query/energy_path_layers.h"

#include "query/answer_table.h"
#include "query/own_energy.h"
#include "store/database.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

std::string name_of_share(const std::vector<Cell>& row) {
  if (row[1].is_null) return row[2].is_null ? "outside layers" : "repeats";
  return row[0].text + (row[1].text.empty() ? "" : " " + row[1].text) + " " + row[2].text;
}

}  // namespace

Result<std::optional<LayerStep>> layer_step(const Session& session, const std::string& reach,
                                            const std::string& task, const std::string& domain) {
  const std::string in_domain = " AND o.domain = " + store::sql_text(domain);
  const auto place = session.rows(
      with_own_energy(reach) +
      "SELECT o.producer, coalesce(o.wf, 0), coalesce(o.activity, 0) FROM own_energy o JOIN "
      "producer_row p ON p.producer = o.producer WHERE " +
      store::quick_task_id_sql("p", "o.seq") + "::VARCHAR = " + store::sql_text(task) + in_domain);
  if (!place.ok()) return place.status();
  if (place->empty()) return std::optional<LayerStep>();
  const auto& at = place->front();
  const std::string same = " WHERE o.producer = " + std::to_string(whole_of(at[0])) +
                           " AND coalesce(o.wf, 0) = " + std::to_string(whole_of(at[1])) +
                           " AND coalesce(o.activity, 0) = " + std::to_string(whole_of(at[2])) +
                           in_domain;
  const auto shares = session.rows(
      "SELECT o.model, o.layer, o.phase, o.share_uj, coalesce(o.resolution, '') FROM "
      "layer_energy_row o" +
      same + " ORDER BY o.share_uj DESC, o.model, o.layer, o.phase");
  if (!shares.ok()) return shares.status();
  if (shares->empty()) return std::optional<LayerStep>();
  const auto tasks = session.rows(
      with_own_energy(reach) +
      "SELECT count(*), sum(o.uj)::BIGINT, any_value(a.name) FROM own_energy o LEFT JOIN "
      "activity_row a ON a.activity = o.activity" +
      same);
  if (!tasks.ok()) return tasks.status();
  LayerStep out;
  out.tasks = whole_of((*tasks)[0][0]);
  out.tasks_uj = whole_of((*tasks)[0][1]);
  out.activity = (*tasks)[0][2].text;
  for (const auto& row : *shares) {
    out.shares.push_back({name_of_share(row), whole_of(row[3]), row[4].text});
  }
  return std::optional(std::move(out));
}

}  // namespace headrace::query
