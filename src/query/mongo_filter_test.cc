#include "query/mongo_filter.h"

#include <gtest/gtest.h>
#include <string>

#include "query/store_for_test.h"

namespace headrace::query {
namespace {

std::string read(const std::string& json) {
  const Result<Filter> filter = mongo_filter(*Json::parse(json), FilterView::kTask);
  return filter.ok() ? filter_text(*filter) : filter.status().message();
}

// What they find is tested against an evaluation in Python, see python/tests/test_mongo.py.
TEST(MongoFilter, BecomesTheSameTreeAsText) {
  EXPECT_EQ(read(R"({"activity": "train", "used.lr": {"$lt": 1e-3, "$gte": 0}})"),
            "activity=\"train\" used.lr<0.001 used.lr>=0");
  EXPECT_EQ(read(R"({"$or": [{"used.n": {"$in": [1, null]}}, {"tag.best": true}]})"),
            "used.n=1,null OR tag.best=true");
  EXPECT_EQ(read(R"({"$nor": [{"pid": 1}, {"pid": 2}], "used.x": {"$not": {"$exists": true}}})"),
            "-(pid=1 OR pid=2) -used.x:**");
  EXPECT_EQ(read(R"({"used.s": {"$regex": "^a", "$options": "i"}})"), "used.s~\"(?i)^a\"");
  EXPECT_EQ(read(R"({"used.x": {"$ne": [1, {"a": 2}]}})"), "-used.x=json\"[1,{\\\"a\\\":2}]\"");
  EXPECT_EQ(read(R"({"started_at": {"$gt": 1793491200.5}})"),
            "started>\"2026-11-01T00:00:00.500000000Z\"");
  EXPECT_EQ(read(R"({"started_at": {"$lt": {"$date": "2026-11-01T00:00:00Z"}}})"),
            "started<\"2026-11-01T00:00:00Z\"");
  EXPECT_EQ(read("{}"), "");
}

TEST(MongoFilter, MistakesAreTold) {
  EXPECT_EQ(read(R"({"activty": 1})"), "tasks have no field activty; did you mean activity?");
  EXPECT_EQ(read(R"({"pid": {"$gtr": 1}})").substr(0, 28), "$gtr is no operator here; th");
  EXPECT_EQ(read(R"({"$where": "x"})").substr(0, 24), "$where is no operator he");
  EXPECT_EQ(read("[1]"), "a Mongo filter is a document {field: condition, ...}, not [1]");
  EXPECT_EQ(read(R"({"used.a": {"$in": 5}})"), "$in takes a list");
  EXPECT_EQ(read(R"({"used": 5})"), "which value is meant? Write used.NAME");
  std::string deep = "{}";
  for (int i = 0; i < 200; ++i) deep = "{\"$and\":[" + deep + "]}";
  EXPECT_EQ(read(deep), "the Mongo filter is nested too deep");
}

TEST(MongoSelection, ProjectsSortsLimitsAndAggregates) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("sweep"), "tune");
  for (const double lr : {0.5, 0.25, 0.125}) store.task(wf, {"train", {{"lr", lr}}, {}});
  store.task(wf, {"clean", {}, {}});
  const Session session = store.session();
  const auto first = [&](const std::string& question, size_t column = 0) {
    const Result<Selection> wanted = mongo_selection(*Json::parse(question), FilterView::kTask);
    EXPECT_TRUE(wanted.ok()) << wanted.status().message();
    Result<ResultTable> rows = select(session, *wanted);
    EXPECT_TRUE(rows.ok()) << rows.status().message();
    return rows.ok() && *rows->next() ? rows->cell(column, 0).text : "none";
  };
  EXPECT_EQ(first(R"({"projection": {"used.lr": 1}, "sort": [["used.lr", -1]], "limit": 1})"),
            "0.5");
  EXPECT_EQ(first(R"({"projection": ["used.lr"], "sort": {"used.lr": 1}, "skip": 1})"), "0.125");
  EXPECT_EQ(first(R"({"filter": {"used.lr": {"$lt": 0.4}}, "projection": ["activity"],
                      "aggregation": [["sum", "used.lr"]]})",
                  1),
            "0.375");
  EXPECT_EQ(mongo_selection(*Json::parse(R"({"sort": [["used.lr", 2]]})"), FilterView::kTask)
                .status()
                .message(),
            "a sort order is 1 or -1, not 2");
}

}  // namespace
}  // namespace headrace::query
