#include "query/task_texts.h"

#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "query/describe.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

// Fields of a schema, as rows of the registry: role, key, type, page, slot.
struct TestField {
  Role role = Role::kUsed;
  std::string key;
  ValueTag type = ValueTag::kNull;
  int page = 0;
  std::string slot;  // "NULL" for a value that is null by type
};

class OddTasks {
 public:
  OddTasks() {
    const std::string campaign = store_.campaign("c");
    store_.workflow(campaign, "w");
    store_.run(
        "ALTER TABLE task_slots ADD COLUMN x0 DOUBLE; ALTER TABLE open_task ADD COLUMN x0 "
        "DOUBLE; INSERT INTO activity_row VALUES (1, 'odd', '{}'); INSERT INTO thread_row "
        "VALUES (1, 0, 4242, 'main')");
    add_schemas();
    add_tasks();
  }
  Session session() { return store_.session(); }

 private:
  void schema(int id, const std::vector<TestField>& fields) {
    int position = 0;
    for (const TestField& field : fields) {
      store_.run("INSERT INTO field VALUES (" + std::to_string(id) + ", " +
                 std::to_string(position++) + ", " + std::to_string(static_cast<int>(field.role)) +
                 ", " + store::sql_text(field.key) + ", " +
                 std::to_string(static_cast<int>(field.type)) + ", " + std::to_string(field.page) +
                 ", " + field.slot + ", " + (field.slot == "32" ? "true" : "false") + ")");
    }
  }
  // `more`: further columns and their values.
  void task(const std::string& table, int schema, int status, const std::string& more = "",
            const std::string& values = "") {
    const std::string number = std::to_string(++tasks_);
    store_.run("INSERT INTO " + table +
               "(producer, seq, wf, activity, schema, ts, status, attempt" + more +
               ") VALUES (1, " + number + ", 1, 1, " + std::to_string(schema) + ", 200" + number +
               ", " + std::to_string(status) + ", 2" + values + ")");
  }

  void add_schemas() {
    using enum Role;
    using enum ValueTag;
    schema(1, {{kUsed, "lr", kFloat, 0, "0"},
               {kUsed, "batch", kInt, 0, "8"},
               {kUsed, "amp", kBool, 0, "16"},
               {kGenerated, "note", kString, 0, "24"}});
    schema(2, {{kUsed, "none", kNull, 0, "NULL"},
               {kUsed, "$odd \"key\"", kFloat, 0, "1"},
               {kUsed, "nan", kFloat, 0, "2"},
               {kUsed, "-inf", kFloat, 0, "3"},
               {kUsed, "when", kTime, 0, "8"},
               {kUsed, "bytes", kBytes, 0, "24"},
               {kUsed, "huge", kBigInt, 0, "25"},
               {kUsed, "object", kObject, 0, "26"},
               {kUsed, "nested", kNested, 0, "27"},
               {kGenerated, "gone", kPlaceholder, 0, "28"},
               {kGenerated, "price", kTyped, 0, "29"},
               {kGenerated, "text", kString, 0, "30"}});
    // What shares a column with others, on further pages with one left out, and alone in one.
    schema(3, {{kUsed, "lr", kFloat, 0, "32"},
               {kUsed, "width", kInt, 0, "8"},
               {kUsed, "on two", kFloat, 2, "0"},
               {kGenerated, "on one", kString, 1, "24"},
               {kGenerated, "on one too", kTime, 1, "9"}});
    schema(4, {{kUsed, "lr", kFloat, 0, "0"},
               {kTag, "run", kString, 0, "24"},
               {kError, "type", kString, 0, "25"},
               {kError, "message", kString, 0, "26"},
               {kAttribute, "device", kInt, 0, "8"},
               {kAttribute, "path", kString, 0, "27"}});
  }
  void add_tasks() {
    task("task_slots", 1, 2, ", dur, d0, i0, b0, s0", ", 5000000000, 1e-05, 32, true, 'a \"b\"'");
    task(
        "task_slots", 2, 2, ", d1, d2, d3, i0, s0, s1, s2, s3, s4, s5, s6",
        ", 3, 'nan', '-inf', 1700000000000000001, '00FF', '123456789012345678901234567890', "
        "'0a0b0c0d-0000-4000-8000-000000000001', '{\"a\":[1,{\"b\":null}]}', '{\"type\":\"set\"}', "
        "'decimal:0.10', 'é\n😀'");
    task("task_slots", 3, 2, ", parent_producer, parent_seq, x0, i0", ", 1, 1, 0.5, -7");
    store_.run(
        "INSERT INTO task_page(producer, seq, schema, page, s0, i1) VALUES (1, 3, 3, 1, 'p', "
        "-1); INSERT INTO task_page(producer, seq, schema, page, d0) VALUES (1, 3, 3, 2, 1e300)");
    task("task_slots", 4, 3, ", dur, d0, s0, s1, s2, s3, i0",
         ", 1, 0.25, 'night', 'ValueError', 'no', '/a', 3");
    task("open_task", 1, 1, ", d0", ", 2");  // what has no value yet
    task("open_task", 3, 5, ", parent_producer, parent_seq, x0", ", 1, 5, 1");
    store_.run(
        "INSERT INTO task_page(producer, seq, schema, page, s0) VALUES (1, 6, 3, 32769, 'q'); "
        "INSERT "
        "INTO task_page(producer, seq, schema, page, d0) VALUES (1, 6, 3, 32770, 3)");
    task("task_slots", 0, 4);
    store_.energy(1, "node/cpu", "2", "measured");
  }

