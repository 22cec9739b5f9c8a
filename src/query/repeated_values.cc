#include "query/repeated_values.h"

#include <set>

#include "store/schema.h"

namespace headrace::query {
namespace {

using store::slot_name;

bool is_value(const store::Field& field) {
  return field.role == Role::kUsed || field.role == Role::kGenerated;
}

std::string other_name(int slot) { return "other_" + std::to_string(slot); }

// What stands in the columns of the first page: captured values, and tags, errors and attributes,
// which do not count here.
struct Columns {
  std::set<int> values;
  std::set<int> others;
};

Columns columns_of(const store::Registry& registry) {
  Columns out;
  for (const store::Schema& schema : registry.schemas()) {
    for (const store::Field& field : schema.fields) {
      if (field.page > 0 || field.slot == store::kNoSlot) continue;
      (is_value(field) ? out.values : out.others).insert(field.slot);
    }
  }
  return out;
}

// The schemas with used and generated values. Schemas of one shape name the same keys with the same
// types in the same order, so that their tasks' values may be equal; `comparable` where all of them
// keep these in the same columns too.
std::string shapes_sql(const Columns& columns) {
  std::string others;
  std::string names;
  for (const int slot : columns.others) {
    if (!columns.values.contains(slot)) continue;
    others += ", bool_or(role > 1 AND page = 0 AND slot = " + std::to_string(slot) + ") AS " +
              other_name(slot);
    names += ", " + other_name(slot);
  }
  return "SELECT schema, dense_rank() OVER (ORDER BY keys) AS shape, min(places) OVER (PARTITION "
         "BY keys) = max(places) OVER (PARTITION BY keys) AS comparable, pages_comparable" +
         names +
         " FROM (SELECT schema, list((role, key, type) ORDER BY role, position) FILTER (role < 2) "
         "AS keys, list((page, coalesce(slot, 255)) ORDER BY role, position) FILTER (role < 2) AS "
         "places, NOT bool_or(role > 1 AND page > 0) AS pages_comparable" +
         others + " FROM field GROUP BY schema HAVING bool_or(role = 0) AND bool_or(role = 1))";
}

// A number of each task that is equal where activity and values are.
std::string prints_sql(const store::Registry& registry, const std::string& scope) {
  const Columns columns = columns_of(registry);
  std::string values = "s.shape";
  for (const int slot : columns.values) {
    const std::string column = "t." + slot_name(slot);
    values += ", " + (columns.others.contains(slot)
                          ? "CASE WHEN NOT s." + other_name(slot) + " THEN " + column + " END"
                          : column);
  }
  std::string pages;
  if (registry.has_pages()) {
    values += ", CASE WHEN s.pages_comparable THEN g.print END";
    std::string slots;
    for (int slot = 0; slot < store::kSlotsPerPage; ++slot) slots += ", " + slot_name(slot);
    pages = " LEFT JOIN (SELECT producer, seq, bit_xor(hash(page % " +
            std::to_string(store::kAnnouncedPage) + slots +
            ")) AS print FROM task_page GROUP BY producer, seq) g ON g.producer = t.producer AND "
            "g.seq = t.seq";
  }
  return "SELECT t.producer, t.seq, hash(a.same, CASE WHEN s.comparable THEN hash(" + values +
         ") ELSE s.shape END) AS print FROM task_slots t JOIN shape s ON s.schema = t.schema JOIN "
         "(SELECT activity, min(activity) OVER (PARTITION BY name) AS same FROM activity_row) a "
         "ON a.activity = t.activity" +
         pages + " WHERE t.status = 2 AND " + scope;
}

}  // namespace

std::string repeated_values_sql(const store::Registry& registry, const std::string& scope) {
  return "CREATE TEMP TABLE repeated AS WITH RECURSIVE shape AS MATERIALIZED (" +
         shapes_sql(columns_of(registry)) + "), print AS NOT MATERIALIZED (" +
         prints_sql(registry, scope) +
         "), own AS MATERIALIZED (SELECT producer, seq FROM print WHERE print IN (SELECT print "
         "FROM print GROUP BY print HAVING count(*) > 1)), "
         "task_row AS NOT MATERIALIZED (SELECT producer, seq, parent_producer, parent_seq FROM "
         "task_slots UNION ALL SELECT producer, seq, parent_producer, parent_seq FROM open_task), "
         "outward AS (FROM own UNION SELECT t.parent_producer, t.parent_seq FROM outward o JOIN "
         "task_row t ON t.producer = o.producer AND t.seq = o.seq WHERE t.parent_seq IS NOT NULL) "
         "FROM outward UNION SELECT t.producer, t.seq FROM task_row t SEMI JOIN own o ON "
         "o.producer = t.parent_producer AND o.seq = t.parent_seq";
}

}  // namespace headrace::query
