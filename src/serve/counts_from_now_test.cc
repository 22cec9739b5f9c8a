#include "serve/counts_from_now.h"

#include <gtest/gtest.h>

#include "query/filter_fields.h"

namespace headrace::serve {
namespace {

TEST(CountsFromNow, IsSaidOfEachTimeThatDoes) {
  for (const std::string time : {"today", "yesterday", "now", "-90s", "-2h", "-7d", "-1.5h"}) {
    EXPECT_TRUE(counts_from_now("started>" + time)) << time;
  }
  for (const std::string time :
       {"2026", "2026-11", "2026-11-01", "2026-11-01T12:30Z", "Today", "NOW"}) {
    const auto at_one = query::parse_time(time, 1'700'000'000'000'000'000);
    const auto at_another = query::parse_time(time, 1'800'000'000'000'000'000);
    const bool moves = at_one && at_another && at_one->begin_ns != at_another->begin_ns;
    EXPECT_TRUE(!moves || counts_from_now("started>" + time)) << time;
  }
  for (const char* filter : {"", "status:failed", "activity:train used.lr<1e3", "name:my-study"}) {
    EXPECT_FALSE(counts_from_now(filter)) << filter;
  }
}

}  // namespace
}  // namespace headrace::serve
