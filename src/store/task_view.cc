#include "store/task_view.h"

#include <algorithm>
#include <memory>

#include "store/schema.h"

namespace headrace::store {
namespace {

// What a core column is made of and which joins it needs: p producer, q the parent's producer,
// w workflow, c campaign, a activity, h thread, f the schema's fields.
struct CoreColumn {
  const char* name;
  std::string sql;
  const char* joins;
};

std::string values_sql(const char* fields) {
  return json_object_sql("t.slots", std::string("f.") + fields);
}
std::string values_or_null_sql(const char* fields) {
  return "CASE WHEN f." + std::string(fields) + " IS NOT NULL THEN " + values_sql(fields) + " END";
}

const std::vector<CoreColumn>& core_columns() {
  static const std::vector<CoreColumn> columns = {
      {"task_id", task_id_sql("p.prefix", "t.seq"), "p"},
      {"workflow_id", "w.workflow", "w"},
      {"campaign", "c.name", "wc"},
      {"activity", "a.name", "a"},
      {"parent_task_id", task_id_sql("q.prefix", "t.parent_seq"), "q"},
      {"status",
       "CASE t.status WHEN 2 THEN 'finished' WHEN 3 THEN 'failed' WHEN 1 THEN 'running' "
       "WHEN 5 THEN 'lost' WHEN 4 THEN 'cancelled' ELSE 'pending' END",
       ""},
      {"started_at", "make_timestamp_ns(t.ts)", ""},
      {"ended_at", "make_timestamp_ns(t.ts + t.dur)", ""},
      {"duration_s", "t.dur / 1e9", ""},
      {"used", "", ""},
      {"generated", "", ""},
      {"hostname", "p.hostname", "p"},
      {"pid", "p.pid", "p"},
      {"thread", "h.tid", "h"},
      {"rank", "p.rank", "p"},
      {"device", "json_extract_string(" + values_or_null_sql("attribute") + ", '$.device')", "f"},
      {"attempt", "t.attempt", ""},
      {"tags", values_or_null_sql("tag"), "f"},
      {"error", values_or_null_sql("error"), "f"},
      {"attributes", values_or_null_sql("attribute"), "f"},
  };
  return columns;
}

// A struct of values, nested by the paths of their keys.
class StructSql {
 public:
  void add(const std::vector<std::string>& path, size_t at, const std::string& value) {
    const auto same = [&](const auto& member) { return same_name(member.first, path[at]); };
    auto member = std::find_if(members_.begin(), members_.end(), same);
    if (member == members_.end()) {
      members_.emplace_back(path[at], std::make_unique<StructSql>());
      member = members_.end() - 1;
    }
    StructSql& inner = *member->second;
    if (at + 1 < path.size()) {
      if (inner.value_.empty()) inner.add(path, at + 1, value);
    } else if (inner.members_.empty() && inner.value_.empty()) {
      inner.value_ = value;
    }
  }
  std::string text() const {
    if (members_.empty()) return value_;
    std::string out = "struct_pack(";
    for (const auto& [name, inner] : members_) {
      if (out.back() != '(') out += ", ";
      out += sql_name(name) + " := " + inner->text();
    }
    return out + ")";
  }

 private:
  // Members of a DuckDB struct differ by more than case.
  static bool same_name(const std::string& a, const std::string& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
      const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
      return lower(x) == lower(y);
    });
  }
  std::vector<std::pair<std::string, std::unique_ptr<StructSql>>> members_;
  std::string value_;
};

std::string role_sql(const Registry& registry, Role role, const std::vector<TouchedKey>& keys,
                     std::set<uint16_t>* pages) {
  StructSql out;
  for (const TouchedKey& k : keys) {
    if (const std::vector<Place>* places = registry.places(role, k.key); places != nullptr) {
      for (const Place& p : *places) {
        if (p.page > 0 && p.slot != kNoSlot) pages->insert(p.page);
      }
    }
    out.add(k.path.empty() ? std::vector<std::string>{k.key} : k.path, 0,
            value_sql(registry, role, k.key));
  }
  return out.text();
}

