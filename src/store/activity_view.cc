#include "store/activity_view.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::store {
namespace {

// Without those that cost a join and are rarely asked of one activity.
struct CoreColumn {
  const char* name;
  const char* sql;  // "" for the ids, which are computed
};
constexpr const char* kFilterColumns[] = {"producer", "seq", "activity", "schema"};
constexpr CoreColumn kCore[] = {
    {"task_id", ""},
    {"workflow_id", "w.workflow"},
    {"campaign", "c.name"},
    {"parent_task_id", ""},
    {"status",
     "CASE t.status WHEN 2 THEN 'finished' WHEN 3 THEN 'failed' WHEN 1 THEN 'running' "
     "WHEN 5 THEN 'lost' WHEN 4 THEN 'cancelled' ELSE 'pending' END"},
    {"started_at", "make_timestamp_ns(t.ts)"},
    {"ended_at", "make_timestamp_ns(t.ts + t.dur)"},
    {"duration_s", "t.dur / 1e9"},
    {"hostname", "p.hostname"},
    {"rank", "p.rank"},
    {"attempt", "t.attempt"},
};

// As DuckDB compares names.
std::string folded(std::string name) {
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return name;
}

// SQL text ends at a NUL.
std::string printable(const std::string& name) {
  std::string out;
  for (const char c : name) c == '\0' ? out += "\\0" : out += c;
  return out;
}

// `name`, or `name#2`, `name#3`, ... if that is taken; takes it.
std::string take(std::set<std::string>* taken, const std::string& name) {
  std::string out = name;
  for (int n = 2; !taken->insert(folded(out)).second; ++n) out = name + "#" + std::to_string(n);
  return out;
}

// The keys of each of some activities' names, in the order captured.
class KeysByName {
 public:
  KeysByName(const Registry& registry, const std::set<std::string>& names) {
    std::unordered_map<uint32_t, const std::string*> name_of;
    for (const Activity& a : registry.activities()) {
      if (names.contains(a.name)) name_of[a.id] = &a.name;
    }
    std::map<std::string, std::set<uint32_t>> schemas;
    for (const auto& [schema, activity] : registry.uses()) {
      const auto found = name_of.find(activity);
      if (found == name_of.end() || schema == 0 || schema > registry.schemas().size()) continue;
      schemas[*found->second].insert(schema);
    }
    for (const auto& [name, ids] : schemas) {
      for (const uint32_t id : ids) add(name, registry.schemas()[id - 1]);
    }
  }
  const std::vector<ActivityKey>& of(const std::string& name) { return keys_[name]; }

 private:
  void add(const std::string& name, const Schema& schema) {
    std::vector<ActivityKey>& keys = keys_[name];
    auto& at = index_[name];
    for (const Field& f : schema.fields) {
      const auto [found, is_new] = at.try_emplace({f.role, f.key}, keys.size());
      if (is_new) keys.push_back({f.role, f.key, {}});
      std::vector<Place>& places = keys[found->second].places;
      const auto same = [&f](const Place& p) {
        return p.type == f.type && p.page == f.page && p.slot == f.slot;
      };
      auto place = std::find_if(places.begin(), places.end(), same);
      if (place == places.end()) {
        places.push_back({f.type, f.page, f.slot, {}});
        place = places.end() - 1;
      }
      place->schemas.push_back(schema.id);
    }
  }
  std::map<std::string, std::vector<ActivityKey>> keys_;
  std::map<std::string, std::map<std::pair<Role, std::string>, size_t>> index_;
};

bool is_shown(const ActivityKey& k) { return k.role == Role::kUsed || k.role == Role::kGenerated; }

}  // namespace

