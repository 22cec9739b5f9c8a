#include "store/writer.h"

#include <algorithm>
#include <cstdio>

#include "store/activity_view.h"
#include "store/amendment.h"
#include "store/refresh.h"
#include "store/schema.h"
#include "store/task_view.h"
#include "store/view_columns.h"

namespace headrace::store {
namespace {

constexpr const char* kTableName[] = {
    "task_slots",    "task_page",       "open_task",   "workflow_record",
    "object_record", "campaign_record", "value_row",   "edge_row",
    "sample_row",    "log_row",         "gap_row",     "quarantine_row",
    "clock_row",     "unknown_row",     "edge_record", "exposure_row"};
static_assert(std::size(kTableName) == static_cast<size_t>(Table::kCount));

uint64_t pair_of(uint32_t high, uint32_t low) { return uint64_t{high} << 32 | low; }

// Calls `see` with each row of a query.
template <typename See>
Status each_row(const Connection& connection, const std::string& sql, See&& see) {
  Result<QueryResult> rows = connection.query(sql);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) see(rows->chunk(), r);
  }
  return {};
}

uint32_t number(const Chunk& c, size_t column, size_t row) {
  return static_cast<uint32_t>(c.integer(column, row));
}

// The printed high half of a producer's task ids.
std::string prefix_of(ProducerId uid) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx",
                static_cast<unsigned long long>(task_uuid(uid, 0).high));
  return text;
}

template <typename T>
std::string number_list(const std::vector<T>& numbers) {
  std::string out;
  for (const T& n : numbers) out += (out.empty() ? "" : ", ") + std::to_string(n);
  return out;
}

}  // namespace

Result<Writer> Writer::open(const Connection& connection) {
  Writer out(connection);
  HEADRACE_RETURN_IF_ERROR(out.load().with_context("cannot read the store's names"));
  return out;
}

Status Writer::load() {
  Result<Registry> registry = Registry::load(*connection_);
  if (!registry.ok()) return registry.status();
  registry_ = std::move(*registry);
  stored_schemas_ = registry_.schemas().size();
  stored_exclusive_ = registry_.exclusive_columns().size();
  open_tasks_ = registry_.has_open_tasks();
  for (const auto& [schema, activity] : registry_.uses()) uses_.insert(pair_of(schema, activity));
  for (const Activity& a : registry_.activities()) activities_[a.facts] = a.id;
  const Connection& c = *connection_;
  HEADRACE_RETURN_IF_ERROR(each_row(
      c,
      "SELECT uid, producer, facts_order, coalesce(accepted, 0), "
      "json_exists(facts::JSON, '$.ended') FROM producer_row",
      [this](const Chunk& k, size_t r) {
        producers_[static_cast<ProducerId>(k.integer(0, r))] = number(k, 1, r);
        if (!k.is_null(2, r)) {
          accounts_[number(k, 1, r)] = {static_cast<uint64_t>(k.integer(3, r)), k.boolean(4, r),
                                        static_cast<uint64_t>(k.integer(2, r))};
        }
      }));
  HEADRACE_RETURN_IF_ERROR(
      each_row(c, "SELECT workflow, wf FROM workflow_row", [this](const Chunk& k, size_t r) {
        workflows_[k.uuid(0, r)] = number(k, 1, r);
        last_workflow_ = std::max(last_workflow_, number(k, 1, r));
      }));
  HEADRACE_RETURN_IF_ERROR(each_row(
      c, "SELECT producer, entry, sensor FROM sensor_row", [this](const Chunk& k, size_t r) {
        sensors_[pair_of(number(k, 0, r), number(k, 1, r))] = number(k, 2, r);
      }));
  HEADRACE_RETURN_IF_ERROR(
      each_row(c, "SELECT producer, ring FROM thread_row", [this](const Chunk& k, size_t r) {
        threads_.insert(pair_of(number(k, 0, r), number(k, 1, r)));
      }));
  return each_row(c, "SELECT campaign, name FROM campaign_row",
                  [this](const Chunk& k, size_t r) { campaigns_[k.uuid(0, r)] = k.text(1, r); });
}

