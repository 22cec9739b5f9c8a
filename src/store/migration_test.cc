#include "store/migration.h"

#include <gtest/gtest.h>

#include "store/schema.h"
#include "store/store.h"

namespace headrace::store {
namespace {

const std::vector<Migration> kSteps = {
    {1, "ALTER TABLE gap_row ADD COLUMN added INTEGER"},
    {2, "UPDATE gap_row SET added = 7"},
    {3, "SELECT * FROM nowhere"},
};

std::string version(const Store& store) {
  return store.connection()
      .text("SELECT value FROM meta WHERE key = 'schema_version'")
      .value_or("");
}

TEST(Migration, StepsRunInOrderUpToTheTarget) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(store->connection().run("INSERT INTO gap_row(ring) VALUES (1)").ok());
  ASSERT_TRUE(migrate(store->connection(), kSteps, 1, 3).ok());
  EXPECT_EQ(version(*store), "3");
  EXPECT_EQ(store->connection().integer("SELECT added FROM gap_row").value_or(0), 7);
}

TEST(Migration, AStepThatFailsLeavesTheVersionBeforeIt) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok());
  const Status failed = migrate(store->connection(), kSteps, 1, 4);
  EXPECT_NE(failed.message().find("schema version 3"), std::string::npos) << failed.message();
  EXPECT_EQ(version(*store), "3");
}

TEST(Migration, AMissingStepIsUnsupported) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok());
  EXPECT_EQ(migrate(store->connection(), kSteps, 0, 1).code(), StatusCode::kUnsupported);
  EXPECT_EQ(version(*store), std::to_string(kSchemaVersion));
}

}  // namespace
}  // namespace headrace::store
