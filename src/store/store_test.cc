#include "store/store.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::store {
namespace {

TEST(Store, EveryViewCanBeRead) {
  Result<Store> store = Store::open_in_memory();
  ASSERT_TRUE(store.ok()) << store.status().message();
  for (const char* view : {"campaign", "workflow", "task", "object", "edge", "sensor", "sample",
                           "task_energy", "energy_balance", "energy_domain", "activity_energy",
                           "gap", "log", "producer", "quarantine", "accounting"}) {
    const Result<QueryResult> rows =
        store->connection().query(std::string("SELECT * FROM ") + view);
    EXPECT_TRUE(rows.ok()) << view << ": " << rows.status().message();
  }
}

}  // namespace
}  // namespace headrace::store