uint32_t Writer::producer(ProducerId uid) {
  const auto [found, is_new] =
      producers_.try_emplace(uid, static_cast<uint32_t>(producers_.size() + 1));
  if (is_new) new_producers_.push_back(uid);
  return found->second;
}

uint32_t Writer::workflow(const Uuid& id) {
  const auto [found, is_new] = workflows_.try_emplace(id, last_workflow_ + 1);
  if (is_new) new_workflows_.emplace_back(++last_workflow_, id);
  return found->second;
}

uint32_t Writer::activity(std::string_view name, const std::string& facts_json) {
  const auto [found, is_new] =
      activities_.try_emplace(facts_json, static_cast<uint32_t>(activities_.size() + 1));
  if (is_new) new_activities_.push_back({found->second, std::string(name), facts_json});
  return found->second;
}

uint32_t Writer::sensor(uint32_t producer, uint32_t entry, const Sensor& sensor) {
  const auto [found, is_new] =
      sensors_.try_emplace(pair_of(producer, entry), static_cast<uint32_t>(sensors_.size() + 1));
  if (is_new) new_sensors_.push_back({found->second, producer, entry, sensor});
  return found->second;
}

void Writer::campaign(const Uuid& id, std::string_view name) {
  if (campaigns_.try_emplace(id, name).second) new_campaigns_.push_back(id);
}

void Writer::thread(uint32_t producer, uint32_t ring, uint32_t tid, std::string_view name) {
  if (!threads_.insert(pair_of(producer, ring)).second) return;
  new_threads_.push_back({producer, ring, tid, std::string(name)});
}

uint32_t Writer::schema(std::vector<Field> fields, std::string_view activity) {
  const uint32_t id = registry_.place(std::move(fields), activity, stored_schemas_);
  if (registry_.exclusive_columns().size() > stored_exclusive_ && error_.ok()) {
    error_ = add_columns().with_context("cannot give a captured value a column of its own");
  }
  return id;
}

// In the transaction of the rows that are to stand in them.
Status Writer::add_columns() {
  for (const Table table : {Table::kTask, Table::kOpenTask}) {
    std::optional<Appender>& rows = appenders_[static_cast<size_t>(table)];
    if (rows) HEADRACE_RETURN_IF_ERROR(rows->close());
    open_tasks_ = open_tasks_ || (rows && table == Table::kOpenTask);
    rows.reset();
  }
  const std::vector<int>& kinds = registry_.exclusive_columns();
  for (; stored_exclusive_ < kinds.size(); ++stored_exclusive_) {
    const std::string column = slot_name(static_cast<int>(kSlotsPerPage + stored_exclusive_)) +
                               " " + slot_type(kinds[stored_exclusive_]);
    for (const char* table : {"task_slots", "open_task"}) {
      HEADRACE_RETURN_IF_ERROR(
          connection_->run(std::string("ALTER TABLE ") + table + " ADD COLUMN " + column));
    }
  }
  for (const Registry::Move& move : registry_.take_moves()) {
    const std::string from = slot_name(move.from);
    for (const char* table : {"task_slots", "open_task"}) {
      HEADRACE_RETURN_IF_ERROR(connection_->run(
          std::string("UPDATE ") + table + " SET " + slot_name(move.to) + " = " + from + ", " +
          from + " = NULL WHERE schema = " + std::to_string(move.schema)));
    }
  }
  is_view_stale_ = true;
  return {};
}

// Once a transaction: binding its text takes as long as appending some thousand rows.
Status Writer::write_task_view() {
  if (!is_view_stale_) return {};
  is_view_stale_ = false;
  const int columns = static_cast<int>(stored_exclusive_);
  return connection_->run(stored_task_view_sql(columns) + ";\n" + comments_sql("task") +
                          captured_task_sql(columns));
}

