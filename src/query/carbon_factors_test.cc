#include "query/carbon_factors.h"

#include <fstream>
#include <gtest/gtest.h>

namespace headrace::query {
namespace {

constexpr int64_t kHour = 3'600'000'000'000;

class CarbonFactorsTest : public testing::Test {
 protected:
  CarbonFactorsTest()
      : file_(std::filesystem::path(testing::TempDir()) /
              (std::string("factors-") +
               testing::UnitTest::GetInstance()->current_test_info()->name() + ".csv")) {}
  ~CarbonFactorsTest() override { std::filesystem::remove(file_); }

  Result<CarbonFactors> read(const std::string& rows, const std::string& kind = "average") {
    std::ofstream(file_) << "region,start,end,gco2e_per_kwh,kind,source\n" << rows;
    return CarbonFactors::read({file_, "DE", kind, 1});
  }
  std::string refusal(const std::string& rows) {
    const Result<CarbonFactors> factors = read(rows);
    return factors.ok() ? "" : factors.status().message();
  }
  std::filesystem::path file_;
};

int64_t at(int hour, int minute = 0) {
  // 2026-11-22T00:00:00Z
  return 1'795'305'600'000'000'000 + hour * kHour + minute * (kHour / 60);
}

TEST_F(CarbonFactorsTest, AreWeighedByTime) {
  const auto factors = read(
      "DE,2026-11-22T01:00:00Z,2026-11-22T02:00:00Z,300,average,\"A, of B\"\n"
      "DE,2026-11-22T01:00+01:00,2026-11-22T01:00Z,100,average,A\n"
      "DE,2026-11-22T00:00:00Z,2026-11-22T02:00:00Z,900,marginal,C\n"
      "FR,2026-11-22,2026-11-23,50,average,D\n");
  ASSERT_TRUE(factors.ok()) << factors.status().message();
  EXPECT_EQ(factors->mean(at(0, 10), at(0, 20)), 100.0);
  EXPECT_EQ(factors->mean(at(1), at(1)), 300.0) << "a moment; the end is not in the row";
  EXPECT_DOUBLE_EQ(*factors->mean(at(0, 45), at(1, 45)), 250.0);
  EXPECT_EQ(factors->mean(at(0), at(2)), 200.0);
  EXPECT_EQ(factors->source(), "A and A, of B");
  EXPECT_EQ(factors->sha256().size(), 64U);
  const auto marginal =
      read("DE,2026-11-22T00:00:00Z,2026-11-22T02:00:00Z,900,marginal,C\n", "marginal");
  ASSERT_TRUE(marginal.ok());
  EXPECT_EQ(marginal->mean(at(0), at(2)), 900.0);
}

TEST_F(CarbonFactorsTest, TheBuildingsPartMayChangeWithTime) {
  std::ofstream(file_) << "region,start,end,gco2e_per_kwh,kind,source,pue\n"
                          "DE,2026-11-22T00:00Z,2026-11-22T01:00Z,100,average,A,1.1\n"
                          "DE,2026-11-22T01:00Z,2026-11-22T02:00Z,100,average,A,1.5\n"
                          "DE,2026-11-22T02:00Z,2026-11-22T03:00Z,100,average,A,\n";
  const auto factors = CarbonFactors::read({file_, "DE", "average", 1.2});
  ASSERT_TRUE(factors.ok()) << factors.status().message();
  EXPECT_DOUBLE_EQ(*factors->mean(at(0, 10), at(0, 20)), 110);
  EXPECT_DOUBLE_EQ(*factors->mean(at(0), at(2)), 130);
  EXPECT_DOUBLE_EQ(*factors->mean(at(2, 10), at(2, 20)), 120)
      << "where it is empty, the question's";
  std::ofstream(file_) << "region,start,end,gco2e_per_kwh,kind,source,pue\n"
                          "DE,2026-11-22T00:00Z,2026-11-22T01:00Z,100,average,A,0.9\n";
  EXPECT_NE(CarbonFactors::read({file_, "DE", "average", 1})
                .status()
                .message()
                .find("line 2: \"0.9\" is no PUE: write a number from 1 to 10"),
            std::string::npos);
}

TEST_F(CarbonFactorsTest, WhatIsNotThereIsNotKnown) {
  const auto factors = read(
      "DE,2026-11-22T00:00Z,2026-11-22T01:00Z,100,average,A\n"
      "DE,2026-11-22T02:00Z,2026-11-22T03:00Z,100,average,A\n");
  ASSERT_TRUE(factors.ok()) << factors.status().message();
  EXPECT_FALSE(factors->mean(at(-1), at(0, 10)).has_value());
  EXPECT_FALSE(factors->mean(at(0, 50), at(2, 10)).has_value()) << "an hour is missing";
  EXPECT_FALSE(factors->mean(at(2, 50), at(3, 10)).has_value());
  EXPECT_FALSE(factors->mean(at(1, 10), at(1, 20)).has_value());
  EXPECT_NE(factors->why_not(at(2, 50), at(3, 10))
                .find("does not cover all from 2026-11-22T02:50:00Z to 2026-11-22T03:10:00Z in "
                      "region DE: its rows begin at 2026-11-22T00:00:00Z and end at "
                      "2026-11-22T03:00:00Z"),
            std::string::npos);
  const auto elsewhere = read("FR,2026-11-22,2026-11-23,50,average,D\n");
  ASSERT_TRUE(elsewhere.ok());
  EXPECT_FALSE(elsewhere->mean(at(0), at(1)).has_value());
  EXPECT_NE(elsewhere->why_not(at(0), at(1)).find("has no region DE; it has FR"),
            std::string::npos);
  const auto marginal = read("DE,2026-11-22,2026-11-23,50,average,D\n", "marginal");
  ASSERT_TRUE(marginal.ok());
  EXPECT_NE(marginal->why_not(at(0), at(1)).find("has no marginal factors of region DE"),
            std::string::npos);
}

TEST_F(CarbonFactorsTest, BadLinesAreNamed) {
  EXPECT_NE(refusal("DE,2026-11-22,2026-11-23,50,average\n").find("line 2: it has 5 fields"),
            std::string::npos);
  EXPECT_NE(refusal("DE,yesterday,2026-11-23,50,average,D\n").find("\"yesterday\" is no time"),
            std::string::npos);
  EXPECT_NE(refusal("DE,2026-11-23,2026-11-22,50,average,D\n").find("it ends before it begins"),
            std::string::npos);
  EXPECT_NE(refusal("DE,2026-11-22,2026-11-23,much,average,D\n").find("\"much\" is no number"),
            std::string::npos);
  EXPECT_NE(refusal("DE,2026-11-22,2026-11-23,1,median,D\n").find("not average or marginal"),
            std::string::npos);
  EXPECT_NE(refusal("DE,2026-11-22,2026-11-24,1,average,D\n"
                    "DE,2026-11-23,2026-11-25,2,average,D\n")
                .find("two rows of region DE say what is emitted at 2026-11-23T00:00:00Z"),
            std::string::npos);
  std::ofstream(file_) << "region;start\n";
  const auto header = CarbonFactors::read({file_, "DE", "average", 1});
  EXPECT_NE(header.status().message().find("its first line is not region,start,end,"),
            std::string::npos);
  EXPECT_FALSE(CarbonFactors::read({file_.string() + ".gone", "DE", "average", 1}).ok());
}

}  // namespace
}  // namespace headrace::query
