#include "query/lineage.h"

#include <algorithm>
#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "query/affects.h"
#include "query/edge_rows.h"
#include "query/store_for_test.h"
#include "query/value_match.h"
#include "query/why.h"

namespace headrace::query {
namespace {

// Objects and tasks at random, with what reaches what computed edge by edge.
struct RandomGraph {
  StoreForTest store;
  std::vector<std::string> objects;
  std::map<std::string, std::set<std::string>> ahead;
  std::map<std::string, std::set<std::string>> behind;

  RandomGraph(unsigned seed, int tasks, bool cyclic) {
    std::mt19937 random(seed);
    const int wf = store.workflow(store.campaign("c"), "w");
    for (int i = 0; i < tasks * 2; ++i) {
      const std::string n = std::to_string(i);
      objects.push_back(store.object("file", "/d/o" + n, "aa" + n));
    }
    for (int t = 0; t < tasks; ++t) {
      const int64_t number = store.task(wf, {"step", {}, {}});
      const std::string id = StoreForTest::task_id(number);
      for (int k = 0; k < 4; ++k) {
        const bool generated = k % 2 == 1;
        const auto past = static_cast<unsigned>(cyclic ? tasks * 2 : generated ? 2 : t * 2 + 1);
        const size_t at = random() % past + (generated && !cyclic ? static_cast<size_t>(t) * 2 : 0);
        const std::string object = objects[std::min(at, objects.size() - 1)];
        store.edge(number, object, generated, "f" + std::to_string(k));
        const std::string& from = generated ? id : object;
        const std::string& to = generated ? object : id;
        ahead[from].insert(to);
        behind[to].insert(from);
      }
    }
  }
  static std::set<std::string> reached(const std::map<std::string, std::set<std::string>>& edges,
                                       const std::string& start) {
    std::set<std::string> seen{start};
    std::vector<std::string> open{start};
    while (!open.empty()) {
      const std::string at = open.back();
      open.pop_back();
      const auto found = edges.find(at);
      if (found == edges.end()) continue;
      for (const std::string& to : found->second) {
        if (seen.insert(to).second) open.push_back(to);
      }
    }
    return seen;
  }
};

std::set<std::string> ids_of(const Lineage& lineage) {
  std::set<std::string> out;
  for (const LineageNode& n : lineage.nodes) out.insert(n.id.text());
  return out;
}

TEST(Lineage, ReachesExactlyWhatTheEdgesReach) {
  for (const bool cyclic : {false, true}) {
    RandomGraph graph(cyclic ? 7 : 3, 120, cyclic);
    const auto ahead = graph.ahead;
    const auto behind = graph.behind;
    const Session session = graph.store.session();
    const Result<EdgeIndex> index = EdgeIndex::open(session);
    ASSERT_TRUE(index.ok()) << index.status().message();
    for (const std::string& object : graph.objects) {
      const Uuid id = *Uuid::parse(object);
      const auto back = walk_lineage(session, *index, NodeKind::kObject, id, Direction::kBehind);
      const auto forth = walk_lineage(session, *index, NodeKind::kObject, id, Direction::kAhead);
      ASSERT_TRUE(back.ok() && forth.ok());
      EXPECT_EQ(ids_of(*back), RandomGraph::reached(behind, object));
      EXPECT_EQ(ids_of(*forth), RandomGraph::reached(ahead, object));
    }
  }
}

TEST(Lineage, OnlyPathIsWhatLiesBetween) {
  RandomGraph graph(11, 60, false);
  const auto ahead = graph.ahead;
  const auto behind = graph.behind;
  const Session session = graph.store.session();
  const Result<EdgeIndex> index = EdgeIndex::open(session);
  ASSERT_TRUE(index.ok());
  const auto walk = [&](const std::string& object, Direction direction) {
    return *walk_lineage(session, *index, NodeKind::kObject, *Uuid::parse(object), direction);
  };
  size_t met = 0;
  for (size_t i = 0; i + 50 < graph.objects.size(); ++i) {
    const std::string& first = graph.objects[i];
    const std::string& last = graph.objects[i + 50];
    std::set<std::string> expected;
    const auto from_first = RandomGraph::reached(ahead, first);
    for (const std::string& id : RandomGraph::reached(behind, last)) {
      if (from_first.contains(id)) expected.insert(id);
    }
    if (!from_first.contains(last)) expected.clear();
    met += expected.empty() ? 0 : 1;
    EXPECT_EQ(
        ids_of(lineage_between(walk(last, Direction::kBehind), walk(first, Direction::kAhead))),
        expected);
  }
  EXPECT_GT(met, 0u);
}

TEST(Lineage, DepthStopsAndSaysThatMoreGoesOn) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  std::string before = store.object("file", "/d/0", "aa0");
  for (int i = 1; i <= 5; ++i) {
    const int64_t task = store.task(wf, {"step", {}, {}});
    store.edge(task, before, false);
    before = store.object("file", "/d/" + std::to_string(i), "aa" + std::to_string(i));
    store.edge(task, before, true);
  }
  const Session session = store.session();
  WhyOptions options;
  options.lineage.depth = 4;
  const Result<Why> why = explain(session, before, "/", options);
  ASSERT_TRUE(why.ok());
  EXPECT_EQ(why->nodes.size(), 5u);  // 5, its task, 4, its task, 3
  EXPECT_NE(why_text(*why).find("beyond"), std::string::npos) << why_text(*why);
  EXPECT_EQ(why_json(*why)["cut"], Json(int64_t{1}));
  EXPECT_EQ(why_text(*why).find("(raw)"), std::string::npos) << "3 was made, beyond the depth";
  options.lineage.depth = 10;
  const Result<Why> all = explain(session, before, "/", options);
  EXPECT_EQ(all->nodes.size(), 11u);
  EXPECT_NE(why_text(*all).find("/d/0 (raw)"), std::string::npos) << why_text(*all);
  EXPECT_EQ(why_text(*all).find("beyond"), std::string::npos);
}

TEST(Lineage, AFileRewrittenInPlaceIsSaid) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  const std::string a = store.object("file", "/d/a", "a1a1a1a1");
  const std::string b = store.object("file", "/d/b", "b1b1b1b1");
  const int64_t forth = store.task(wf, {"forth", {}, {}});
  const int64_t back = store.task(wf, {"back", {}, {}});
  store.edge(forth, a, false);
  store.edge(forth, b, true);
  store.edge(back, b, false);
  store.edge(back, a, true);
  const Session session = store.session();
  const Result<Why> why = explain(session, a, "/");
  ASSERT_TRUE(why.ok());
  EXPECT_NE(why_text(*why).find("cycle"), std::string::npos) << why_text(*why);
  EXPECT_NE(why_text(*why).find("a → forth → b → back → a: each was made from the others"),
            std::string::npos)
      << why_text(*why);
  const Result<Why> affected = affected_by(session, a, "/");
  ASSERT_TRUE(affected.ok());
  EXPECT_NE(why_text(*affected).find("cycle"), std::string::npos) << why_text(*affected);
}

