#include "query/activity_graph.h"

#include <gtest/gtest.h>

#include "query/layered_layout.h"
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
    EXPECT_EQ(edge.relation, graph->nodes[edge.to].id == "epoch" ? "parent" : "data");
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
