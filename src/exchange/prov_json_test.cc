#include "exchange/prov_json.h"

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <string>
#include <unistd.h>

#include "query/json.h"
#include "query/store_for_test.h"

namespace headrace::exchange {
namespace {

using query::Json;

// The document of a training that used one dataset for certain and one by a guess.
Json document(bool inferred) {
  query::StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  const int64_t train = store.task(wf, {"train", {}, {}});
  store.edge(train, store.object("dataset", "/d/seen.csv", "aa11"), false);
  store.edge(train, store.object("dataset", "/d/guessed.csv", "bb22"), false, "file", false);
  store.edge(train, store.object("model", "/d/m.pt", "cc33"), true, "file", false);
  const query::Session session = store.session();
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("prov-" + std::to_string(getpid()) + ".json");
  const auto counts = export_prov_json(session, {{}, inferred, true}, file);
  EXPECT_TRUE(counts.ok()) << counts.status().message();
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove(file);
  Result<Json> parsed = Json::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return std::move(*parsed);
}

// How many there are of a relation, and of these marked as guessed.
std::pair<size_t, size_t> relations(const Json& document, const std::string& name) {
  size_t marked = 0;
  const auto& all = *document[name].as<Json::Map>();
  for (const auto& [id, relation] : all) {
    const Json& exact = relation["headrace:exact"];
    marked += exact == Json(false) ? 1 : 0;
    EXPECT_TRUE(exact.is_null() || exact == Json(false));
  }
  return {all.size(), marked};
}

TEST(ProvJson, GuessedEdgesAreLeftOutUnlessAskedFor) {
  const Json seen = document(false);
  EXPECT_EQ(relations(seen, "used"), std::make_pair(size_t{1}, size_t{0}));
  EXPECT_EQ(relations(seen, "wasGeneratedBy"), std::make_pair(size_t{0}, size_t{0}));
  EXPECT_EQ(seen["hadMember"].as<Json::Map>()->size(), 0u);
  EXPECT_EQ(seen["entity"].as<Json::Map>()->size(), 4u) << "objects are there all the same";
}

TEST(ProvJson, GuessedEdgesAreMarked) {
  const Json all = document(true);
  EXPECT_EQ(relations(all, "used"), std::make_pair(size_t{2}, size_t{1}));
  EXPECT_EQ(relations(all, "wasGeneratedBy"), std::make_pair(size_t{1}, size_t{1}));
  EXPECT_EQ(all["hadMember"].as<Json::Map>()->size(), 1u);
}

}  // namespace
}  // namespace headrace::exchange