TEST(Lineage, EqualValuesAreFollowedOnlyWhenAskedForAndMarked) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  store.task(wf, {"search", {}, {{"best_lr", 0.123457}, {"epochs", int64_t{3}}}, 0, 0.0001});
  const int64_t train = store.task(wf, {"train", {{"lr", 0.123457}, {"epochs", int64_t{3}}}, {}});
  const std::string model = store.object("model", "/d/m.pt", "aa11");
  store.edge(train, model, true);
  const Session session = store.session();
  const Result<Why> plain = explain(session, model, "/");
  ASSERT_TRUE(plain.ok());
  EXPECT_EQ(plain->nodes.size(), 2u);
  WhyOptions options;
  options.lineage.inferred = true;
  const Result<Why> inferred = explain(session, model, "/", options);
  ASSERT_TRUE(inferred.ok()) << inferred.status().message();
  ASSERT_EQ(inferred->nodes.size(), 3u);
  size_t values = 0;
  for (const LineageEdge& e : inferred->edges) {
    if (e.relation != "value") continue;
    ++values;
    EXPECT_FALSE(e.exact);
    EXPECT_EQ(e.name, "best_lr → lr");
  }
  EXPECT_EQ(values, 1u);  // three epochs tell nothing
  EXPECT_NE(why_text(*inferred).find("the value best_lr → lr of task search (inferred)"),
            std::string::npos)
      << why_text(*inferred);
  const Result<Why> ahead = affected_by(session, StoreForTest::task_id(1), "/", options);
  ASSERT_TRUE(ahead.ok());
  EXPECT_NE(why_text(*ahead).find("train of workflow w → m.pt (inferred)"), std::string::npos)
      << why_text(*ahead);
}