std::vector<std::string> activity_column_names(const std::vector<ActivityKey>& keys) {
  std::map<std::string, int> meanings;
  for (const CoreColumn& c : kCore) meanings[c.name] = 1;
  for (const ActivityKey& k : keys) ++meanings[folded(k.key)];
  std::set<std::string> taken;
  for (const auto& [name, count] : meanings) {
    if (count == 1) taken.insert(name);
  }
  for (const CoreColumn& c : kCore) taken.insert(c.name);
  std::vector<std::string> out;
  for (const ActivityKey& k : keys) {
    const std::string name = printable(k.key);
    if (!name.empty() && meanings[folded(k.key)] == 1) {
      out.push_back(name);
    } else {
      out.push_back(take(&taken, (k.role == Role::kUsed ? "used." : "generated.") + name));
    }
  }
  return out;
}

std::string captured_task_sql(int exclusive_columns) {
  std::string columns;
  for (const CoreColumn& c : kCore) {
    std::string sql = c.sql;
    if (sql.empty()) {
      sql = c.name == std::string_view("task_id") ? task_id_sql("p.prefix", "t.seq")
                                                  : task_id_sql("q.prefix", "t.parent_seq");
    }
    columns += sql + " AS " + c.name + ", ";
  }
  for (const char* name : kFilterColumns) columns += std::string("t.") + name + ", ";
  for (int slot = 0; slot < kSlotsPerPage + exclusive_columns; ++slot) {
    columns += (slot == 0 ? "t." : ", t.") + slot_name(slot);
  }
  // The schema's name, as an activity may have the name of a table.
  return "CREATE SCHEMA IF NOT EXISTS captured;\n"
         "CREATE OR REPLACE VIEW captured.task AS SELECT " +
         columns +
         " FROM (SELECT * FROM main.task_slots UNION ALL SELECT * FROM main.open_task) t"
         " LEFT JOIN main.producer_row p ON p.producer = t.producer"
         " LEFT JOIN main.producer_row q ON q.producer = t.parent_producer"
         " LEFT JOIN main.workflow_row w ON w.wf = t.wf"
         " LEFT JOIN main.campaign_row c ON c.campaign = w.campaign;\n"
         "COMMENT ON VIEW captured.task IS 'What the views of activities are made on: a task, its "
         "values in slots that change with the version';\n";
}

std::string activity_view_sql(const std::string& name, std::span<const uint32_t> activities,
                              const std::vector<ActivityKey>& keys) {
  // Within its activity a column mostly belongs to one key, whoever has it elsewhere.
  std::map<std::pair<uint16_t, uint8_t>, std::set<std::pair<Role, std::string>>> users;
  for (const ActivityKey& k : keys) {
    for (const Place& p : k.places) users[{p.page, p.slot}].insert({k.role, k.key});
  }
  std::set<uint8_t> paged;  // slots of pages that are shown
  const auto column = [&paged](const Place& p) {
    if (p.page == 0) return "t." + slot_name(p.slot);
    paged.insert(p.slot);
    return "g." + slot_name(p.slot) + "[list_position(g.pages, " + std::to_string(p.page) + ")]";
  };
  const auto is_alone = [&users](const Place& p) { return users[{p.page, p.slot}].size() == 1; };
  std::vector<ActivityKey> shown;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(shown), is_shown);
  std::stable_partition(shown.begin(), shown.end(),
                        [](const ActivityKey& k) { return k.role == Role::kUsed; });
  if (shown.size() > kMostViewKeys) shown.resize(kMostViewKeys);

  std::string columns;
  for (const CoreColumn& c : kCore) {
    columns += (columns.empty() ? "t." : ", t.") + std::string(c.name);
  }
  const std::vector<std::string> names = activity_column_names(shown);
  for (size_t i = 0; i < shown.size(); ++i) {
    const ActivityKey& k = shown[i];
    columns +=
        ", " + value_sql(k.places, k.role, k.key, {column, is_alone}) + " AS " + sql_name(names[i]);
  }
  std::string ids;
  for (const uint32_t id : activities) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
  std::string from = "captured.task t";
  if (!paged.empty()) {
    // One join, whatever the number of pages; a list that no query touches is not made. A task has
    // only those pages on which something stands.
    from += " LEFT JOIN (SELECT producer, seq, list(page % " + std::to_string(kAnnouncedPage) +
            " ORDER BY page) AS pages";
    for (const uint8_t slot : paged) {
      from += ", list(" + slot_name(slot) + " ORDER BY page) AS " + slot_name(slot);
    }
    from +=
        " FROM main.task_page WHERE schema IN (SELECT schema FROM main.schema_activity "
        "WHERE activity IN (" +
        ids +
        ")) GROUP BY producer, seq) g"
        " ON g.producer = t.producer AND g.seq = t.seq";
  }
  return "CREATE OR REPLACE VIEW activity." + sql_name(name) + " AS SELECT " + columns + " FROM " +
         from + " WHERE t.activity IN (" + ids + ");\n";
}