  StoreForTest store_;
  int tasks_ = 0;
};

Json parsed(const std::string& text) {
  const Result<Json> json = Json::parse(text.empty() ? "null" : text);
  EXPECT_TRUE(json.ok()) << text;
  return json.ok() ? *json : Json();
}

TEST(TaskTexts, AreWhatTheViewGivesOfTasksOfEveryShape) {
  const Session session = OddTasks().session();
  const auto connection = session.connect();
  ASSERT_TRUE(connection.ok());
  const auto rows = TaskRows::open(*connection);
  ASSERT_TRUE(rows.ok());
  std::map<std::string, TaskText> found;
  const Status read = each_task_text(*connection, *rows, "true", [&found](TaskText&& task) {
    const std::string id = task.id.text();
    found.emplace(id, std::move(task));
  });
  ASSERT_TRUE(read.ok()) << read.message();
  const auto expected = session.rows(
      "SELECT task_id, parent_task_id, used, generated, tags, error, attributes FROM task");
  ASSERT_TRUE(expected.ok()) << expected.status().message();
  ASSERT_EQ(expected->size(), 7u);
  ASSERT_EQ(found.size(), 7u);
  for (const auto& row : *expected) {
    const TaskText& task = found.at(row[0].text);
    EXPECT_EQ(task.parent.is_nil() ? "" : task.parent.text(), row[1].text);
    EXPECT_EQ(parsed(task.used), parsed(row[2].text)) << task.used << "\n" << row[2].text;
    EXPECT_EQ(parsed(task.generated), parsed(row[3].text)) << task.generated << "\n" << row[3].text;
    EXPECT_EQ(parsed(task.tags), parsed(row[4].text));
    EXPECT_EQ(parsed(task.error), parsed(row[5].text));
    EXPECT_EQ(parsed(task.attributes), parsed(row[6].text));
  }
}

TEST(Describe, ATaskHasTheColumnsOfTheViewInItsOrder) {
  const Session session = OddTasks().session();
  for (int64_t number = 1; number <= 7; ++number) {
    const std::string id = StoreForTest::task_id(number);
    const auto answer = describe(session, {ThingKind::kTask, id, "", ""});
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    auto row = session.sql("SELECT * FROM task WHERE task_id = '" + id + "'");
    ASSERT_TRUE(row.ok() && *row->next());
    Json::Map expected{{"thing", "task"}};
    for (size_t i = 0; i < row->columns().size(); ++i) {
      Json value = row->json(i, 0);
      const auto* map = value.as<Json::Map>();
      if (value.is_null() || (map != nullptr && map->empty())) continue;
      expected.emplace_back(row->columns()[i].name, std::move(value));
    }
    Json::Map told = *answer->as<Json::Map>();
    std::erase_if(told, [](const auto& member) {
      return member.first == "energy" || member.first == "children" || member.first == "lost";
    });
    EXPECT_EQ(Json(std::move(told)).dump(), Json(std::move(expected)).dump());
    EXPECT_EQ((*answer)["energy"].is_null(), number != 1);
    EXPECT_EQ((*answer)["children"].is_null(), number != 1 && number != 5);
    EXPECT_EQ((*answer)["lost"].is_null(), number != 6);
  }
}

}  // namespace
}  // namespace headrace::query
