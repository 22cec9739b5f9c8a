#include "query/task_texts.h"

#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "query/json.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

// A field of a schema: what stands in front of its value, and in which column of the result it is.
struct Written {
  std::string head;  // "lr":
  ValueTag type = ValueTag::kNull;
  size_t column = 0;
  bool generated = false;
};

bool is_plain(ValueTag type) {
  return type == ValueTag::kNull || type == ValueTag::kBool || type == ValueTag::kInt ||
         type == ValueTag::kFloat || type == ValueTag::kString || type == ValueTag::kObject;
}

void add_real(double value, std::string* out) {
  if (!std::isfinite(value)) {
    *out += std::isnan(value) ? "{\"$float\":\"nan\"}"
            : value > 0       ? "{\"$float\":\"inf\"}"
                              : "{\"$float\":\"-inf\"}";
    return;
  }
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  const std::string_view digits(text, static_cast<size_t>(end - text));
  *out += digits;
  if (digits.find_first_of(".e") == std::string_view::npos) *out += ".0";
}

void add_value(const store::Chunk& chunk, size_t row, const Written& field, std::string* out) {
  if (field.type == ValueTag::kNull || chunk.is_null(field.column, row)) {
    *out += "null";
    return;
  }
  switch (field.type) {
    case ValueTag::kBool: *out += chunk.boolean(field.column, row) ? "true" : "false"; return;
    case ValueTag::kInt: *out += std::to_string(chunk.integer(field.column, row)); return;
    case ValueTag::kFloat: add_real(chunk.real(field.column, row), out); return;
    case ValueTag::kObject:
      *out += "{\"$object\":" + json_quoted(chunk.text(field.column, row)) + "}";
      return;
    default: *out += json_quoted(chunk.text(field.column, row)); return;
  }
}

constexpr size_t kCoreColumns = 9;

}  // namespace

Result<bool> each_task_text(const store::Connection& connection, const std::string& condition,
                            const std::function<void(TaskText&&)>& give) {
  const auto registry = store::Registry::load(connection);
  if (!registry.ok()) return registry.status();
  const auto from = [&](const std::string& columns, const std::string& tail) {
    std::string sql = "SELECT " + columns + " FROM task_slots t WHERE " + condition;
    if (registry->has_open_tasks()) {
      sql += " UNION ALL SELECT " + columns + " FROM open_task t WHERE " + condition;
    }
    return sql + tail;
  };
  auto used_schemas = connection.query("SELECT DISTINCT schema FROM (" + from("schema", "") + ")");
  if (!used_schemas.ok()) return used_schemas.status();
  std::vector<std::vector<Written>> schemas(registry->schemas().size() + 1);
  std::map<uint8_t, size_t> columns;  // by slot
  while (used_schemas->next()) {
    const store::Chunk& chunk = used_schemas->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      const auto id = static_cast<size_t>(chunk.integer(0, i));
      if (id == 0 || id >= schemas.size()) continue;
      for (const store::Field& field : registry->schemas()[id - 1].fields) {
        if (field.role != Role::kUsed && field.role != Role::kGenerated) continue;
        const bool has_slot = field.slot != store::kNoSlot;
        if (!is_plain(field.type) || (has_slot && field.page > 0)) return false;
        const size_t column =
            has_slot ? columns.try_emplace(field.slot, kCoreColumns + columns.size()).first->second
                     : 0;
        const std::string key = field.key.starts_with('$') ? "$" + field.key : field.key;
        schemas[id].push_back({json_quoted(key) + ":", has_slot ? field.type : ValueTag::kNull,
                               column, field.role == Role::kGenerated});
      }
    }
  }
  std::vector<std::string> slots(columns.size());
  for (const auto& [slot, column] : columns) {
    slots[column - kCoreColumns] = ", t." + store::slot_name(slot);
  }
  std::string list =
      "t.producer, t.seq, t.parent_producer, t.parent_seq, t.wf, t.activity, t.status, t.dur, "
      "t.schema";
  for (const std::string& slot : slots) list += slot;
  auto producers = connection.query("SELECT producer, uid FROM producer_row");
  if (!producers.ok()) return producers.status();
  std::unordered_map<int64_t, ProducerId> uids;
  while (producers->next()) {
    const store::Chunk& chunk = producers->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      uids[chunk.integer(0, i)] = static_cast<ProducerId>(chunk.integer(1, i));
    }
  }
  auto rows = connection.query("SELECT * EXCLUDE (ts) FROM (" + from(list + ", t.ts", "") +
                               ") ORDER BY ts, producer, seq");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& chunk = rows->chunk();
    for (size_t i = 0; i < chunk.rows(); ++i) {
      TaskText task;
      task.id = task_uuid(uids[chunk.integer(0, i)], static_cast<TaskNumber>(chunk.integer(1, i)));
      if (!chunk.is_null(3, i)) {
        task.parent =
            task_uuid(uids[chunk.integer(2, i)], static_cast<TaskNumber>(chunk.integer(3, i)));
      }
      task.workflow = static_cast<uint32_t>(chunk.integer(4, i));
      task.activity = static_cast<uint32_t>(chunk.integer(5, i));
      task.status = chunk.integer(6, i);
      if (!chunk.is_null(7, i)) task.seconds = static_cast<double>(chunk.integer(7, i)) / 1e9;
      task.used = "{";
      task.generated = "{";
      const auto schema = static_cast<size_t>(chunk.integer(8, i));
      if (schema < schemas.size()) {
        for (const Written& field : schemas[schema]) {
          std::string& text = field.generated ? task.generated : task.used;
          if (text.size() > 1) text += ',';
          text += field.head;
          add_value(chunk, i, field, &text);
        }
      }
      task.used += '}';
      task.generated += '}';
      give(std::move(task));
    }
  }
  return true;
}

}  // namespace headrace::query
