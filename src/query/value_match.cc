#include "query/value_match.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include "model/value.h"
#include "query/task_rows.h"
#include "store/registry.h"
#include "store/schema.h"

namespace headrace::query {
namespace {

constexpr size_t kLeastText = 8;
constexpr size_t kLeastDigits = 6;

struct Value {
  Uuid task;
  int64_t began_ns = 0;
  int64_t ended_ns = 0;
  std::string key;
  std::string text;
  ValueTag type = ValueTag::kNull;
};

// Names of all columns that values stand in: 32 slots, and those that belong to one key each.
std::vector<std::string> value_columns(const store::Registry& registry) {
  std::vector<std::string> names;
  const auto all = store::kSlotsPerPage + static_cast<int>(registry.exclusive_columns().size());
  for (int slot = 0; slot < all; ++slot) names.push_back(store::slot_name(slot));
  return names;
}

// The values of one role of the tasks that meet a condition on `t`.
Result<std::vector<Value>> values_of(const store::Connection& connection,
                                     const std::vector<std::string>& columns, const TaskRows& ids,
                                     Role role, const std::string& condition) {
  std::string own;
  std::string page;  // has only the slots
  std::string texts;
  for (size_t i = 0; i < columns.size(); ++i) {
    own += ", " + columns[i];
    page += i < store::kSlotsPerPage ? ", p." + columns[i] : ", NULL";
    texts += (i == 0 ? "[t." : ", t.") + columns[i] + "::VARCHAR";
  }
  std::string rows_sql;
  for (const char* table : {"task_slots", "open_task"}) {
    rows_sql += std::string(rows_sql.empty() ? "" : " UNION ALL ") +
                "SELECT producer, seq, schema" + own + ", ts, dur, 0 AS page FROM " + table;
  }
  rows_sql += " UNION ALL SELECT p.producer, p.seq, p.schema" + page +
              ", o.ts, o.dur, p.page FROM task_page p JOIN task_slots o ON o.producer = p.producer "
              "AND o.seq = p.seq";
  Result<store::QueryResult> rows = connection.query(
      "SELECT t.producer, t.seq, t.ts, coalesce(t.ts + t.dur, 9223372036854775807), f.key, "
      "f.type, " +
      texts + "][f.slot + 1] FROM (" + rows_sql +
      ") t JOIN field f ON f.schema = t.schema AND f.page = t.page AND f.role = " +
      std::to_string(static_cast<int>(role)) + " AND f.type IN (2, 3, 4) WHERE " + condition);
  if (!rows.ok()) return rows.status();
  std::vector<Value> out;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t row = 0; row < c.rows(); ++row) {
      const auto type = static_cast<ValueTag>(c.integer(5, row));
      std::string text(c.text(6, row));
      if (c.is_null(6, row) || !is_telling(text, type != ValueTag::kString)) continue;
      out.push_back({ids.id(c.integer(0, row), c.integer(1, row)), c.integer(2, row),
                     c.integer(3, row), std::string(c.text(4, row)), std::move(text), type});
    }
  }
  return out;
}

// SQL that is true where a column has one of the values.
std::string holds_one(const std::vector<std::string>& columns, const std::vector<Value>& values) {
  std::set<std::string> texts;
  for (const Value& v : values) texts.insert(v.text);
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + store::sql_text(text);
  std::string out;
  for (const std::string& column : columns) {
    if (column[0] == 'b') continue;  // bools tell nothing
    out += (out.empty() ? "(t." : " OR t.") + column + "::VARCHAR IN (" + list + ")";
  }
  return out + ")";
}

}  // namespace

bool is_telling(const std::string& text, bool is_number) {
  if (!is_number) return text.size() >= kLeastText;
  size_t digits = 0;
  bool leading = true;
  for (const char c : text) {
    if (c == 'e' || c == 'E') break;
    if (c < '0' || c > '9') continue;
    leading = leading && c == '0';
    digits += leading ? 0 : 1;
  }
  // 1000000 is round: its zeros tell nothing.
  const size_t end = text.find_last_not_of("0.");
  if (text.find_first_of(".eE") == std::string::npos && end != std::string::npos) {
    digits -= std::min(digits, text.size() - end - 1);
  }
  return digits >= kLeastDigits;
}

Result<std::vector<ValueMatch>> match_values(const Session& session, const std::vector<Uuid>& tasks,
                                             bool behind) {
  std::vector<ValueMatch> out;
  if (tasks.empty()) return out;
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<TaskRows> ids = TaskRows::open(*connection);
  if (!ids.ok()) return ids.status();
  const Result<store::Registry> registry = store::Registry::load(*connection);
  if (!registry.ok()) return registry.status();
  const std::vector<std::string> columns = value_columns(*registry);
  Result<std::vector<Value>> own = values_of(
      *connection, columns, *ids, behind ? Role::kUsed : Role::kGenerated, ids->are(tasks, "t"));
  if (!own.ok()) return own.status();
  if (own->empty()) return out;
  Result<std::vector<Value>> others =
      values_of(*connection, columns, *ids, behind ? Role::kGenerated : Role::kUsed,
                holds_one(columns, *own));
  if (!others.ok()) return others.status();
  std::unordered_map<std::string, std::vector<const Value*>> by_text;
  for (const Value& v : *others) by_text[v.text].push_back(&v);
  for (const Value& mine : *own) {
    const auto found = by_text.find(mine.text);
    if (found == by_text.end()) continue;
    for (const Value* other : found->second) {
      const Value& made = behind ? *other : mine;
      const Value& used = behind ? mine : *other;
      if ((made.type == ValueTag::kString) != (used.type == ValueTag::kString)) continue;
      if (made.task == used.task || made.ended_ns > used.began_ns) continue;
      out.push_back(
          {made.task, used.task, made.key == used.key ? made.key : made.key + " → " + used.key});
    }
  }
  return out;
}

}  // namespace headrace::query
