// The same layer in two architectures, on stores in which every joule and token is known.
#include <cmath>
#include <gtest/gtest.h>

#include "query/layers_for_test.h"

namespace headrace::query {
namespace {

// A small model of 4 J for 1000 tokens, and a large one of 30 J for 3000.
class LayerPairs : public testing::Test {
 protected:
  LayerPairs() {
    const std::string campaign = store_.campaign("models");
    const int small = store_.workflow(campaign, "small");
    const int large = store_.workflow(campaign, "large");
    const TestValues half = {{"tokens", int64_t{500}}, {"samples", int64_t{5}}};
    const int64_t task = store_.task(small, {"train", {}, half});
    store_.task(small, {"train", half, {}});  // what it used counts where it generated none
    layer(store_, task, "Small", "block.0", "forward", 100, 4'000'000);
    layer(store_, task, "Small", "block.0", "backward", 100, 6'000'000, "grouped");
    layer(store_, task, "Small", "old", "forward", 100, 1'000'000);
    layer(store_, task, "NULL", "NULL", "NULL", 0, 9'000'000, "NULL");
    const int64_t big = store_.task(large, {"train", {}, {{"tokens", int64_t{3000}}}});
    layer(store_, big, "Large", "block.0", "forward", 50, 10'000'000, "resolved", "node/gpu-0");
    // A second device in the same calls.
    layer(store_, big, "Large", "block.0", "forward", 50, 20'000'000, "resolved", "node/gpu-1");
    layer(store_, big, "Large", "block.0", "backward", 50, 5'000'000);
  }
  StoreForTest store_;
};

TEST_F(LayerPairs, AreByPathAndPhaseAndEachUnitOfWork) {
  const Session session = store_.session();
  const Json told = asked(session, "layer_pairs", "small", "large");
  ASSERT_EQ(list(told["pairs"]).size(), 2U);
  const Json& forward = list(told["pairs"])[0];
  EXPECT_EQ(forward["layer"].text() + " " + forward["phase"].text(), "block.0 forward");
  EXPECT_EQ(forward["device"].text(), "node/gpu");
  EXPECT_EQ(forward["model"].text() + " " + forward["other_model"].text(), "Small Large");
  EXPECT_DOUBLE_EQ(forward["call_j"].number().value_or(-1), 0.04);
  EXPECT_DOUBLE_EQ(forward["other_calls"].number().value_or(-1), 50);
  EXPECT_DOUBLE_EQ(forward["other_call_j"].number().value_or(-1), 0.6);
  EXPECT_DOUBLE_EQ(forward["call_ratio"].number().value_or(-1), 15);
  // A sensor's errors (0.4 J each) add up, the split's (0.3 J) do so by squares.
  const double other_u95_j = std::hypot(0.8, std::hypot(0.3, 0.3));
  EXPECT_NEAR(forward["call_u95_j"].number().value_or(-1), 0.005, 1e-12);
  EXPECT_NEAR(forward["other_call_u95_j"].number().value_or(-1), other_u95_j / 50, 1e-12);
  EXPECT_NEAR(forward["call_ratio_u95"].number().value_or(-1),
              15 * std::hypot(0.5 / 4, other_u95_j / 30), 1e-9);
  EXPECT_DOUBLE_EQ(forward["token_j"].number().value_or(-1), 0.004);
  EXPECT_DOUBLE_EQ(forward["other_token_j"].number().value_or(-1), 0.01);
  EXPECT_DOUBLE_EQ(forward["token_ratio"].number().value_or(-1), 2.5);
  EXPECT_TRUE(forward["token_reason"].is_null());
  EXPECT_DOUBLE_EQ(forward["sample_j"].number().value_or(-1), 0.4);
  EXPECT_TRUE(forward["other_sample_j"].is_null());
  EXPECT_EQ(forward["sample_reason"].text(), "other: no task used or generated samples");
  EXPECT_TRUE(forward["flop_j"].is_null());
  EXPECT_EQ(forward["flop_reason"].text(), "no task used or generated flops[\"block.0|forward\"]");

  const Json& backward = list(told["pairs"])[1];
  EXPECT_TRUE(backward["call_j"].is_null() && backward["token_j"].is_null());
  EXPECT_EQ(backward["reason"].text(), "always ran together");
  EXPECT_DOUBLE_EQ(backward["other_call_j"].number().value_or(-1), 0.1);
  EXPECT_TRUE(backward["call_ratio"].is_null());
  EXPECT_DOUBLE_EQ(backward["share_j"].number().value_or(-1), 6);

  ASSERT_EQ(list(told["only_first"]).size(), 1U);
  EXPECT_EQ(list(told["only_first"])[0]["layer"].text(), "old");
  EXPECT_TRUE(list(told["only_other"]).empty());
  ASSERT_EQ(list(told["models"]).size(), 2U);
  EXPECT_DOUBLE_EQ(list(told["models"])[0]["token_j"].number().value_or(-1), 11.0 / 1000);
  EXPECT_DOUBLE_EQ(list(told["models"])[1]["token_j"].number().value_or(-1), 35.0 / 3000);
}

TEST_F(LayerPairs, AreOfTwoModelsInOneCampaign) {
  const Session session = store_.session();
  const Json told = asked(session, "layer_pairs", "models", "models");
  ASSERT_EQ(list(told["pairs"]).size(), 2U);
  EXPECT_EQ(list(told["pairs"])[0]["model"].text(), "Large");
  EXPECT_DOUBLE_EQ(list(told["pairs"])[0]["token_ratio"].number().value_or(-1), 0.4);
  EXPECT_FALSE(ask_energy(session, {.about = "layer_pairs", .what = "small"}, "/").ok());
}

TEST_F(LayerPairs, ATaskThatDoesNotSayItLeavesItUnknown) {
  store_.task(2, {"train", {}, {}});
  const Json told = asked(store_.session(), "layer_pairs", "small", "large");
  EXPECT_TRUE(list(told["pairs"])[0]["other_token_j"].is_null());
  EXPECT_EQ(list(told["pairs"])[0]["token_reason"].text(), "other: 1 task of 2 without tokens");
}

TEST_F(LayerPairs, EmulatedJoulesAreNoMeasurement) {
  store_.run(
      "INSERT INTO sensor_row(sensor, producer, quantity, domain, truth, assumption) VALUES "
      "(1, 1, 'hw.energy', 'node/gpu-0', 'measured', 'emulated by headrace lab')");
  const Json told = asked(store_.session(), "layer_pairs", "small", "large");
  EXPECT_EQ(list(told["pairs"])[0]["truth"].text(), "emulated");
}

}  // namespace
}  // namespace headrace::query
