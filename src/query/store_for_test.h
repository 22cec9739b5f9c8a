// A store in memory with a known campaign in it, made row by row.
#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/id.h"
#include "query/session.h"
#include "store/registry.h"
#include "store/store.h"

namespace headrace::query {

using TestValue = std::variant<double, int64_t, std::string, bool>;
using TestValues = std::vector<std::pair<std::string, TestValue>>;

struct TestTask {
  std::string activity;
  TestValues used;
  TestValues generated;
  int64_t parent = 0;  // what task() gave
  double seconds = 1;
  int status = 2;  // model/status.h
};

class StoreForTest {
 public:
  StoreForTest() : StoreForTest(store::Store::open_in_memory()) {}
  explicit StoreForTest(const std::filesystem::path& file)
      : StoreForTest(store::Store::open(file, store::OpenMode::kReadWrite)) {}
  explicit StoreForTest(Result<store::Store> store) : store_(std::move(*store)) {
    run("INSERT INTO producer_row(producer, uid, prefix, hostname, pid, state, facts) VALUES (1, "
        "77, '" +
        prefix() + "', 'node1', 42, 'ended', '{}')");
  }

  std::string campaign(const std::string& name) {
    const std::string id = named_uuid("campaign", name).text();
    run("INSERT INTO campaign_row(campaign, name, begin_ns) VALUES ('" + id + "', '" + name +
        "', 1000000000)");
    return id;
  }
  // Returns its number; its id is workflow_id(number).
  int workflow(const std::string& campaign_id, const std::string& name,
               const std::string& used = "{}", const std::string& attributes = "{}") {
    ++workflows_;
    run("INSERT INTO workflow_row(wf, workflow, campaign, name, status, begin_ns, end_ns, "
        "producer, used, generated, attributes) VALUES (" +
        std::to_string(workflows_) + ", '" + workflow_id(workflows_) + "', nullif('" + campaign_id +
        "', ''), '" + name + "', 2, 1000000000, 9000000000, 1, '" + used + "', '{}', '" +
        attributes + "')");
    return workflows_;
  }
  static std::string workflow_id(int number) {
    return named_uuid("workflow", std::to_string(number)).text();
  }