// What is known of nodes by their label: were they seen, or only guessed to belong?
std::map<std::string, bool> exactness(const Result<Why>& why) {
  std::map<std::string, bool> out;
  for (const WhyNode& n : why->nodes) out[n.label] = n.node.exact;
  return out;
}

TEST(Lineage, WhatOnlyAGuessLeadsToIsInferredAllTheWay) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "w");
  const std::string space = store.object("dataset", "/d/space.csv", "aa11");
  const std::string corpus = store.object("dataset", "/d/corpus.bin", "bb22");
  const std::string model = store.object("model", "/d/m.pt", "cc33");
  const std::string figure = store.object("figure", "/d/f.png", "dd44");
  const int64_t search = store.task(wf, {"search", {}, {{"best_lr", 0.123457}}, 0, 0.0001});
  store.edge(search, space, false);
  store.edge(store.task(wf, {"load", {}, {}, search}), corpus, false);
  const int64_t train = store.task(wf, {"train", {{"lr", 0.123457}}, {}});
  store.edge(train, corpus, false);
  store.edge(train, model, true);
  const int64_t draw = store.task(wf, {"draw", {}, {}});
  store.edge(draw, model, false);
  store.edge(draw, figure, true);
  const Session session = store.session();
  WhyOptions options;
  options.lineage.inferred = true;
  // The corpus was seen to go into the training, whatever the search did with it.
  const Result<Why> why = explain(session, figure, "/", options);
  ASSERT_TRUE(why.ok()) << why.status().message();
  EXPECT_EQ(exactness(why), (std::map<std::string, bool>{{"f.png", true},
                                                         {"draw", true},
                                                         {"m.pt", true},
                                                         {"train", true},
                                                         {"corpus.bin", true},
                                                         {"search", false},
                                                         {"load", false},
                                                         {"space.csv", false}}));
  EXPECT_EQ(why_json(*why)["cost"]["steps"], Json(int64_t{2}));
  EXPECT_EQ(why_json(*why)["cost"]["steps_inferred"], Json(int64_t{1}));
  EXPECT_NE(why_text(*why).find("; without 1 inferred step"), std::string::npos) << why_text(*why);
  const Result<Why> ahead = affected_by(session, space, "/", options);
  ASSERT_TRUE(ahead.ok());
  EXPECT_EQ(exactness(ahead), (std::map<std::string, bool>{{"space.csv", true},
                                                           {"search", true},
                                                           {"train", false},
                                                           {"m.pt", false},
                                                           {"draw", false},
                                                           {"f.png", false}}));
  EXPECT_NE(why_text(*ahead).find("affects 2 objects (2 of them inferred), through 3 tasks (2 of "
                                  "them inferred) of 1 workflow."),
            std::string::npos)
      << why_text(*ahead);
  // A part of the way is as sure as the way.
  options.only_path = space;
  EXPECT_FALSE(exactness(explain(session, figure, "/", options))["train"]);
}

TEST(ValueMatch, TellsValuesThatMeanSomething) {
  EXPECT_TRUE(is_telling("0.000123456", true));
  EXPECT_TRUE(is_telling("1234567", true));
  EXPECT_FALSE(is_telling("1000000", true));
  EXPECT_FALSE(is_telling("0.001", true));
  EXPECT_FALSE(is_telling("1e-05", true));
  EXPECT_TRUE(is_telling("run-2026-11-21", false));
  EXPECT_FALSE(is_telling("train", false));
}

TEST(Affects, IsTheOtherSideOfWhy) {
  StoreForTest store;
  const int wf = store.workflow(store.campaign("c"), "tune");
  const std::string corpus = store.object("dataset", "/d/corpus.bin", "aa11bb22cc");
  for (int i = 0; i < 3; ++i) {
    const int64_t whole = store.task(wf, {"finetune", {}, {}});
    store.edge(store.task(wf, {"load", {}, {}, whole}), corpus, false);
    const std::string n = std::to_string(i);
    store.edge(whole, store.object("model", "/d/model" + n, "bb" + n), true);
  }
  const Session session = store.session();
  const Result<Why> affected = affected_by(session, "corpus.bin", "/d");
  ASSERT_TRUE(affected.ok()) << affected.status().message();
  const std::string text = why_text(*affected);
  EXPECT_NE(
      text.find("corpus.bin (dataset, sha256 aa11bb22…) affects 3 objects, through 6 tasks of "
                "1 workflow."),
      std::string::npos)
      << text;
  EXPECT_NE(text.find("3 tasks finetune of workflow tune → model0, model1, model2"),
            std::string::npos)
      << text;
  const Json json = why_json(*affected);
  EXPECT_EQ(json["affected"]["objects"], Json(int64_t{3}));
  EXPECT_EQ(json["ends"].as<Json::List>()->size(), 3u);
  const Result<Why> none = affected_by(session, "model1", "/d");
  EXPECT_NE(why_text(*none).find("went into nothing that was captured"), std::string::npos);
}

