#include "query/task_texts.h"

#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "query/json.h"
#include "query/slot_json.h"
#include "store/registry.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

using store::Chunk;

// A field of a schema: what stands in front of its value and where that is.
struct Written {
  std::string head;  // "lr":
  Role role = Role::kUsed;
  ValueTag type = ValueTag::kNull;
  uint16_t page = 0;
  uint8_t slot = store::kNoSlot;
  size_t column = 0;  // of the query for the rows that it stands in
};
using Fields = std::vector<Written>;

constexpr const char* kCoreColumns =
    "t.producer, t.seq, t.parent_producer, t.parent_seq, t.wf, t.activity, t.status, t.dur, "
    "t.schema";
constexpr size_t kFirstSlot = 9;
constexpr size_t kFirstPageSlot = 4;

std::string* values_of(Role role, TaskText* task) {
  switch (role) {
    case Role::kUsed: return &task->used;
    case Role::kGenerated: return &task->generated;
    case Role::kTag: return &task->tags;
    case Role::kError: return &task->error;
    case Role::kAttribute: return &task->attributes;
  }
  return nullptr;
}

class TaskTexts {
 public:
  TaskTexts(const store::Connection& connection, const TaskRows& rows, std::string condition)
      : connection_(connection), rows_(rows), condition_(std::move(condition)) {}

  Status give_all(const std::function<void(TaskText&&)>& give) {
    HEADRACE_RETURN_IF_ERROR(read_fields());
    if (!page_slots_.empty()) HEADRACE_RETURN_IF_ERROR(read_pages());
    auto rows = connection_.query("SELECT * EXCLUDE (ts) FROM (" +
                                  tasks(kCoreColumns + columns(own_slots_, "t.") + ", t.ts") +
                                  ") ORDER BY ts, producer, seq");
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      for (size_t row = 0; row < rows->chunk().rows(); ++row) give(task(rows->chunk(), row));
    }
    return {};
  }

 private:
  using Slots = std::map<uint8_t, size_t>;  // to columns of a query

  std::string tasks(const std::string& columns) const {
    return "SELECT " + columns + " FROM task_slots t WHERE " + condition_ + " UNION ALL SELECT " +
           columns + " FROM open_task t WHERE " + condition_;
  }
  static std::string columns(const Slots& slots, const std::string& alias) {
    std::string out;
    for (const auto& [slot, column] : slots) out += ", " + alias + store::slot_name(slot);
    return out;
  }

  // Of the schemas that the tasks have: most of a large registry describes others.
  Status read_fields() {
    auto rows =
        connection_.query("SELECT schema, role, key, type, page, slot FROM field WHERE role <= " +
                          std::to_string(static_cast<int>(Role::kAttribute)) + " AND schema IN (" +
                          tasks("t.schema") + ") ORDER BY schema, position");
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      const Chunk& c = rows->chunk();
      for (size_t row = 0; row < c.rows(); ++row) {
        const std::string key(c.text(2, row));
        Written field{json_quoted(key.starts_with('$') ? "$" + key : key) + ":",
                      static_cast<Role>(c.integer(1, row)),
                      static_cast<ValueTag>(c.integer(3, row)),
                      static_cast<uint16_t>(c.integer(4, row)),
                      c.is_null(5, row) ? store::kNoSlot : static_cast<uint8_t>(c.integer(5, row))};
        if (field.slot != store::kNoSlot) (field.page > 0 ? page_slots_ : own_slots_)[field.slot];
        schemas_[c.integer(0, row)].push_back(std::move(field));
      }
    }
    number(kFirstSlot, &own_slots_);
    number(kFirstPageSlot, &page_slots_);
    for (auto& [schema, fields] : schemas_) {
      for (Written& field : fields) {
        if (field.slot == store::kNoSlot) continue;
        field.column = (field.page > 0 ? page_slots_ : own_slots_)[field.slot];
      }
    }
    return {};
  }
  static void number(size_t first, Slots* slots) {
    for (auto& [slot, column] : *slots) column = first++;
  }

  // What does not fit the first row of a task, as JSON by its field's place in the schema.
  Status read_pages() {
    auto rows = connection_.query(
        "SELECT g.producer, g.seq, g.schema, g.page % " + std::to_string(store::kAnnouncedPage) +
        columns(page_slots_, "g.") + " FROM task_page g SEMI JOIN (" + tasks("t.producer, t.seq") +
        ") t ON t.producer = g.producer AND t.seq = g.seq");
    if (!rows.ok()) return rows.status();
    while (rows->next()) {
      const Chunk& c = rows->chunk();
      for (size_t row = 0; row < c.rows(); ++row) {
        const auto found = schemas_.find(c.integer(2, row));
        if (found == schemas_.end()) continue;
        const Fields& fields = found->second;
        auto& texts = paged_[{c.integer(0, row), c.integer(1, row)}];
        texts.resize(fields.size());
        for (size_t i = 0; i < fields.size(); ++i) {
          if (fields[i].slot == store::kNoSlot || fields[i].page != c.integer(3, row)) continue;
          add_slot_json(c, fields[i].column, row, fields[i].type, &texts[i]);
        }
      }
    }
    return {};
  }

  TaskText task(const Chunk& chunk, size_t row) const {
    TaskText out;
    out.id = rows_.id(chunk.integer(0, row), chunk.integer(1, row));
    if (!chunk.is_null(3, row)) {
      out.parent = rows_.id(chunk.integer(2, row), chunk.integer(3, row));
    }
    out.workflow = static_cast<uint32_t>(chunk.integer(4, row));
    out.activity = static_cast<uint32_t>(chunk.integer(5, row));
    out.status = chunk.integer(6, row);
    if (!chunk.is_null(7, row)) out.seconds = static_cast<double>(chunk.integer(7, row)) / 1e9;
    const auto schema = schemas_.find(chunk.integer(8, row));
    if (schema != schemas_.end()) add_values(schema->second, chunk, row, &out);
    return out;
  }

  void add_values(const Fields& fields, const Chunk& chunk, size_t row, TaskText* out) const {
    const auto paged =
        paged_.empty() ? paged_.end() : paged_.find({chunk.integer(0, row), chunk.integer(1, row)});
    std::string value;
    for (size_t i = 0; i < fields.size(); ++i) {
      const Written& field = fields[i];
      value.clear();
      if (field.slot == store::kNoSlot) {
        value = "null";
      } else if (field.page == 0) {
        add_slot_json(chunk, field.column, row, field.type, &value);
      } else if (paged != paged_.end() && i < paged->second.size()) {
        value = paged->second[i];
      }
      std::string& text = *values_of(field.role, out);
      if (text.empty()) text = "{}";
      if (value.empty()) continue;
      text.pop_back();
      if (text.size() > 1) text += ',';
      text += field.head + value + '}';
    }
  }

  const store::Connection& connection_;
  const TaskRows& rows_;
  const std::string condition_;
  std::unordered_map<int64_t, Fields> schemas_;
  Slots own_slots_;
  Slots page_slots_;
  std::map<std::pair<int64_t, int64_t>, std::vector<std::string>> paged_;  // by producer, number
};

}  // namespace

Status each_task_text(const store::Connection& connection, const TaskRows& rows,
                      const std::string& condition, const std::function<void(TaskText&&)>& give) {
  return TaskTexts(connection, rows, condition).give_all(give);
}

}  // namespace headrace::query
