#include "store/task_view.h"

#include <algorithm>
#include <memory>

#include "base/ascii_case.h"
#include "store/schema.h"

namespace headrace::store {
namespace {

using TaskIdSql = std::string (*)(const std::string& producer, const std::string& number);

std::string stored_task_id_sql(const std::string& producer, const std::string& number) {
  return task_id_sql(producer + ".prefix", number);
}

// What a core column is made of and which joins it needs: p producer, q the parent's producer,
// w workflow, c campaign, a activity, h thread; j the row's values as JSON, made outside (see
// ViewSql).
struct CoreColumn {
  const char* name;
  std::string sql;
  const char* joins;
};

std::string values_sql(const std::string& fields) {
  return json_object_sql("v.slots", "v." + fields + "_fields");
}
std::string values_or_null_sql(const std::string& fields) {
  return "CASE WHEN v." + fields + "_fields IS NOT NULL THEN " + values_sql(fields) + " END";
}

std::vector<CoreColumn> core_columns(TaskIdSql task_id) {
  return {
      {"task_id", task_id("p", "t.seq"), "p"},
      {"workflow_id", "w.workflow", "w"},
      {"campaign", "c.name", "wc"},
      {"activity", "a.name", "a"},
      {"parent_task_id", task_id("q", "t.parent_seq"), "q"},
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
      {"device", "json_extract_string(" + values_or_null_sql("attribute") + ", '$.device')", "j"},
      {"attempt", "t.attempt", ""},
      {"tags", values_or_null_sql("tag"), "j"},
      {"error", values_or_null_sql("error"), "j"},
      {"attributes", values_or_null_sql("attribute"), "j"},
  };
}

// A query that gives (producer, seq, slots): the slots of a task's pages as text, one page after
// the other from the first. A task has only those pages on which something stands, so that NULLs go
// in for the others.
std::string page_texts_sql(const std::string& only) {
  const std::string past = std::to_string(kAnnouncedPage);
  return "SELECT producer, seq, CASE WHEN pages[-1] = len(pages) THEN flatten(texts) ELSE "
         "flatten(list_transform(range(1, pages[-1] + 1), lambda n: "
         "coalesce(texts[list_position(pages, n)], list_resize([NULL::VARCHAR], " +
         std::to_string(kSlotsPerPage) +
         ")))) END AS slots FROM (SELECT producer, seq, list((page % " + past +
         ")::BIGINT ORDER BY page) AS pages, list(" + slot_texts_sql("") +
         " ORDER BY page) AS texts FROM task_page" + only + " GROUP BY producer, seq)";
}

// A struct of values, nested by the paths of their keys.
class StructSql {
 public:
  void add(const std::vector<std::string>& path, size_t at, const std::string& value) {
    // Members of a DuckDB struct differ by more than case.
    const auto same = [&](const auto& member) { return same_but_for_case(member.first, path[at]); };
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

std::string is_task(const TaskRef& task) {
  return " WHERE t.seq = " + std::to_string(task.number) +
         " AND t.producer IN (SELECT producer FROM producer_row WHERE uid = " +
         std::to_string(task.producer) + ")";
}

// Whose values a column of values as JSON shows.
Role role_of(const std::string& column) {
  return column == "tags" ? Role::kTag : column == "error" ? Role::kError : Role::kAttribute;
}

// Puts a view together. Columns of values as JSON are made in a SELECT around the others, so that a
// filter on the others comes first and the slots of a row are made text once.
class ViewSql {
 public:
  void add(const std::string& name, const std::string& sql, const std::string& joins) {
    const std::string column = sql + " AS " + sql_name(name);
    const bool is_json = joins == "j";
    has_json_ = has_json_ || is_json;
    if (!is_json) inner_ += (inner_.empty() ? "" : ", ") + column;
    outer_ += (outer_.empty() ? "" : ", ") + (is_json ? column : "v." + sql_name(name));
    joins_ += joins;
  }
  void add_join(const std::string& join) {
    if (more_joins_.find(join) == std::string::npos) more_joins_ += " " + join;
  }
  struct Rows {
    bool open_tasks = true;
    bool all_pages = true;
    int exclusive_columns = 0;
    std::set<uint16_t> pages = {};  // those that a typed value stands on
    std::string where = {};
    std::string first = {};  // a condition on producer and seq of `t`, before all else
  };
  std::string text(const Rows& rows) const {
    const auto& [open_tasks, all_pages, exclusive_columns, pages, where, first] = rows;
    const std::string only = first.empty() ? "" : " t WHERE " + first;
    std::string from = "(SELECT * FROM task_slots" + only +
                       (open_tasks ? " UNION ALL SELECT * FROM open_task" + only : "") + ") t";
    if (!open_tasks && first.empty()) from = "task_slots t";
    from += joins();
    for (const uint16_t page : pages) {
      const std::string p = "p" + std::to_string(page);
      from += " LEFT JOIN task_page " + p + " ON " + p + ".producer = t.producer AND " + p +
              ".seq = t.seq AND " + p + ".page IN (" + std::to_string(page) +
              (open_tasks ? ", " + std::to_string(page + kAnnouncedPage) : "") + ")";
    }
    from += more_joins_;
    if (!has_json_) {
      return "SELECT " + (inner_.empty() ? "t.status" : inner_) + " FROM " + from + where;
    }
    const std::string own = slot_texts_sql("t.");
    std::string slots = own;
    if (all_pages) {
      slots = "CASE WHEN g.slots IS NULL THEN " + own + " ELSE " + own + " || g.slots END";
      from += " LEFT JOIN (" + page_texts_sql(only) +
              ") g ON g.producer = t.producer AND g.seq = t.seq";
    }
    if (exclusive_columns > 0) {
      slots = "list_concat(" + slots + ", " + exclusive_texts_sql("t.", exclusive_columns) + ")";
    }
    from += " LEFT JOIN (" + role_fields_sql() + ") f ON f.schema = t.schema";
    std::string fields;
    for (const char* role : {"used", "generated", "tag", "error", "attribute"}) {
      fields += std::string(", f.") + role + " AS " + role + "_fields";
    }
    return "SELECT " + outer_ + " FROM (SELECT " + (inner_.empty() ? "" : inner_ + ", ") + slots +
           " AS slots" + fields + " FROM " + from + where + ") v";
  }

 private:
  std::string joins() const {
    const auto has = [this](char c) { return joins_.find(c) != std::string::npos; };
    std::string out;
    if (has('p')) out += " LEFT JOIN producer_row p ON p.producer = t.producer";
    if (has('q')) out += " LEFT JOIN producer_row q ON q.producer = t.parent_producer";
    if (has('w')) out += " LEFT JOIN workflow_row w ON w.wf = t.wf";
    if (has('c')) out += " LEFT JOIN campaign_row c ON c.campaign = w.campaign";
    if (has('a')) out += " LEFT JOIN activity_row a ON a.activity = t.activity";
    if (has('h')) {
      out += " LEFT JOIN thread_row h ON h.producer = t.producer AND h.ring = (t.seq >> 40)";
    }
    return out;
  }
  std::string inner_;
  std::string outer_;
  std::string joins_;
  std::string more_joins_;
  bool has_json_ = false;
};

}  // namespace

const std::vector<std::string>& task_columns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const CoreColumn& c : core_columns(quick_task_id_sql)) {
      const std::string name = c.name;
      if (name != "used" && name != "generated") out.push_back(name);
    }
    return out;
  }();
  return names;
}

