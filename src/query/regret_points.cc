#include "query/regret_points.h"

#include <set>
#include <unordered_map>

#include "query/json_number.h"
#include "store/task_view.h"

namespace headrace::query {
namespace {

using store::sql_text;

struct OwnerHash {
  size_t operator()(const OwnerKey& key) const {
    uint64_t h = static_cast<uint64_t>(key.seq) * 0x9E3779B97F4A7C15ULL;
    h ^= (static_cast<uint64_t>(key.producer) << 32 | key.workflow) * 0xC2B2AE3D27D4EB4FULL;
    return static_cast<size_t>(h ^ h >> 29);
  }
};

class Collected {
 public:
  void add(const OwnerKey& owner, int64_t time_ns, double value) {
    // Points of one run mostly follow each other.
    if (points_.owners.empty() || points_.owners[last_] != owner) {
      const auto [found, is_new] =
          places_.try_emplace(owner, static_cast<uint32_t>(points_.owners.size()));
      if (is_new) points_.owners.push_back(owner);
      last_ = found->second;
    }
    points_.owner.push_back(last_);
    points_.time_ns.push_back(time_ns);
    points_.values.push_back(value);
  }
  Points take() { return std::move(points_); }

 private:
  Points points_;
  std::unordered_map<OwnerKey, uint32_t, OwnerHash> places_;
  uint32_t last_ = 0;
};

// Of a column of this very type.
template <typename T>
const T* cells_of(const store::Chunk& chunk, size_t column) {
  return static_cast<const T*>(duckdb_vector_get_data(chunk.vector(column)));
}

std::string_view text_of(duckdb_string_t* text) {
  return {duckdb_string_t_data(text), duckdb_string_t_length(*text)};
}

void numbers(duckdb_function_info /*info*/, duckdb_data_chunk input, duckdb_vector output) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  auto* texts =
      static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  auto* keys =
      static_cast<duckdb_string_t*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 1)));
  auto* validity = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(input, 0));
  auto* out = static_cast<double*>(duckdb_vector_get_data(output));
  if (rows == 0) return;
  const JsonNumber number(text_of(&keys[0]));  // a query asks for one key
  for (idx_t row = 0; row < rows; ++row) {
    std::optional<double> value;
    if (validity == nullptr || duckdb_validity_row_is_valid(validity, row)) {
      value = number.in(text_of(&texts[row]));
    }
    if (value) {
      out[row] = *value;
      continue;
    }
    duckdb_vector_ensure_validity_writable(output);
    duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
  }
}

// headrace_number(json, key): JsonNumber as an SQL function.
void register_number_function(const store::Connection& connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "headrace_number");
  duckdb_logical_type text = duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
  duckdb_scalar_function_add_parameter(function, text);
  duckdb_scalar_function_add_parameter(function, text);
  duckdb_destroy_logical_type(&text);
  duckdb_logical_type real = duckdb_create_logical_type(DUCKDB_TYPE_DOUBLE);
  duckdb_scalar_function_set_return_type(function, real);
  duckdb_destroy_logical_type(&real);
  duckdb_scalar_function_set_function(function, numbers);
  duckdb_scalar_function_set_special_handling(function);  // it sees NULLs, and may give one
  // Fails where a question before this one has done so already.
  static_cast<void>(duckdb_register_scalar_function(connection.handle(), function));
  duckdb_destroy_scalar_function(&function);
}

}  // namespace

Result<Points> logged_points(const Session& session, const CampaignName& campaign,
                             const std::string& key) {
  const Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  register_number_function(*connection);
  // The number is taken out where the rows are read, by as many threads as DuckDB has. Rows without
  // one are left out here: a condition in the query would compute it a second time.
  auto rows = connection->query(
      "SELECT wf::BIGINT, producer::BIGINT, seq::BIGINT, ts::BIGINT, headrace_number(\"values\", " +
      sql_text(key) + ") FROM log_row WHERE stream = 0 AND wf IN " + workflows_sql(campaign));
  if (!rows.ok()) return rows.status();
  Collected out;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    const auto* workflows = cells_of<int64_t>(chunk, 0);
    const auto* producers = cells_of<int64_t>(chunk, 1);
    const auto* seqs = cells_of<int64_t>(chunk, 2);
    const auto* times_ns = cells_of<int64_t>(chunk, 3);
    const auto* values = cells_of<double>(chunk, 4);
    for (size_t i = 0; i < chunk.rows(); ++i) {
      if (chunk.is_null(4, i)) continue;
      OwnerKey owner{0, static_cast<uint32_t>(workflows[i]), 0};
      if (!chunk.is_null(2, i)) {
        owner.producer = static_cast<uint32_t>(producers[i]);
        owner.seq = seqs[i];
      }
      out.add(owner, times_ns[i], values[i]);
    }
  }
  return out.take();
}

Result<Points> generated_points(const Session& session, const CampaignName& campaign,
                                const std::string& key) {
  const Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  const Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  const std::vector<store::Place>* places = registry->places(Role::kGenerated, key);
  if (places == nullptr) return Points();
  std::string from = "task_slots t";
  std::set<uint16_t> pages;
  for (const store::Place& place : *places) {
    if (place.page > 0 && place.slot != store::kNoSlot) pages.insert(place.page);
  }
  for (const uint16_t page : pages) {
    const std::string p = "p" + std::to_string(page);
    from += " LEFT JOIN task_page " + p + " ON " + p + ".producer = t.producer AND " + p +
            ".seq = t.seq AND " + p + ".page = " + std::to_string(page);
  }
  auto rows = connection->query(
      "SELECT wf, producer, seq, time, value FROM (SELECT t.wf, t.producer, t.seq, t.ts + t.dur AS "
      "time, TRY_CAST(" +
      store::value_sql(*registry, Role::kGenerated, key) + " AS DOUBLE) AS value FROM " + from +
      " WHERE t.wf IN " + workflows_sql(campaign) +
      ") WHERE value IS NOT NULL AND time IS NOT NULL");
  if (!rows.ok()) return rows.status();
  Collected out;
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      out.add({static_cast<uint32_t>(chunk.integer(1, i)),
               static_cast<uint32_t>(chunk.integer(0, i)), chunk.integer(2, i)},
              chunk.integer(3, i), chunk.real(4, i));
    }
  }
  return out.take();
}

}  // namespace headrace::query
