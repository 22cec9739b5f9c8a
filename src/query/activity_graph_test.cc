#include "query/activity_graph.h"

#include <gtest/gtest.h>
#include <random>
#include <set>
#include <utility>

#include "query/layered_layout.h"
#include "query/picture_json.h"
#include "query/shown_nodes.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

// prepare -> 3 x train (each with an epoch inside) -> choose
class GraphTest : public ::testing::Test {
 protected:
  GraphTest() {
    wf_ = store_.workflow(store_.campaign("c"), "tune");
    const std::string corpus = store_.object("dataset", "/d/corpus", "aa");
    const int64_t prepare = store_.task(wf_, {"prepare", {}, {}});
    store_.edge(prepare, corpus, true, "corpus");
    const int64_t choose = store_.task(wf_, {"choose", {}, {}});
    for (int i = 0; i < 3; ++i) {
      const int64_t train = store_.task(wf_, {"train", {}, {}, 0, 2, i == 1 ? 3 : 2});
      store_.task(wf_, {"epoch", {}, {}, train});
      const std::string model = store_.object("model", "/d/model" + std::to_string(i), "bb");
      store_.edge(train, corpus, false, "corpus", i != 2);
      store_.edge(train, model, true, "model");
      store_.edge(choose, model, false, "candidates");
      if (i == 0) train_ = train;
    }
  }
  Result<ActivityGraph> ask(GraphQuestion question) {
    question.workflow = *Uuid::parse(StoreForTest::workflow_id(wf_));
    if (!session_) session_.emplace(store_.session());
    return activity_graph(*session_, question);
  }
  StoreForTest store_;
  std::optional<Session> session_;
  int wf_ = 0;
  int64_t train_ = 0;
};

const GraphNode& node(const ActivityGraph& graph, const std::string& id) {
  for (const GraphNode& one : graph.nodes) {
    if (one.id == id) return one;
  }
  static const GraphNode none;
  ADD_FAILURE() << "no node " << id;
  return none;
}

uint64_t failures(const ActivityGraph& graph) {
  uint64_t out = 0;
  for (const GraphNode& one : graph.nodes) out += one.statuses[3];
  return out;
}

TEST(ShownNodes, AreThoseThatFailedTheLongestAndTheFirst) {
  std::vector<NodeWeight> nodes(8, {false, 1});
  nodes[5].has_failed = true;
  nodes[6].seconds = 9;
  constexpr uint32_t kNo = kNotShown;
  EXPECT_EQ(shown_nodes(nodes, 3), (std::vector<uint32_t>{0, kNo, kNo, kNo, kNo, 1, 2, kNo}));
  EXPECT_EQ(shown_nodes(nodes, 1), (std::vector<uint32_t>{kNo, kNo, kNo, kNo, kNo, 0, kNo, kNo}));
  EXPECT_EQ(shown_nodes(nodes, 8).back(), 7U);
  EXPECT_TRUE(shown_nodes({}, 3).empty());
}

TEST_F(GraphTest, CollapsesByActivity) {
  const auto graph = ask({});
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  ASSERT_EQ(graph->nodes.size(), 4U);
  const GraphNode& train = node(*graph, "train");
  EXPECT_EQ(train.tasks, 3U);
  EXPECT_EQ(train.statuses[3], 1U);
  EXPECT_DOUBLE_EQ(train.seconds, 6);
  EXPECT_DOUBLE_EQ(node(*graph, "prepare").x, 0);
  EXPECT_DOUBLE_EQ(train.x, 1);
  EXPECT_DOUBLE_EQ(node(*graph, "choose").x, 2);
  ASSERT_EQ(graph->edges.size(), 3U);
  for (const GraphEdge& edge : graph->edges) {
    EXPECT_EQ(edge.count, 3U);
    EXPECT_EQ(edge.kind, graph->nodes[edge.to].id == "epoch" ? FlowKind::kParent : FlowKind::kData);
    // One of the three was inferred.
    EXPECT_EQ(edge.exact, graph->nodes[edge.to].id != "train");
  }
}