void Writer::note_use(uint32_t schema, uint32_t activity) {
  if (schema == 0 || !uses_.insert(pair_of(schema, activity)).second) return;
  new_uses_.emplace_back(schema, activity);
}

void Writer::describe(uint32_t producer, ProducerFacts facts) {
  const ProducerFacts::Account account = facts.account();
  const auto [found, is_new] = accounts_.try_emplace(producer, account);
  if (!is_new && found->second >= account) return;
  found->second = account;
  facts_[producer] = std::move(facts);
}

Status Writer::begin() {
  Result<Transaction> transaction = Transaction::begin(*connection_);
  if (!transaction.ok()) return transaction.status();
  transaction_.emplace(std::move(*transaction));
  return {};
}

Appender* Writer::rows(Table table) {
  std::optional<Appender>& appender = appenders_[static_cast<size_t>(table)];
  if (!appender) {
    Result<Appender> made = Appender::open(*connection_, kTableName[static_cast<size_t>(table)]);
    if (!made.ok()) {
      error_ = made.status();
      return nullptr;
    }
    appender.emplace(std::move(*made));
  }
  return &*appender;
}

Status Writer::run(const std::string& sql, const char* doing) {
  return connection_->run(sql).with_context(doing);
}

Status Writer::write_names() {
  const auto fill = [this](const char* table, const auto& items, auto&& set) -> Status {
    if (items.empty()) return {};
    Result<Appender> rows = Appender::open(*connection_, table);
    if (!rows.ok()) return rows.status();
    for (const auto& item : items) {
      HEADRACE_RETURN_IF_ERROR(rows->next_row());
      set(*rows, item);
    }
    return rows->close();
  };
  HEADRACE_RETURN_IF_ERROR(fill("workflow_row", new_workflows_, [](Appender& a, const auto& w) {
    a.set(0, w.first);
    a.set_uuid(1, w.second);
    a.set(5, uint8_t{0});
  }));
  HEADRACE_RETURN_IF_ERROR(
      fill("activity_row", new_activities_, [](Appender& a, const Activity& o) {
        a.set(0, o.id);
        a.set_text(1, o.name);
        a.set_text(2, o.facts);
      }));
  HEADRACE_RETURN_IF_ERROR(fill("thread_row", new_threads_, [](Appender& a, const NewThread& t) {
    a.set(0, t.producer);
    a.set(1, t.ring);
    a.set(2, int64_t{t.tid});
    a.set_text(3, t.name);
  }));
  HEADRACE_RETURN_IF_ERROR(
      fill("campaign_row", new_campaigns_, [this](Appender& a, const Uuid& id) {
        a.set_uuid(0, id);
        a.set_text(1, campaigns_[id]);
      }));
  HEADRACE_RETURN_IF_ERROR(fill("schema_activity", new_uses_, [](Appender& a, const auto& use) {
    a.set(0, use.first);
    a.set(1, use.second);
  }));
  return fill("sensor_row", new_sensors_, [](Appender& a, const NewSensor& s) {
    a.set(0, s.id);
    a.set(1, s.producer);
    a.set(2, s.entry);
    const std::string_view texts[] = {
        s.sensor.name,       s.sensor.quantity, s.sensor.unit,           name_of(s.sensor.kind),
        s.sensor.domain,     s.sensor.source,   name_of(s.sensor.truth), s.sensor.method,
        s.sensor.assumption, s.sensor.device};
    size_t column = 3;
    for (const std::string_view text : texts) a.set_text(column++, text);
    a.set(column, s.sensor.scale);
    a.set(column + 1, s.sensor.range);
  });
}

