#include "query/energy_card.h"

#include <cmath>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <numeric>

#include "base/id.h"
#include "query/store_for_test.h"

namespace headrace::query {
namespace {

// Two workflows in one process, of known joules: `fit` of an outer task and two tasks inside it,
// `other` of one. Another process uses nothing of theirs.
struct Known {
  StoreForTest store;
  std::string campaign = store.campaign("sweep");
  int fit = store.workflow(campaign, "fit");
  int other = store.workflow(store.campaign("d"), "other");
  int64_t outer = store.task(fit, {"train", {}, {}, 0, 4});
  int64_t first = store.task(fit, {"epoch", {}, {}, outer, 1});
  int64_t second = store.task(fit, {"epoch", {}, {}, outer, 3});
  int64_t apart = store.task(other, {"x", {}, {}});
  int64_t unseen = store.task(fit, {"blind", {}, {}});

  Known() {
    // attributed_j, share_j, split_u95_j, sensor error, coverage, truth, reason
    row(outer, "node/gpu-0", "12.5", 12.5, 0.5, 0.625, 1, "measured", "");
    row(first, "node/gpu-0", "NULL", 2.000001, 0.3, 0.1, 1, "measured",
        "shorter than the sensor can tell");
    row(second, "node/gpu-0", "8", 8, 0.4, 0.4, 0.5, "measured", "read failed");
    row(apart, "node/gpu-0", "1", 1, 0.1, 0.05, 1, "measured", "");
    row(outer, "node/cpu-0", "4", 4, 1, 0.2, 1, "mixed", "");
    row(first, "node/cpu-0", "1", 1, 0.25, 0.05, 1, "mixed", "");
    row(second, "node/cpu-0", "3", 3, 0.75, 0.15, 1, "mixed", "");
    store.run(
        "INSERT INTO energy_balance_row VALUES (1, 'node/gpu-0', 'measured', 20000000, 13500000, "
        "6000000, 500000), (1, 'node/cpu-0', 'measured', 9000000, 4000000, 3000000, 2000000)");
  }
  void row(int64_t task, const std::string& domain, const std::string& attributed, double share,
           double split, double sensor, double coverage, const std::string& truth,
           const std::string& reason) {
    store.energy(task, domain, attributed, truth);
    char set[512];
    std::snprintf(set, sizeof set,
                  "UPDATE task_energy_row SET share_j = %.9f, split_u95_j = %.9f, u95_j = %.17g, "
                  "coverage = %.9f, reason = nullif('%s', '') WHERE seq = %lld AND domain = '%s'",
                  share, split, std::hypot(split, sensor), coverage, reason.c_str(),
                  static_cast<long long>(task), domain.c_str());
    store.run(set);
  }
};

const EnergyLine* line_of(const EnergyCard& card, const std::string& activity,
                          const std::string& domain) {
  for (const EnergyLine& line : card.lines) {
    if (line.activity == activity && line.domain == domain) return &line;
  }
  return nullptr;
}

void expect_sums(const EnergyCard& card) {
  const int64_t sum = std::accumulate(
      card.lines.begin(), card.lines.end(), int64_t{0},
      [](int64_t uj, const EnergyLine& line) { return uj + line.figure.energy_uj; });
  EXPECT_EQ(sum, card.total.energy_uj);
  EXPECT_EQ(sum, card.all_books.attributed_uj);
  for (const EnergyBooks& one : card.books) EXPECT_EQ(one.difference_uj(), 0) << one.domain;
  EXPECT_EQ(card.all_books.difference_uj(), 0);
}

TEST(EnergyCard, AddsUpToTheMicroJoule) {
  Known known;
  const Session session = known.store.session();
  const auto card = energy_card(session, "sweep", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  EXPECT_EQ(card->of, "campaign sweep");
  EXPECT_EQ(card->idle_policy, "separate");
  expect_sums(*card);
  ASSERT_EQ(card->lines.size(), 4U);
  EXPECT_EQ(card->lines[0].activity, "epoch") << "the largest first";
  const EnergyLine* const epochs = line_of(*card, "epoch", "node/gpu-0");
  EXPECT_EQ(epochs->figure.energy_uj, 10'000'001) << "what is withheld counts";
  EXPECT_EQ(epochs->tasks, 2);
  EXPECT_EQ(epochs->withheld, 1);
  EXPECT_DOUBLE_EQ(*epochs->coverage, (1 * 1 + 3 * 0.5) / 4);
  EXPECT_EQ(epochs->figure.truth, "measured");
  EXPECT_EQ(line_of(*card, "train", "node/gpu-0")->figure.energy_uj, 2'499'999)
      << "without the tasks inside";
  EXPECT_EQ(line_of(*card, "train", "node/cpu-0")->figure.energy_uj, 0);
  EXPECT_EQ(card->total.energy_uj, 16'500'000);
  EXPECT_EQ(card->total.truth, "mixed");
  ASSERT_EQ(card->books.size(), 2U);
  EXPECT_EQ(card->books[1].domain, "node/gpu-0");
  EXPECT_EQ(card->books[1].attributed_uj, 12'500'000);
  EXPECT_EQ(card->books[1].elsewhere_uj, 1'000'000);
  EXPECT_EQ(card->books[1].measured_uj, 20'000'000);
  EXPECT_EQ(card->without_energy, 1);

  const auto everything = energy_card(session, "", "/");
  ASSERT_TRUE(everything.ok()) << everything.status().message();
  expect_sums(*everything);
  EXPECT_EQ(everything->total.energy_uj, 17'500'000);
  EXPECT_EQ(everything->all_books.elsewhere_uj, 0);
}

TEST(EnergyCard, SensorsErrorsAddUpAndThoseOfTasksBySquares) {
  Known known;
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  const EnergyFigure& gpu = line_of(*card, "epoch", "node/gpu-0")->figure;
  EXPECT_NEAR(gpu.sensor_u95_j, 0.1 + 0.4, 1e-6);
  EXPECT_NEAR(gpu.split_u95_j, 0.5, 1e-6) << "the root of 0.3^2 + 0.4^2";
  EXPECT_NEAR(gpu.u95_j(), std::hypot(0.5, 0.5), 1e-6);
  const EnergyFigure& cpu = line_of(*card, "epoch", "node/cpu-0")->figure;
  EXPECT_NEAR(cpu.split_u95_j, 0.25 * 4, 1e-6)
      << "what a model is off by is the same in all tasks that it divides among";
}

TEST(EnergyCard, SaysWhyAFigureIsMissing) {
  Known known;
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  const std::string text = energy_card_text(*card);
  for (const char* const sentence :
       {"Energy of workflow fit: ≈ 16.5 J ± ",
        "1 task in node/gpu-0 without a figure of its own: "
        "shorter than the sensor can tell",
        "1 task in node/gpu-0 covered in part: read failed",
        "1 task without energy: no sensor was read while it was open", "0 uJ"}) {
    EXPECT_NE(text.find(sentence), std::string::npos) << sentence << "\n" << text;
  }
  const Json json = energy_card_json(*card);
  EXPECT_EQ(json["total"]["energy_uj"], Json(int64_t{16'500'000}));
  EXPECT_EQ((*json["conservation"].as<Json::List>())[1]["difference_uj"], Json(int64_t{0}));
  EXPECT_TRUE(json["carbon"].is_null());
}

TEST(EnergyCard, TellsOfEachActivityWhatCanBeTold) {
  Known known;
  known.store.run(
      "INSERT INTO producer_row(producer, uid, hostname, pid, state, facts) VALUES "
      "(2, 78, 'node1', 43, 'ended', '{}');"
      "INSERT INTO activity_row SELECT 100 + i, 'layer.' || i, NULL FROM range(3) t(i);"
      // Process 1: layers 0 and 1 only together, 2 by its time alone. Process 2 belongs to another.
      "INSERT INTO activity_energy_row VALUES "
      "(1, 'node/gpu-0', 100, 100, 'grouped', 4, 2, 3, 10, 0.5, 90, 60),"
      "(1, 'node/gpu-0', 101, 100, 'grouped', 4, 2, 7, 10, 0.5, 90, 60),"
      "(1, 'node/gpu-0', 102, 102, 'unresolved', 1, 0.5, 1, 1, 0.9, 2, 3),"
      "(1, 'node/cpu-0', 102, 102, 'resolved', 1, 0.5, 4, 4, 0.2, 8, 70),"
      "(2, 'node/gpu-0', 100, 100, 'resolved', 4, 2, 99, 99, 1, 90, 60)");
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  ASSERT_EQ(card->activities.size(), 4U);
  const Json json = energy_card_json(*card);
  const Json::List& all = *json["activities"].as<Json::List>();
  EXPECT_EQ(all[0]["domain"], Json("node/cpu-0"));
  EXPECT_EQ(all[0]["attributed_j"], Json(4.0));
  EXPECT_TRUE(all[0]["group"].is_null());
  EXPECT_EQ(all[1]["activity"], Json("layer.1")) << "the largest of a group first";
  EXPECT_TRUE(all[1]["attributed_j"].is_null()) << "it has no figure of its own";
  EXPECT_EQ(all[1]["group"], Json("layer.0 + layer.1"));
  EXPECT_EQ(all[1]["group_j"], Json(10.0));
  EXPECT_EQ(all[1]["group_u95_j"], Json(0.5));
  EXPECT_EQ(all[3]["resolution"], Json("unresolved"));
  EXPECT_TRUE(all[3]["group"].is_null()) << "nothing else shares its figure";
  EXPECT_TRUE(all[3]["attributed_j"].is_null());

  const auto everything = energy_card(session, "", "/");
  ASSERT_TRUE(everything.ok()) << everything.status().message();
  EXPECT_EQ(everything->activities.size(), 5U) << "resolved here and grouped there: two rows";
}

TEST(EnergyCard, ShowsWhichDomainHoldsWhichAndWhereThatCannotBe) {
  Known known;
  known.store.run(
      "INSERT INTO energy_domain_row VALUES "
      "(1, 'node', NULL, 'whole', 'measured', 0, 1000, 30000000, 29000000, -1000000, 2000000, "
      "0.25, true, 1, NULL),"
      "(1, 'node/cpu-0', 'node', 'divided', 'measured', 0, 1000, 9000000, NULL, NULL, NULL, NULL, "
      "NULL, 0.75, 'read failed'),"
      "(1, 'node/gpu-0', 'node', 'divided', 'measured', 0, 1000, 20000000, NULL, NULL, NULL, NULL, "
      "NULL, 1, NULL)");
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  ASSERT_EQ(card->domains.size(), 3U);
  EXPECT_TRUE(card->domains[0].inconsistent);
  EXPECT_EQ(card->domains[1].parent, "node");
  EXPECT_EQ(card->domains[1].reason, "read failed");
  const Json json = energy_card_json(*card);
  const Json::List& all = *json["domains"].as<Json::List>();
  EXPECT_EQ(all[0]["children_j"], Json(29.0));
  EXPECT_EQ(all[0]["other_j"], Json(-1.0));
  EXPECT_TRUE(all[0]["parent"].is_null());
  EXPECT_TRUE(all[1]["children_j"].is_null()) << "it has no parts, which is not 0 J of parts";
  EXPECT_EQ(all[1]["coverage"], Json(0.75));
  const std::string sentence =
      "node counted 28.0 J, its parts 29.0 J: one of these sensors is wrong";
  EXPECT_NE(energy_card_text(*card).find(sentence), std::string::npos) << energy_card_text(*card);
}

TEST(EnergyCard, TellsWhereBooksDoNotAddUp) {
  Known known;
  known.store.run(
      "UPDATE energy_balance_row SET measured_uj = measured_uj + 7 WHERE domain = "
      "'node/gpu-0'");
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  EXPECT_EQ(card->all_books.difference_uj(), 7);
  EXPECT_NE(energy_card_text(*card).find("7 uJ"), std::string::npos);
}

TEST(EnergyCard, AProcessThatReadTheCounterForOthersBelongsToTheBooks) {
  Known known;
  // Process 2 read the node's counter while process 1 ran the tasks; process 3 came much later.
  known.store.run(
      "UPDATE energy_balance_row SET producer = 2;"
      "INSERT INTO producer_row(producer, uid, hostname, pid, state, facts) VALUES "
      "(2, 78, 'node1', 43, 'ended', '{}'), (3, 79, 'node1', 44, 'ended', '{}');"
      "INSERT INTO sensor_row(sensor, producer, quantity, truth) VALUES "
      "(1, 1, 'process.cpu.time', 'measured'), (2, 2, 'hw.energy', 'measured'), "
      "(3, 3, 'hw.energy', 'measured');"
      "INSERT INTO sample_row VALUES (1, 100, 0, 0), (1, 200, 0, 0), (2, 50, 0, 0), (2, 150, 0, "
      "0), (3, 900, 0, 0), (3, 950, 0, 0);"
      "INSERT INTO energy_balance_row VALUES (3, 'node/gpu-0', 'measured', 5, 0, 5, 0)");
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  expect_sums(*card);
  EXPECT_EQ(card->all_books.measured_uj, 29'000'000);
}

TEST(EnergyCard, WhatALaboratoryShowedIsNotMeasured) {
  Known known;
  known.store.run(
      "INSERT INTO sensor_row(sensor, producer, quantity, domain, truth, assumption) VALUES "
      "(1, 1, 'hw.energy', 'node/gpu-0', 'measured', 'emulated by headrace lab')");
  const Session session = known.store.session();
  const auto card = energy_card(session, "fit", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  expect_sums(*card);
  EXPECT_EQ(card->total.truth, "emulated");
  EXPECT_EQ(card->all_books.truth, "emulated");
  for (const EnergyLine& line : card->lines) {
    EXPECT_EQ(line.figure.truth == "emulated", line.domain == "node/gpu-0") << line.domain;
  }
  EXPECT_GT(card->uj_by_truth.at("emulated"), 0);
  const std::string text = energy_card_text(*card);
  EXPECT_NE(text.find("emulated by headrace lab"), std::string::npos) << text;
  EXPECT_NE(text.find("emulated "), std::string::npos) << text;
  EXPECT_EQ(text.find("Energy of workflow fit: ≈"), 0u) << text;
}

TEST(EnergyCard, OfNothing) {
  StoreForTest store;
  static_cast<void>(store.task(store.workflow(store.campaign("c"), "w"), {"a", {}, {}}));
  const Session session = store.session();
  const auto card = energy_card(session, "c", "/");
  ASSERT_TRUE(card.ok()) << card.status().message();
  EXPECT_NE(energy_card_text(*card).find("none is known"), std::string::npos);
  EXPECT_EQ(energy_card(session, "nowhere", "/").status().code(), StatusCode::kNotFound);
}

class EnergyCardCarbon : public testing::Test {
 protected:
  EnergyCardCarbon() {
    std::filesystem::create_directory(folder_);
    std::ofstream(file_) << "region,start,end,gco2e_per_kwh,kind,source\n"
                            "X,1970-01-01T00:00:00Z,1970-01-01T00:01:00Z,3600,average,made up\n"
                            "Y,1970-01-01T00:00:00Z,1970-01-01T00:00:05Z,3600,average,made up\n";
  }
  ~EnergyCardCarbon() override { std::filesystem::remove_all(folder_); }
  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("card" + random_uuid().text());
  const std::filesystem::path file_ = folder_ / "card-factors.csv";
};

TEST_F(EnergyCardCarbon, IsEnergyTimesFactorTimesPue) {
  Known known;
  const Session session = known.store.session();
  const CarbonQuestion question{file_, "X", "average", 1.2};
  const auto card = energy_card(session, "fit", "/", &question);
  ASSERT_TRUE(card.ok()) << card.status().message();
  // 3600 g/kWh are 1 mg/J.
  EXPECT_NEAR(*line_of(*card, "epoch", "node/gpu-0")->carbon_g, 10.000001e-3 * 1.2, 1e-12);
  EXPECT_NEAR(*card->carbon->attributed_g, 16.5e-3 * 1.2, 1e-12);
  EXPECT_NEAR(*card->carbon->idle_g, 9e-3 * 1.2, 1e-12);
  EXPECT_NEAR(*card->carbon->unattributed_g, 2.5e-3 * 1.2, 1e-12);
  const Json json = energy_card_json(*card)["carbon"];
  EXPECT_EQ(json["truth"], Json("estimated"));
  EXPECT_EQ(json["factors"]["sha256"].text().size(), 64U);
  EXPECT_NE(energy_card_text(*card).find("made up"), std::string::npos);
}

TEST_F(EnergyCardCarbon, IsNullWhereTheFileLacksIt) {
  Known known;
  const Session session = known.store.session();
  for (const char* const region : {"Y", "Z"}) {  // until 5 s, where an epoch begins at 2; none
    const CarbonQuestion question{file_, region, "average", 1};
    const auto card = energy_card(session, "fit", "/", &question);
    ASSERT_TRUE(card.ok()) << card.status().message();
    EXPECT_FALSE(card->carbon->attributed_g.has_value());
    EXPECT_NE(card->carbon->reason, "");
    EXPECT_TRUE(energy_card_json(*card)["carbon"]["attributed_g"].is_null());
    EXPECT_NE(energy_card_text(*card).find("not known: card-factors.csv"), std::string::npos);
  }
}

}  // namespace
}  // namespace headrace::query
