// For tests: what must hold of every store at the end of whatever happened to it.
//
//   expect_accounted(store);                        // each process adds up, nothing is unexplained
//   expect_accounted(store, MayMiss::kYes);         // only that it adds up
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "store/store.h"

namespace headrace::collect {

enum class MayMiss { kNo, kYes };

// For each process: accepted = stored + spooled + quarantined + dropped + missing, no term below
// zero, nothing spooled of a process that is gone, a row for every number that counts as stored;
// and, unless told otherwise, nothing missing.
inline void expect_accounted(const store::Store& store, MayMiss may_miss = MayMiss::kNo) {
  const auto none = [&store](const std::string& what, const std::string& sql) {
    const Result<std::string> rows = store.connection().text(
        "SELECT coalesce(string_agg(r::VARCHAR, chr(10)), '') FROM (" + sql + ") r");
    ASSERT_TRUE(rows.ok()) << sql << ": " << rows.status().message();
    EXPECT_EQ(*rows, "") << what;
  };
  none("processes that do not add up",
       "FROM accounting WHERE least(stored, spooled, quarantined, dropped, missing, newer) < 0 OR "
       "accepted <> stored + spooled + quarantined + dropped + missing OR newer > stored");
  none("records on the way from processes that are gone",
       "FROM accounting WHERE state <> 'running' AND spooled <> 0");
  none("numbers that count as stored and have no row",
       "FROM stored_rows WHERE stored <> row_count");
  if (may_miss == MayMiss::kNo) none("not explained", "FROM accounting WHERE missing <> 0");
}

}  // namespace headrace::collect