Status Writer::write_schemas() {
  if (registry_.schemas().size() == stored_schemas_) return {};
  Result<Appender> rows = Appender::open(*connection_, "field");
  if (!rows.ok()) return rows.status();
  for (; stored_schemas_ < registry_.schemas().size(); ++stored_schemas_) {
    const Schema& schema = registry_.schemas()[stored_schemas_];
    uint16_t position = 0;
    for (const Field& f : schema.fields) {
      HEADRACE_RETURN_IF_ERROR(rows->next_row());
      rows->set(0, schema.id);
      rows->set(1, position++);
      rows->set(2, static_cast<uint8_t>(f.role));
      rows->set_text(3, f.key);
      rows->set(4, static_cast<uint8_t>(f.type));
      rows->set(5, f.page);
      if (f.slot != kNoSlot) rows->set(6, f.slot);
      rows->set(7, f.exclusive);
    }
  }
  return rows->close();
}

Status Writer::write_activity_views() {
  std::vector<uint32_t> changed;
  for (const Activity& a : new_activities_) changed.push_back(a.id);
  for (const auto& [schema, activity] : new_uses_) changed.push_back(activity);
  return changed.empty() ? Status() : make_activity_views(*connection_, changed);
}

Status Writer::write_producers() {
  if (!new_producers_.empty()) {
    Result<Appender> rows = Appender::open(*connection_, "producer_row");
    if (!rows.ok()) return rows.status();
    for (const ProducerId uid : new_producers_) {
      HEADRACE_RETURN_IF_ERROR(rows->next_row());
      rows->set(0, producers_[uid]);
      rows->set(1, uid);
      rows->set_text(2, prefix_of(uid));
      rows->set_text(8, "running");
    }
    HEADRACE_RETURN_IF_ERROR(rows->close());
  }
  if (facts_.empty()) return {};
  HEADRACE_RETURN_IF_ERROR(connection_->run(
      "CREATE OR REPLACE TEMP TABLE told(producer UINTEGER, hostname VARCHAR, pid BIGINT, "
      "rank BIGINT, boot_id VARCHAR, start_time_ticks BIGINT, ended BOOLEAN, lost BOOLEAN, "
      "accepted UBIGINT, dropped UBIGINT, facts_order UBIGINT, facts VARCHAR)"));
  Result<Appender> rows = Appender::open(*connection_, "told");
  if (!rows.ok()) return rows.status();
  for (const auto& [producer, f] : facts_) {
    HEADRACE_RETURN_IF_ERROR(rows->next_row());
    rows->set(0, producer);
    rows->set_text(1, f.hostname);
    rows->set(2, f.pid);
    if (f.rank) rows->set(3, *f.rank);
    rows->set_text(4, f.boot_id);
    rows->set(5, f.start_time_ticks);
    rows->set(6, f.ended);
    rows->set(7, f.lost);
    if (f.accepted) rows->set(8, *f.accepted);
    if (f.dropped) rows->set(9, *f.dropped);
    rows->set(10, f.order);
    rows->set_text(11, f.json);
  }
  HEADRACE_RETURN_IF_ERROR(rows->close());
  return connection_->run(
      "UPDATE producer_row p SET hostname = t.hostname, pid = t.pid, rank = t.rank, "
      "boot_id = t.boot_id, start_time_ticks = t.start_time_ticks, accepted = t.accepted, "
      "dropped = t.dropped, facts_order = t.facts_order, facts = t.facts, "
      "state = CASE WHEN t.ended THEN 'ended' WHEN t.lost THEN 'lost' "
      "WHEN p.state = 'ended' THEN 'running' ELSE p.state END FROM told t WHERE t.producer = "
      "p.producer");
}