TEST_F(GraphTest, GivesTasksAndWhatIsNearOne) {
  const auto tasks = ask({.level = GraphLevel::kTask});
  ASSERT_TRUE(tasks.ok());
  EXPECT_EQ(tasks->nodes.size(), 8U);
  const auto few = ask({.level = GraphLevel::kTask, .most_nodes = 5});
  ASSERT_TRUE(few.ok());
  EXPECT_EQ(few->nodes.size(), 5U);
  EXPECT_EQ(few->nodes_total, 8U);
  EXPECT_EQ(failures(*few), 1U) << "it is the sixth by its begin";
  EXPECT_EQ(failures(*ask({.level = GraphLevel::kTask, .most_nodes = 1})), 1U);
  EXPECT_EQ(ask({.most_nodes = 1})->nodes[0].id, "train");
  EXPECT_EQ(ask({.level = GraphLevel::kWave, .most_nodes = 1})->nodes[0].id, "train#1");
  const auto near = ask({.level = GraphLevel::kTask, .around = StoreForTest::task_id(train_)});
  ASSERT_TRUE(near.ok());
  // Itself, its epoch, prepare, choose, and the two other trainings two steps off.
  EXPECT_EQ(near->nodes.size(), 6U);
  EXPECT_EQ(ask({.level = GraphLevel::kTask, .around = "none"}).status().code(),
            StatusCode::kNotFound);
}

TEST_F(GraphTest, TellsWavesApart) {
  const auto graph = ask({.level = GraphLevel::kWave});
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(node(*graph, "train#1").tasks, 3U);
  EXPECT_EQ(node(*graph, "choose#2").tasks, 1U);
}

// Whatever is asked for, the same tasks are in it: the sums of the store and those task by task.
TEST_F(GraphTest, HasTheSameTasksAtEachLevel) {
  store_.energy(train_, "node/gpu-0", "5", "measured");
  for (int64_t task = 1; task <= 8; ++task) store_.energy(task, "node", "2", "measured");
  const auto sums = ask({});
  const auto one_by_one = ask({.around = "train"});  // everything is near it
  ASSERT_TRUE(sums.ok() && one_by_one.ok());
  ASSERT_EQ(sums->nodes.size(), one_by_one->nodes.size());
  for (size_t i = 0; i < sums->nodes.size(); ++i) {
    EXPECT_EQ(sums->nodes[i].id, one_by_one->nodes[i].id);
    EXPECT_EQ(sums->nodes[i].statuses, one_by_one->nodes[i].statuses);
    EXPECT_EQ(sums->nodes[i].energy_j, one_by_one->nodes[i].energy_j);
    EXPECT_EQ(sums->nodes[i].wave, one_by_one->nodes[i].wave);
    EXPECT_EQ(sums->nodes[i].x, one_by_one->nodes[i].x);
    EXPECT_EQ(sums->nodes[i].y, one_by_one->nodes[i].y);
  }
  EXPECT_EQ(node(*sums, "train").energy_j, 6) << "the GPU lies in the node";
  ASSERT_EQ(sums->edges.size(), one_by_one->edges.size());
  for (size_t i = 0; i < sums->edges.size(); ++i) {
    EXPECT_EQ(sums->edges[i].count, one_by_one->edges[i].count);
    EXPECT_EQ(sums->edges[i].name, one_by_one->edges[i].name);
    EXPECT_EQ(sums->edges[i].exact, one_by_one->edges[i].exact);
  }
  for (const GraphLevel level : {GraphLevel::kActivity, GraphLevel::kWave, GraphLevel::kTask}) {
    const auto graph = ask({.level = level});
    ASSERT_TRUE(graph.ok());
    double joules = 0;
    for (const GraphNode& one : graph->nodes) joules += one.energy_j.value_or(0);
    EXPECT_EQ(failures(*graph), 1U) << name_of(level);
    EXPECT_DOUBLE_EQ(joules, 16) << name_of(level);
  }
}

TEST_F(GraphTest, DoesNotAddUpWhatIsNotKnown) {
  store_.energy(train_, "node", "5", "measured");  // the others have no figure
  store_.energy(1, "node", "NULL", "measured");
  store_.energy(1, "process", "3", "estimated");  // lies in the node
  for (const GraphLevel level : {GraphLevel::kActivity, GraphLevel::kWave}) {
    const auto graph = ask({.level = level});
    ASSERT_TRUE(graph.ok());
    for (const GraphNode& one : graph->nodes) EXPECT_FALSE(one.energy_j.has_value()) << one.id;
  }
  const auto tasks = ask({.level = GraphLevel::kTask});
  ASSERT_TRUE(tasks.ok());
  EXPECT_FALSE(node(*tasks, StoreForTest::task_id(1)).energy_j.has_value());
  EXPECT_EQ(node(*tasks, StoreForTest::task_id(train_)).energy_j, 5);
}