std::string activity_view_pattern() {
  const auto place = [](ValueTag type, uint16_t page, std::vector<uint32_t> schemas) {
    const bool is_null = type == ValueTag::kNull;
    const auto slot = static_cast<uint8_t>(is_null ? kNoSlot : kind_of(type) * kSlotsPerKind);
    return Place{type, page, slot, std::move(schemas)};
  };
  std::vector<uint32_t> scattered;  // more runs than stand in a CASE
  for (uint32_t id = 1; id < 100; id += 2) scattered.push_back(id);
  std::vector<ActivityKey> keys;
  constexpr auto kLast = static_cast<int>(ValueTag::kTyped);
  for (int one = 0; one <= kLast; ++one) {
    const auto type = static_cast<ValueTag>(one);
    const std::string name = std::to_string(one);
    keys.push_back({Role::kUsed, "alone" + name, {place(type, 1, {1})}});
    keys.push_back({Role::kUsed, "many" + name, {place(type, 0, scattered)}});
    for (int other = one + 1; other <= kLast; ++other) {
      keys.push_back({Role::kGenerated,
                      name + "or" + std::to_string(other),
                      {place(type, 0, {1}), place(static_cast<ValueTag>(other), 0, {2})}});
    }
  }
  return activity_view_sql("any", {}, keys);
}

std::map<std::string, std::string> activity_view_names(const Registry& registry) {
  std::map<std::string, std::string> out;
  std::set<std::string> taken;
  for (const Activity& a : registry.activities()) {
    if (out.contains(a.name)) continue;
    out[a.name] = take(&taken, a.name.empty() ? "(unnamed)" : printable(a.name));
  }
  return out;
}

Status make_activity_views(const Connection& connection, const std::vector<uint32_t>& changed) {
  if (changed.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        connection.run("DROP SCHEMA IF EXISTS activity CASCADE; CREATE SCHEMA activity"));
  }
  const Result<Registry> registry = Registry::load(connection);
  if (!registry.ok()) return registry.status();
  if (changed.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        connection.run(captured_task_sql(static_cast<int>(registry->exclusive_columns().size()))));
  }
  const std::set<uint32_t> ids(changed.begin(), changed.end());
  std::set<std::string> names;
  std::unordered_set<std::string_view> first;
  for (const Activity& a : registry->activities()) {
    if (first.size() == kMostActivityViews && !first.contains(a.name)) continue;
    first.insert(a.name);
    if (ids.empty() || ids.contains(a.id)) names.insert(a.name);
  }
  const std::map<std::string, std::string> view_names = activity_view_names(*registry);
  KeysByName keys(*registry, names);
  for (const std::string& name : names) {
    const std::vector<uint32_t> activities = registry->activity_ids(name);
    HEADRACE_RETURN_IF_ERROR(
        connection.run(activity_view_sql(view_names.at(name), activities, keys.of(name)))
            .with_context("cannot make the view of activity " + name));
  }
  return {};
}

}  // namespace headrace::store
