#include "store/registry.h"

#include <gtest/gtest.h>

#include "store/schema.h"
#include "store/store.h"
#include "store/task_view.h"
#include "store/writer.h"

namespace headrace::store {
namespace {

Field field(Role role, const char* key, ValueTag type) { return {role, type, key}; }

const Field* find(const Schema& schema, const char* key) {
  for (const Field& f : schema.fields) {
    if (f.key == key) return &f;
  }
  return nullptr;
}

TEST(Registry, OneSchemaForOneSetOfFields) {
  Registry r;
  EXPECT_EQ(r.place({}), 0u);
  const Field a = field(Role::kUsed, "a", ValueTag::kInt);
  const Field b = field(Role::kUsed, "b", ValueTag::kFloat);
  EXPECT_EQ(r.place({a, b}), 1u);
  EXPECT_EQ(r.place({b, a}), 1u) << "the order of a dict's keys makes no other schema";
  EXPECT_EQ(r.place({a}), 2u);
  EXPECT_EQ(r.place({field(Role::kGenerated, "a", ValueTag::kInt)}), 3u);
  EXPECT_EQ(r.place({field(Role::kUsed, "a", ValueTag::kFloat)}), 4u);
}

TEST(Registry, AKeyKeepsItsColumnAndKeysKeepApart) {
  Registry r;
  r.place({field(Role::kUsed, "lr", ValueTag::kFloat)});
  r.place(
      {field(Role::kUsed, "decay", ValueTag::kFloat), field(Role::kUsed, "lr", ValueTag::kFloat)});
  const Field* first = find(r.schemas()[0], "lr");
  const Field* second = find(r.schemas()[1], "lr");
  EXPECT_EQ(first->slot, second->slot);
  EXPECT_NE(find(r.schemas()[1], "decay")->slot, first->slot);
  ASSERT_EQ(r.places(Role::kUsed, "lr")->size(), 1u);
  EXPECT_TRUE(r.is_alone(r.places(Role::kUsed, "lr")->front()));
  EXPECT_EQ(value_sql(r, Role::kUsed, "lr"), "t.d0");
  // When columns run out, keys share them and their schemas tell them apart.
  for (int i = 0; i < 8; ++i) {
    r.place({field(Role::kUsed, ("k" + std::to_string(i)).c_str(), ValueTag::kFloat)});
  }
  EXPECT_FALSE(r.is_alone(r.places(Role::kUsed, "k7")->front()));
  EXPECT_NE(value_sql(r, Role::kUsed, "k7").find("t.schema = 10"), std::string::npos);
}

TEST(Registry, MoreFieldsThanSlotsGoOnPages) {
  Registry r;
  std::vector<Field> fields;
  for (int i = 0; i < 20; ++i) {
    fields.push_back(field(Role::kUsed, ("k" + std::to_string(i)).c_str(), ValueTag::kFloat));
  }
  r.place(fields);
  EXPECT_TRUE(r.has_pages());
  EXPECT_EQ(find(r.schemas()[0], "k7")->page, 0);
  EXPECT_EQ(find(r.schemas()[0], "k8")->page, 1);
  EXPECT_EQ(find(r.schemas()[0], "k19")->page, 2);
  EXPECT_EQ(find(r.schemas()[0], "k19")->slot, 3);
}

// Eight keys that stand in all columns of doubles.
void fill_doubles(Registry& r) {
  std::vector<Field> fields;
  for (int i = 0; i < kSlotsPerKind; ++i) {
    fields.push_back(field(Role::kUsed, ("full" + std::to_string(i)).c_str(), ValueTag::kFloat));
  }
  r.place(fields, "full");
}

TEST(Registry, AKeyOfSeveralActivitiesGetsAColumnOfItsOwnWhenColumnsAreShort) {
  const Field lr = field(Role::kUsed, "lr", ValueTag::kFloat);
  const Field own = field(Role::kUsed, "own", ValueTag::kFloat);
  Registry roomy;
  roomy.place({lr}, "a");
  roomy.place({lr, own}, "b");
  EXPECT_TRUE(roomy.exclusive_columns().empty()) << "there are unused columns";

  Registry r;
  fill_doubles(r);
  r.place({lr}, "a");
  EXPECT_EQ(value_sql(r, Role::kUsed, "lr"), "CASE WHEN t.schema = 2 THEN t.d0 END");
  r.place({lr, own}, "a");
  EXPECT_TRUE(r.exclusive_columns().empty()) << "another version of the same activity";
  const uint32_t shared = r.place({lr, field(Role::kUsed, "more", ValueTag::kFloat)}, "b");
  EXPECT_EQ(r.exclusive_columns(), std::vector<int>{0});
  EXPECT_EQ(find(r.schemas()[shared - 1], "lr")->slot, kSlotsPerPage);
  EXPECT_TRUE(r.take_moves().empty()) << "what was written stays where it is";
  EXPECT_EQ(value_sql(r, Role::kUsed, "lr"),
            "CASE WHEN t.schema BETWEEN 2 AND 3 THEN t.d0 ELSE t.x0 END");
  r.place({lr}, "c");
  r.place({lr, field(Role::kUsed, "even more", ValueTag::kFloat)}, "c");
  EXPECT_EQ(r.exclusive_columns().size(), 1u);
}

TEST(Registry, RowsOfThePresentBatchMoveToTheNewColumn) {
  const Field lr = field(Role::kUsed, "lr", ValueTag::kFloat);
  Registry r;
  fill_doubles(r);
  r.place({lr}, "a", 1);
  r.place({lr, field(Role::kUsed, "more", ValueTag::kFloat)}, "b", 1);
  const std::vector<Registry::Move> moves = r.take_moves();
  ASSERT_EQ(moves.size(), 1u);
  EXPECT_EQ(moves[0].schema, 2u);
  EXPECT_EQ(slot_name(moves[0].from) + slot_name(moves[0].to), "d0x0");
  EXPECT_EQ(value_sql(r, Role::kUsed, "lr"), "t.x0");
  EXPECT_EQ(find(r.schemas()[1], "lr")->slot, kSlotsPerPage);
}

TEST(Registry, ColumnsOfTheirOwnAreLimited) {
  Registry r;
  fill_doubles(r);
  for (int i = 0; i < 2 * kMostExclusive; ++i) {
    const Field key = field(Role::kUsed, ("k" + std::to_string(i)).c_str(), ValueTag::kFloat);
    r.place({key}, "a");
    r.place({key, field(Role::kUsed, "b", ValueTag::kBool)}, "b");
  }
  EXPECT_EQ(r.exclusive_columns().size(), static_cast<size_t>(kMostExclusive));
}

TEST(Registry, IsReadBackAsItWasWritten) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok());
  Result<Writer> writer = Writer::open(store->connection());
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->begin().ok());
  const uint32_t train = writer->activity("train", R"({"name":"train"})");
  const uint32_t again = writer->activity("train", R"({"name":"train","line":7})");
  const uint32_t one = writer->schema({field(Role::kUsed, "lr", ValueTag::kFloat),
                                       field(Role::kGenerated, "none", ValueTag::kNull)});
  const uint32_t two = writer->schema({field(Role::kUsed, "lr", ValueTag::kString)});
  writer->note_use(one, train);
  writer->note_use(two, again);
  writer->note_use(two, again);
  ASSERT_TRUE(writer->commit().ok());
  Result<Registry> r = Registry::load(store->connection());
  ASSERT_TRUE(r.ok()) << r.status().message();
  EXPECT_EQ(r->schemas().size(), 2u);
  EXPECT_EQ(r->uses().size(), 2u);
  EXPECT_EQ(r->activity_ids("train").size(), 2u);
  EXPECT_TRUE(r->activity_ids("nothing").empty());
  EXPECT_EQ(r->fields_of("train").size(), 2u);
  EXPECT_TRUE(r->knows(Role::kUsed, "lr"));
  EXPECT_FALSE(r->knows(Role::kGenerated, "lr"));
  ASSERT_EQ(r->places(Role::kUsed, "lr")->size(), 2u);
  EXPECT_EQ(r->place({field(Role::kUsed, "lr", ValueTag::kFloat),
                      field(Role::kGenerated, "none", ValueTag::kNull)}),
            one);
  // A second writer goes on counting where the first stopped.
  Result<Writer> next = Writer::open(store->connection());
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(next->activity("train", R"({"name":"train"})"), train);
  EXPECT_EQ(next->activity("other", R"({"name":"other"})"), again + 1);
}

// Equal columns in the stored view and in one made for a query.
TEST(TaskView, OffersTheColumnsThatTheStoredViewHas) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok());
  const auto columns = [&] {
    Result<QueryResult> rows = store->connection().query("SELECT * FROM task");
    std::string out;
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    for (const Column& c : rows->columns()) out += c.name + " ";
    return out;
  };
  const std::string stored = columns();
  EXPECT_EQ(stored,
            "task_id workflow_id campaign activity parent_task_id status started_at ended_at "
            "duration_s used generated hostname pid thread rank device attempt tags error "
            "attributes ");
  const Result<Registry> registry = Registry::load(store->connection());
  TaskView view;
  view.used_json = view.generated_json = true;
  ASSERT_TRUE(store->connection().run(task_view_sql(*registry, view)).ok());
  EXPECT_EQ(columns(), stored);
  view.columns = {"status"};
  view.used_json = view.generated_json = false;
  ASSERT_TRUE(store->connection().run(task_view_sql(*registry, view)).ok());
  EXPECT_EQ(columns(), "status ");
}

}  // namespace
}  // namespace headrace::store