Status Writer::write_marks() {
  if (!ranges_.empty()) {
    std::vector<uint64_t> rings;
    for (const auto& [ring, ranges] : ranges_) rings.push_back(pair_of(ring.first, ring.second));
    HEADRACE_RETURN_IF_ERROR(connection_->run(
        "DELETE FROM watermark WHERE (producer::UBIGINT * 4294967296 + ring) IN (" +
        number_list(rings) + ")"));
    Result<Appender> rows = Appender::open(*connection_, "watermark");
    if (!rows.ok()) return rows.status();
    for (const auto& [ring, ranges] : ranges_) {
      for (const NumberRange& range : ranges) {
        HEADRACE_RETURN_IF_ERROR(rows->next_row());
        rows->set(0, ring.first);
        rows->set(1, ring.second);
        rows->set(2, range.first);
        rows->set(3, range.past);
      }
    }
    HEADRACE_RETURN_IF_ERROR(rows->close());
  }
  if (!segments_.empty()) {
    std::string names;
    for (const auto& [name, state] : segments_) {
      names += (names.empty() ? "" : ", ") + sql_text(name);
    }
    HEADRACE_RETURN_IF_ERROR(connection_->run("DELETE FROM segment WHERE name IN (" + names + ")"));
    Result<Appender> rows = Appender::open(*connection_, "segment");
    if (!rows.ok()) return rows.status();
    for (const auto& [name, state] : segments_) {
      HEADRACE_RETURN_IF_ERROR(rows->next_row());
      rows->set_text(0, name);
      rows->set(1, state.size_bytes);
      rows->set(2, state.resume_at);
      rows->set(3, state.sealed);
    }
    HEADRACE_RETURN_IF_ERROR(rows->close());
  }
  return {};
}

Status Writer::commit() {
  HEADRACE_RETURN_IF_ERROR(error_);
  const auto is_used = [this](Table t) { return appenders_[static_cast<size_t>(t)].has_value(); };
  open_tasks_ = open_tasks_ || is_used(Table::kOpenTask);
  for (std::optional<Appender>& appender : appenders_) {
    if (appender) HEADRACE_RETURN_IF_ERROR(appender->close());
    appender.reset();
  }
  HEADRACE_RETURN_IF_ERROR(write_names().with_context("cannot write names"));
  HEADRACE_RETURN_IF_ERROR(write_schemas().with_context("cannot write the registry"));
  HEADRACE_RETURN_IF_ERROR(write_task_view());
  HEADRACE_RETURN_IF_ERROR(write_activity_views());
  HEADRACE_RETURN_IF_ERROR(write_producers().with_context("cannot write producers"));
  HEADRACE_RETURN_IF_ERROR(write_marks().with_context("cannot write watermarks"));
  if (!gone_.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        run("UPDATE producer_row SET state = 'lost' WHERE state = 'running' AND producer IN (" +
                number_list(gone_) + ")",
            "cannot mark producers"));
  }
  std::vector<uint32_t> changed = gone_;
  for (const auto& [producer, facts] : facts_) changed.push_back(producer);
  if (open_tasks_) HEADRACE_RETURN_IF_ERROR(settle_open_tasks(*connection_));
  HEADRACE_RETURN_IF_ERROR(refresh_workflows(*connection_, touched_workflows_, changed));
  HEADRACE_RETURN_IF_ERROR(refresh_objects(*connection_, touched_objects_));
  HEADRACE_RETURN_IF_ERROR(refresh_campaigns(*connection_, touched_campaigns_));
  for (const auto& [ring, ranges] : ranges_) changed.push_back(ring.first);
  changed.insert(changed.end(), touched_numbers_.begin(), touched_numbers_.end());
  HEADRACE_RETURN_IF_ERROR(refresh_missing(*connection_, changed));
  HEADRACE_RETURN_IF_ERROR(apply_removals(*connection_));
  HEADRACE_RETURN_IF_ERROR(
      run("UPDATE meta SET value = (value::BIGINT + 1)::VARCHAR WHERE key = 'revision'",
          "cannot count the revision"));
  HEADRACE_RETURN_IF_ERROR(transaction_->commit().with_context("cannot commit to the store"));
  transaction_.reset();
  new_producers_.clear();
  new_workflows_.clear();
  new_activities_.clear();
  new_sensors_.clear();
  new_threads_.clear();
  new_campaigns_.clear();
  new_uses_.clear();
  facts_.clear();
  touched_workflows_.clear();
  touched_objects_.clear();
  touched_campaigns_.clear();
  ranges_.clear();
  segments_.clear();
  gone_.clear();
  touched_numbers_.clear();
  return {};
}

}  // namespace headrace::store