std::string rows_sql(bool open_tasks, bool with_slots, bool with_pages) {
  std::string rows = "task_slots";
  if (open_tasks) rows = "(SELECT * FROM task_slots UNION ALL SELECT * FROM open_task)";
  if (!with_slots) return rows + " t";
  const std::string own = slot_texts_sql("r.");
  if (!with_pages) return "(SELECT r.*, " + own + " AS slots FROM " + rows + " r) t";
  return "(SELECT r.*, CASE WHEN g.slots IS NULL THEN " + own + " ELSE " + own +
         " || g.slots END AS slots FROM " + rows +
         " r LEFT JOIN (SELECT producer, seq, flatten(list(" + slot_texts_sql("") +
         " ORDER BY page)) AS slots FROM task_page GROUP BY producer, seq) g"
         " ON g.producer = r.producer AND g.seq = r.seq) t";
}

std::string joins_sql(const std::string& joins) {
  const auto has = [&joins](char c) { return joins.find(c) != std::string::npos; };
  std::string out;
  if (has('p')) out += " LEFT JOIN producer_row p ON p.producer = t.producer";
  if (has('q')) out += " LEFT JOIN producer_row q ON q.producer = t.parent_producer";
  if (has('w')) out += " LEFT JOIN workflow_row w ON w.wf = t.wf";
  if (has('c')) out += " LEFT JOIN campaign_row c ON c.campaign = w.campaign";
  if (has('a')) out += " LEFT JOIN activity_row a ON a.activity = t.activity";
  if (has('h')) {
    out += " LEFT JOIN thread_row h ON h.producer = t.producer AND h.ring = (t.seq >> 40)";
  }
  if (has('f')) out += " LEFT JOIN (" + role_fields_sql() + ") f ON f.schema = t.schema";
  return out;
}

}  // namespace

const std::vector<std::string>& task_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const CoreColumn& c : core_columns()) {
      const std::string name = c.name;
      if (name != "used" && name != "generated") out.push_back(name);
    }
    return out;
  }();
  return names;
}

std::string task_view_sql(const Registry& registry, const TaskView& view) {
  std::set<uint16_t> pages;
  const std::string used = role_sql(registry, Role::kUsed, view.used, &pages);
  const std::string generated = role_sql(registry, Role::kGenerated, view.generated, &pages);
  std::string select;
  std::string joins;
  for (const CoreColumn& c : core_columns()) {
    const std::string name = c.name;
    std::string sql = c.sql;
    if (name == "used" || name == "generated") {
      const bool json = name == "used" ? view.used_json : view.generated_json;
      sql = json ? values_sql(c.name) : name == "used" ? used : generated;
      if (json) joins += 'f';
      if (sql.empty()) continue;
    } else if (!view.columns.empty() && !view.columns.contains(name)) {
      continue;
    }
    joins += c.joins;
    select += (select.empty() ? "" : ", ") + sql + " AS " + sql_name(name);
  }
  if (select.empty()) select = "t.status";
  const bool slots = joins.find('f') != std::string::npos;
  std::string out = std::string("CREATE OR REPLACE ") + (view.temporary ? "TEMP " : "") + "VIEW " +
                    sql_name(view.name) + " AS SELECT " + select + " FROM " +
                    rows_sql(registry.has_open_tasks(), slots, registry.has_pages()) +
                    joins_sql(joins);
  for (const uint16_t page : pages) {
    const std::string p = "p" + std::to_string(page);
    out += " LEFT JOIN task_page " + p + " ON " + p + ".producer = t.producer AND " + p +
           ".seq = t.seq AND " + p + ".page = " + std::to_string(page);
  }
  return out;
}

std::string stored_task_view_sql() {
  std::string select;
  for (const CoreColumn& c : core_columns()) {
    const std::string name = c.name;
    const bool values = name == "used" || name == "generated";
    select += (select.empty() ? "" : ", ") + (values ? values_sql(c.name) : c.sql) + " AS " + name;
  }
  return "CREATE OR REPLACE VIEW task AS SELECT " + select + " FROM " + rows_sql(true, true, true) +
         joins_sql("pqwcahf");
}

}  // namespace headrace::store