  int64_t task(int workflow_number, const TestTask& task) {
    const int64_t number = ++tasks_;
    const uint32_t schema = schema_of(task);
    const auto activity = static_cast<int64_t>(activity_of(task.activity));
    run("INSERT INTO schema_activity SELECT " + std::to_string(schema) + ", " +
        std::to_string(activity) + " WHERE " + std::to_string(schema) + " > 0");
    std::string columns = "producer, seq, wf, activity, schema, ts, dur, status, attempt";
    std::string values = "1, " + std::to_string(number) + ", " + std::to_string(workflow_number) +
                         ", " + std::to_string(activity) + ", " + std::to_string(schema) + ", " +
                         std::to_string(2'000'000'000 + number * 1'000'000) + ", " +
                         std::to_string(static_cast<int64_t>(task.seconds * 1e9)) + ", " +
                         std::to_string(task.status) + ", 0";
    if (task.parent != 0) {
      columns += ", parent_producer, parent_seq";
      values += ", 1, " + std::to_string(task.parent);
    }
    if (schema != 0) add_values(schema, task, &columns, &values);
    run("INSERT INTO task_slots(" + columns + ") VALUES (" + values + ")");
    return number;
  }
  static std::string task_id(int64_t number) {
    return task_uuid(kProducer, static_cast<TaskNumber>(number)).text();
  }

  std::string object(const std::string& kind, const std::string& path, const std::string& sha256,
                     int64_t created_ns = 1'000'000'000) {
    const std::string id = named_uuid("object", path + sha256).text();
    run("INSERT INTO object_row(object, kind, name, path, size_bytes, sha256, created_ns, "
        "attributes) VALUES ('" +
        id + "', '" + kind + "', '" + path.substr(path.rfind('/') + 1) + "', '" + path +
        "', 1000, '" + sha256 + "', " + std::to_string(created_ns) + ", '{}')");
    return id;
  }
  void edge(int64_t task, const std::string& object_id, bool generated,
            const std::string& name = "file", bool exact = true) {
    run("INSERT INTO edge_row VALUES (" + std::string(generated ? "1" : "0") + ", 1, " +
        std::to_string(task) + ", NULL, '" + object_id + "', '" + name + "', " +
        (exact ? "true" : "false") + ")");
  }
  void workflow_edge(int workflow_number, const std::string& object_id, bool generated) {
    run("INSERT INTO edge_row VALUES (" + std::string(generated ? "1" : "0") + ", NULL, NULL, " +
        std::to_string(workflow_number) + ", '" + object_id + "', 'file', true)");
  }
  void energy(int64_t task, const std::string& domain, const std::string& attributed_j,
              const std::string& truth) {
    run("INSERT INTO task_energy_row(producer, seq, domain, window_j, attributed_j, idle_j, u95_j, "
        "coverage, method, truth, assumption, activity, wf) SELECT 1, seq, '" +
        domain + "', " + attributed_j + ", " + attributed_j + ", 0, 0.5, 1, 'split', '" + truth +
        "', '', activity, wf FROM (SELECT seq, activity, wf FROM task_slots UNION ALL SELECT seq, "
        "activity, wf FROM open_task) WHERE seq = " +
        std::to_string(task));
  }
  void run(const std::string& sql) {
    const Status status = store_.connection().run(sql);
    ASSERT_TRUE(status.ok()) << status.message() << "\n" << sql;
  }

  // The builder is empty afterwards.
  Session session() { return Session::over("/nowhere/.headrace", std::move(store_)); }

 private:
  static constexpr ProducerId kProducer = 77;
  static std::string prefix() {
    std::string text = task_uuid(kProducer, 1).text();
    std::erase(text, '-');
    return text.substr(0, 16);
  }
  static ValueTag tag_of(const TestValue& value) {
    constexpr ValueTag kTags[] = {ValueTag::kFloat, ValueTag::kInt, ValueTag::kString,
                                  ValueTag::kBool};
    return kTags[value.index()];
  }
  static std::string sql_of(const TestValue& value) {
    if (const auto* d = std::get_if<double>(&value)) return std::to_string(*d);
    if (const auto* i = std::get_if<int64_t>(&value)) return std::to_string(*i);
    if (const auto* b = std::get_if<bool>(&value)) return *b ? "true" : "false";
    return store::sql_text(std::get<std::string>(value));
  }
  uint32_t activity_of(const std::string& name) {
    for (size_t i = 0; i < activities_.size(); ++i) {
      if (activities_[i] == name) return static_cast<uint32_t>(i + 1);
    }
    activities_.push_back(name);
    run("INSERT INTO activity_row VALUES (" + std::to_string(activities_.size()) + ", '" + name +
        "', '{}')");
    return static_cast<uint32_t>(activities_.size());
  }
  uint32_t schema_of(const TestTask& task) {
    std::vector<store::Field> fields;
    for (const auto& [key, value] : task.used) {
      fields.push_back({Role::kUsed, tag_of(value), key, 0, store::kNoSlot, false});
    }
    for (const auto& [key, value] : task.generated) {
      fields.push_back({Role::kGenerated, tag_of(value), key, 0, store::kNoSlot, false});
    }
    const size_t before = registry_.schemas().size();
    const uint32_t id = registry_.place(fields);
    if (registry_.schemas().size() == before) return id;
    int position = 0;
    for (const store::Field& f : registry_.schemas().back().fields) {
      run("INSERT INTO field VALUES (" + std::to_string(id) + ", " + std::to_string(position++) +
          ", " + std::to_string(static_cast<int>(f.role)) + ", " + store::sql_text(f.key) + ", " +
          std::to_string(static_cast<int>(f.type)) + ", " + std::to_string(f.page) + ", " +
          std::to_string(f.slot) + ", false)");
    }
    return id;
  }
  void add_values(uint32_t schema, const TestTask& task, std::string* columns,
                  std::string* values) {
    static constexpr char kKinds[] = "dibs";
    for (const store::Field& f : registry_.schemas()[schema - 1].fields) {
      const TestValues& all = f.role == Role::kUsed ? task.used : task.generated;
      for (const auto& [key, value] : all) {
        if (key != f.key) continue;
        *columns += std::string(", ") + kKinds[f.slot / 8] + std::to_string(f.slot % 8);
        *values += ", " + sql_of(value);
      }
    }
  }

  store::Store store_;
  store::Registry registry_;
  std::vector<std::string> activities_;
  int64_t tasks_ = 0;
  int workflows_ = 0;
};

}  // namespace headrace::query
