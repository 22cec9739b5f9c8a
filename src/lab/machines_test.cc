#include "lab/machines.h"

#include <gtest/gtest.h>

#include "lab/scenario.h"

namespace headrace::lab {
namespace {

TEST(Machines, AreScenarios) {
  for (const std::string& name : machine_names()) {
    const Result<Scenario> scenario = Scenario::parse(machine(name).value_or("?"));
    EXPECT_TRUE(scenario.ok()) << name << ": " << scenario.status().message();
  }
  EXPECT_FALSE(machine("mainframe"));
}

}  // namespace
}  // namespace headrace::lab