TEST_F(GraphTest, SumsDomainsThatOnlySomeTasksHave) {
  // 1 prepares, 2 chooses, 3, 5 and 7 train.
  store_.energy(3, "node/gpu-0", "5", "measured");
  for (const int64_t task : {3, 5, 7}) store_.energy(task, "node/cpu-0", "2", "measured");
  const auto graph = ask({});
  ASSERT_TRUE(graph.ok());
  EXPECT_EQ(node(*graph, "train").energy_j, 11);
}

TEST_F(GraphTest, HasOnlyEdgesThatWereCaptured) {
  const int other = store_.workflow(store_.campaign("d"), "other");
  const std::string note = store_.object("file", "/d/note", "cc");
  // It reads what it wrote itself; a task of another workflow reads it too.
  store_.edge(train_, note, true, "note");
  store_.edge(train_, note, false, "note");
  store_.edge(store_.task(other, {"judge", {}, {}}), note, false, "note");
  store_.workflow_edge(wf_, note, false);
  for (const GraphLevel level : {GraphLevel::kActivity, GraphLevel::kTask}) {
    const auto graph = ask({.level = level});
    ASSERT_TRUE(graph.ok());
    for (const GraphEdge& edge : graph->edges) {
      EXPECT_NE(edge.name, "note");
      EXPECT_NE(edge.from, edge.to);
    }
    EXPECT_EQ(graph->edges.size(), level == GraphLevel::kTask ? 9U : 3U);
  }
}

TEST_F(GraphTest, IsTheSameEachTimeAsColumns) {
  const auto graph = ask({.level = GraphLevel::kTask});
  const auto again = ask({.level = GraphLevel::kTask});
  ASSERT_TRUE(graph.ok() && again.ok());
  const Json json = activity_graph_json(*graph, GraphLevel::kTask);
  EXPECT_EQ(json, activity_graph_json(*again, GraphLevel::kTask));
  EXPECT_EQ(json["activities"].dump(), R"(["prepare","choose","train","epoch"])");
  for (const char* name : {"id", "activity", "wave", "tasks", "duration_s", "energy_j", "x", "y"}) {
    EXPECT_EQ(json["nodes"][name].as<Json::List>()->size(), 8U) << name;
  }
  EXPECT_EQ(json["nodes"]["statuses"]["failed"].dump(), "[0,0,0,0,1,0,0,0]");
  EXPECT_TRUE(json["nodes"]["statuses"]["running"].is_null()) << "no task has it";
  for (const char* name : {"from", "to", "relation", "name", "exact", "count"}) {
    EXPECT_EQ(json["edges"][name].as<Json::List>()->size(), 9U) << name;
  }
}

TEST(LayeredLayout, GivesEachNodeAPlaceOfItsOwnAndAlwaysTheSame) {
  std::mt19937 random(3);
  constexpr uint32_t kNodes = 600;
  std::vector<LayoutEdge> edges;
  for (uint32_t to = 1; to < kNodes; ++to) {
    for (int i = 0; i < 2; ++i) edges.push_back({static_cast<uint32_t>(random() % to), to});
  }
  const auto places = layered_layout(kNodes, edges);
  const auto again = layered_layout(kNodes, edges);
  std::set<std::pair<uint32_t, double>> taken;
  for (uint32_t node = 0; node < kNodes; ++node) {
    EXPECT_TRUE(taken.emplace(places[node].layer, places[node].y).second) << node;
    EXPECT_EQ(places[node].layer, again[node].layer);
    EXPECT_EQ(places[node].y, again[node].y);
  }
  for (const LayoutEdge& edge : edges) {
    EXPECT_LT(places[edge.from].layer, places[edge.to].layer) << "data flow to the right";
  }
}

TEST(LayeredLayout, EndsOnCycles) {
  const auto places = layered_layout(4, {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {3, 3}});
  ASSERT_EQ(places.size(), 4U);
  EXPECT_GT(places[3].layer, places[2].layer);
}

TEST(LayeredLayout, UncrossesEdges) {
  // 0 and 1 to 3 and 2: drawn in the order of numbers they would cross.
  const auto places = layered_layout(4, {{0, 3}, {1, 2}});
  EXPECT_EQ(places[0].y < places[1].y, places[3].y < places[2].y);
  EXPECT_TRUE(layered_layout(0, {}).empty());
}

}  // namespace
}  // namespace headrace::query