bool needs_keys(const TaskView& view) {
  if (view.columns.empty() || view.used_json || view.generated_json || !view.used.empty() ||
      !view.generated.empty() || !view.extra.empty()) {
    return true;
  }
  const std::vector<CoreColumn> all = core_columns(quick_task_id_sql);
  return std::any_of(all.begin(), all.end(), [&view](const CoreColumn& c) {
    return c.joins == std::string_view("j") && view.columns.contains(c.name);
  });
}

std::string task_select_sql(const Registry& registry, const TaskView& view) {
  std::set<uint16_t> pages;
  const std::string used = role_sql(registry, Role::kUsed, view.used, &pages);
  const std::string generated = role_sql(registry, Role::kGenerated, view.generated, &pages);
  ViewSql sql;
  for (const CoreColumn& c :
       core_columns(view.temporary ? quick_task_id_sql : stored_task_id_sql)) {
    const std::string name = c.name;
    if (name == "used" || name == "generated") {
      const std::string& values = name == "used" ? used : generated;
      if (name == "used" ? view.used_json : view.generated_json) {
        sql.add(name, values_sql(name), "j");
      } else if (!values.empty()) {
        sql.add(name, values, "");
      }
    } else if (view.columns.empty() || view.columns.contains(name)) {
      // What no task has needs no looking up.
      const bool none = c.joins == std::string_view("j") && registry.keys(role_of(name)).empty();
      sql.add(name, none ? (name == "device" ? "NULL::VARCHAR" : "NULL::JSON") : c.sql,
              none ? "" : c.joins);
    }
  }
  for (const ExtraColumn& column : view.extra) {
    sql.add(column.name, column.sql, "");
    pages.insert(column.pages.begin(), column.pages.end());
    if (!column.join.empty()) sql.add_join(column.join);
  }
  return sql.text({registry.has_open_tasks(), registry.has_pages(),
                   static_cast<int>(registry.exclusive_columns().size()), pages,
                   view.only ? is_task(split_task_uuid(*view.only)) : "", view.where});
}

std::string task_view_sql(const Registry& registry, const TaskView& view) {
  return std::string("CREATE OR REPLACE ") + (view.temporary ? "TEMP " : "") + "VIEW " +
         sql_name(view.name) + " AS " + task_select_sql(registry, view);
}

std::string stored_task_view_sql(int exclusive_columns) {
  ViewSql sql;
  for (const CoreColumn& c : core_columns(stored_task_id_sql)) {
    const std::string name = c.name;
    const bool values = name == "used" || name == "generated";
    sql.add(name, values ? values_sql(name) : c.sql, values ? "j" : c.joins);
  }
  return "CREATE OR REPLACE VIEW task AS " + sql.text({.exclusive_columns = exclusive_columns});
}

}  // namespace headrace::store
