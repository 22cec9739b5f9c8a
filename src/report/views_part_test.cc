#include "report/views_part.h"

#include <cmath>

#include "gtest/gtest.h"
#include "query/energy_table.h"
#include "report/sweep_for_test.h"

namespace headrace::report {
namespace {

using query::Json;

const Json::List& list(const Json& json) { return *json.as<Json::List>(); }

Json views_of(const query::Session& session, const std::string& of,
              const std::string& against = "") {
  const Result<Scope> scope = find_scope(session, of);
  EXPECT_TRUE(scope.ok()) << scope.status().message();
  Result<Json> views = views_json(*scope, against);
  EXPECT_TRUE(views.ok()) << views.status().message();
  return views.ok() ? std::move(*views) : Json();
}

TEST(Views, AreWhatTheServerReducesTo) {
  const query::Session& session = sweep();
  const Json views = views_of(session, "sweep </script>");
  const auto& graphs = list(views["graphs"]);
  ASSERT_EQ(graphs.size(), 2u) << "the workflow with most tasks first";
  EXPECT_EQ(graphs[0]["workflow"].text(), "train");
  const Json& nodes = graphs[0]["nodes"];
  ASSERT_EQ(list(nodes["id"]).size(), 2u);
  EXPECT_EQ(list(nodes["id"])[0].text(), "train");
  EXPECT_EQ(list(nodes["tasks"])[0].number(), 5);
  EXPECT_EQ(list(nodes["statuses"]["failed"])[0].number(), 1);
  EXPECT_EQ(views["graphs_left"].number(), 0);

  const auto& ranks = list(views["ranks"]);
  ASSERT_FALSE(ranks.empty());
  EXPECT_EQ(ranks[0]["quantity"].text(), "busy");
  EXPECT_EQ(ranks[0]["values"]["encoding"].text(), "f32");
  // 4 bytes for each rank and stretch of time, in base64.
  const double cells =
      static_cast<double>(list(ranks[0]["ranks"]).size()) * *ranks[0]["bins"].number();
  EXPECT_EQ(ranks[0]["values"]["data"].text().size(), std::ceil(cells * 4 / 3) * 4);

  const auto& columns = list(views["energy"]["columns"]);
  EXPECT_EQ(columns[3]["name"].text(), "part");
  double attributed = 0;
  for (const Json& row : list(views["energy"]["rows"])) {
    if (list(row)[3].text() == "attributed") attributed += *list(row)[4].number();
  }
  EXPECT_EQ(attributed, 103) << "no task counts twice";
}

TEST(Views, TwoRunsOfOneThingAreComparedWithoutBeingAskedTo) {
  query::StoreForTest store;
  const std::string campaign = store.campaign("twice");
  for (const double rate : {0.1, 0.2}) {
    store.task(store.workflow(campaign, "train"), {"fit", {{"lr", rate}}, {{"loss", rate}}});
  }
  const query::Session session = store.session();
  const Json diff = views_of(session, "twice")["diff"];
  ASSERT_FALSE(diff.is_null());
  EXPECT_FALSE(list(diff["lines"]).empty());
  for (const Json& line : list(diff["lines"])) EXPECT_EQ(line["differs"], Json(true));
  // Others are compared when they are named, the other first.
  EXPECT_TRUE(views_of(sweep(), "sweep </script>")["diff"].is_null());
  const Json named = views_of(session, "twice", "twice")["diff"];
  EXPECT_EQ(named["a"]["kind"].text(), "campaign");
}

TEST(Views, WhatToCompareWithMustBeThere) {
  const query::Session& session = sweep();
  const Result<Scope> scope = find_scope(session, "sweep </script>");
  const Result<Json> views = views_json(*scope, "swep");
  ASSERT_FALSE(views.ok());
  EXPECT_EQ(views.status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace headrace::report
