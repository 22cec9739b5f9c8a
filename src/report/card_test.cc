#include "report/card.h"

#include "gtest/gtest.h"
#include "report/sweep_for_test.h"

namespace headrace::report {
namespace {

std::string card_of(const query::Session& session, const CardQuestion& question = {}) {
  Result<std::string> card = workflow_card(session, question);
  EXPECT_TRUE(card.ok()) << card.status().message();
  return card.ok() ? std::move(*card) : "";
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string& sweep_card() {
  static const std::string card = card_of(sweep());
  return card;
}

// Without what stands in fences, which nothing inside can end.
std::string outside_fences(const std::string& card) {
  std::string out;
  std::string fence;
  for (size_t at = 0; at < card.size();) {
    const size_t end = std::min(card.find('\n', at), card.size());
    const std::string line = card.substr(at, end - at);
    at = end + 1;
    if (fence.empty() && line.starts_with("```")) {
      fence = line.substr(0, line.find_first_not_of('`'));
    } else if (line == fence) {
      fence.clear();
    } else if (fence.empty()) {
      out += line + "\n";
    }
  }
  EXPECT_EQ(fence, "") << "a fence was never closed";
  return out;
}

TEST(Card, HasTheHeadingsThatReadersOfOtherCardsKnow) {
  const std::string& card = sweep_card();
  size_t at = 0;
  for (const char* heading :
       {"# Workflow Card: sweep &lt;/script&gt;\n", "\n## 1. Workflow\n", "\n## 2. Summary\n",
        "\n## 3. Infrastructure\n", "\n## 4. Workflow Overview\n", "\n### 4.1 Run Summary\n",
        "\n### 4.2 Workflow Structure\n", "\n### 4.3 Resource Usage\n", "\n### 4.4 Observations\n",
        "\n## 5. Activities\n", "\n### Timing Report\n", "\n### Interpretation & Insights\n",
        "\n### Per Activity Details\n", "\n## 6. Significant Workflow Artifacts\n",
        "\n## 7. Capture\n", "\n## 8. Run It Again\n", "\n## Aggregation Method\n"}) {
    const size_t found = card.find(heading, at);
    ASSERT_NE(found, std::string::npos) << heading;
    at = found;
  }
}

TEST(Card, SaysTheFiguresAndHowTheyAreKnown) {
  const std::string& card = sweep_card();
  EXPECT_TRUE(holds(card, "ran 10 tasks in 2 workflows")) << card;
  EXPECT_TRUE(holds(card, "1 failed. They took ≈ 103 J (estimated)."));
  EXPECT_TRUE(holds(card, "| train | 5 | 1 | "));
  EXPECT_TRUE(holds(card, "| ≈ 100 J |")) << "of train; that of its epochs is within";
  EXPECT_TRUE(holds(card, "| train | used | lr | 5 | 0.1 to 9 |"));
  EXPECT_TRUE(holds(card, "| file | /data/raw.txt |"));
  EXPECT_TRUE(holds(card, "| model | /models/m0 |"));
  EXPECT_TRUE(holds(card, "| node/cpu | ≈ 103 J |"));
  EXPECT_TRUE(holds(card, "Nothing was lost"));
}

TEST(Card, EmulatedJoulesAreNoMeasurement) {
  query::StoreForTest store;
  const int fit = store.workflow(store.campaign("c"), "fit");
  store.energy(store.task(fit, {"train", {}, {}}), "node/gpu-0", "4100", "measured");
  store.run("UPDATE task_energy_row SET share_j = attributed_j");
  store.run(
      "INSERT INTO sensor_row(sensor, producer, name, quantity, domain, truth, assumption) VALUES "
      "(1, 1, 'g', 'hw.energy', 'node/gpu-0', 'measured', 'emulated by headrace lab')");
  const std::string card = card_of(store.session(), {.of = "c"});
  EXPECT_TRUE(holds(card, "They took ≈ 4.10 kJ, emulated.")) << card;
  EXPECT_TRUE(holds(card, "| node/gpu-0 | ≈ 4.10 kJ, emulated |")) << card;
  EXPECT_TRUE(holds(card, "| emulated | split |")) << card;
  EXPECT_FALSE(holds(card, "(measured)"));
}

TEST(Card, IsTheSameForTheSameStore) { EXPECT_EQ(card_of(sweep()), sweep_card()); }

TEST(Card, IsOfOneWorkflowToo) {
  const std::string card = card_of(sweep(), {.of = "train"});
  EXPECT_TRUE(holds(card, "# Workflow Card: train\n"));
  EXPECT_TRUE(holds(card, "| Campaign | sweep &lt;/script&gt; |"));
  EXPECT_TRUE(holds(card, "`python train.py`"));
  EXPECT_TRUE(holds(card, "train ran 9 tasks within"));
  EXPECT_FALSE(holds(card, "#### Replicated Runs"));
  EXPECT_FALSE(holds(card, "| clean |"));
}

TEST(Card, SaysWhatWasNotCaptured) {
  query::StoreForTest store;
  store.workflow("", "empty");
  const std::string card = card_of(store.session());
  EXPECT_TRUE(holds(card, "empty ran 0 tasks"));
  EXPECT_TRUE(holds(card, "Their energy was not recorded."));
  EXPECT_TRUE(holds(card, "headrace run -- COMMAND"));
  EXPECT_TRUE(holds(card, "No object was generated."));
}

TEST(Card, CapturedTextCannotBeMarkup) {
  query::StoreForTest store;
  const std::string hostile = "a|b\n# c <img src=x> [l](http://e.org) `k` ```";
  const int workflow = store.workflow(store.campaign(hostile), hostile);
  const int64_t task = store.task(workflow, {hostile, {{hostile, hostile}}, {{hostile, 1.0}}});
  store.edge(task, store.object("model", "/m/" + hostile, "aa"), true);
  const std::string card = outside_fences(card_of(store.session()));
  EXPECT_TRUE(holds(card, "&lt;img src=x&gt;"));
  for (const char* markup : {"<img", "\n# c", " [l]", " `k` "}) {
    EXPECT_FALSE(holds(card, markup)) << markup;
  }
  // Every row of a table has as many cells as its head: no bar of theirs counts.
  size_t bars = 0;
  size_t at = 0;
  while (at < card.size()) {
    const size_t end = std::min(card.find('\n', at), card.size());
    const std::string line = card.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line[0] != '|') {
      bars = 0;
      continue;
    }
    size_t count = 0;
    for (size_t i = 0; i < line.size(); ++i)
      count += line[i] == '|' && (i == 0 || line[i - 1] != '\\');
    if (bars != 0) {
      EXPECT_EQ(count, bars) << line;
    }
    bars = count;
  }
}

TEST(Card, WhatIsNotThereIsNotFound) {
  const auto card = workflow_card(sweep(), {.of = "swep"});
  ASSERT_FALSE(card.ok());
  EXPECT_EQ(card.status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(holds(card.status().message(), "swep")) << card.status().message();
}

}  // namespace
}  // namespace headrace::report