TEST(EdgeIndex, KeepsRunsAndTakesUpWhatComesLater) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("headrace-runs-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  {
    Result<store::Store> store =
        store::Store::open(folder / "store.duckdb", store::OpenMode::kReadWrite);
    ASSERT_TRUE(store.ok());
    const store::Connection connection = std::move(*store->connect());
    ASSERT_TRUE(connection
                    .run("INSERT INTO producer_row(producer, uid, prefix) VALUES (1, 77, "
                         "'000000000004d800')")
                    .ok());
    const auto add = [&](int first, int past) {
      // Task s used what task s - 1 generated.
      const std::string object = "md5((s + r - 1)::VARCHAR)::UUID";
      ASSERT_TRUE(connection
                      .run("INSERT INTO edge_row SELECT r, 1, s, NULL, " + object +
                           ", 'file', true FROM range(" + std::to_string(first) + ", " +
                           std::to_string(past) + ") a(s), range(2) b(r) ORDER BY s, r")
                      .ok());
    };
    const Session session = Session::over(folder, std::move(*store));
    const EdgeIndexOptions small{100, 1000};
    const auto reached = [&](const std::string& from) {
      const Result<EdgeIndex> index = EdgeIndex::open(session, small);
      EXPECT_TRUE(index.ok()) << index.status().message();
      const Uuid id =
          *Uuid::parse(session.rows("SELECT md5('" + from + "')::UUID")->front()[0].text);
      return walk_lineage(session, *index, NodeKind::kObject, id, Direction::kBehind)->nodes.size();
    };
    const auto files = [&] {
      std::set<std::string> names;
      for (const auto& at : std::filesystem::directory_iterator(folder / "lineage")) {
        names.insert(at.path().filename().string());
      }
      return names;
    };
    add(1, 201);
    EXPECT_EQ(reached("200"), 401u);
    EXPECT_EQ(files(), std::set<std::string>{"edges-0-400.run"});
    add(201, 221);  // too few for a run
    EXPECT_EQ(reached("220"), 441u);
    EXPECT_EQ(files(), std::set<std::string>{"edges-0-400.run"});
    add(221, 441);  // merged with the one before
    EXPECT_EQ(reached("440"), 881u);
    EXPECT_EQ(files(), std::set<std::string>{"edges-0-880.run"});
    add(441, 2001);
    EXPECT_EQ(reached("2000"), 4001u);
    // A damaged run, and one of another store, are made again.
    std::filesystem::resize_file(folder / "lineage" / *files().begin(), 1000);
    EXPECT_EQ(reached("2000"), 4001u);
    // Rows that were removed, and their numbers given to others.
    ASSERT_TRUE(connection
                    .run("DELETE FROM edge_row WHERE seq = 1000; INSERT INTO amendment VALUES "
                         "(1, 'workflow', NULL, 'remove', '')")
                    .ok());
    EXPECT_EQ(reached("2000"), 2001u);
    ASSERT_TRUE(connection
                    .run("CREATE TABLE kept AS FROM edge_row; DELETE FROM edge_row; INSERT INTO "
                         "edge_row FROM kept; CHECKPOINT")
                    .ok());
    EXPECT_EQ(reached("2000"), 2001u);
    add(2001, 2051);
    EXPECT_EQ(reached("2050"), 2101u);
    // A visitor moves the vector that a node's id stands in: later runs are asked for the same.
    ASSERT_TRUE(
        connection.run("INSERT INTO edge_row SELECT 0, 1, 5, NULL, md5('late')::UUID, 'file', true")
            .ok());
    const Result<EdgeIndex> index = EdgeIndex::open(session, small);
    ASSERT_TRUE(index.ok());
    ASSERT_GT(index->run_count(), 1u);
    Uuid asked = task_uuid(77, 5);
    size_t used = 0;
    index->into(asked, [&](const LineageStep&) {
      ++used;
      asked = Uuid();
    });
    EXPECT_EQ(used, 2u);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace headrace::query
