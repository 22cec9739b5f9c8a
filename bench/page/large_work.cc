#include <array>
#include <cmath>
#include <random>

#include "made_process.h"
#include "made_works.h"

namespace headrace::bench {
namespace {

constexpr uint32_t kProcesses = 10;
constexpr uint32_t kThreads = 10;  // of each
constexpr uint32_t kActivities = 20;

void make_process(const Directory& directory, uint32_t number, uint64_t tasks_of_thread) {
  MadeProcess process(directory, number);
  collect::SpoolFixture& spool = process.spool();
  const uint32_t shape = spool.shape({{"batch", Role::kUsed, ValueTag::kInt},
                                      {"lr", Role::kUsed, ValueTag::kFloat},
                                      {"loss", Role::kGenerated, ValueTag::kFloat}});
  std::array<uint32_t, kActivities> activities{};
  for (uint32_t a = 0; a < kActivities; ++a) {
    activities[a] = spool.activity("activity " + std::to_string(a));
  }
  const uint32_t workflow = spool.workflow_id(kLargeWork);
  std::mt19937_64 random(7 + number);
  std::uniform_real_distribution<double> uniform;
  std::array<uint64_t, kThreads> now{};
  for (uint64_t i = 0; i < tasks_of_thread; ++i) {
    for (uint32_t thread = 0; thread < kThreads; ++thread) {
      const auto activity = static_cast<uint32_t>(std::pow(uniform(random), 2) * kActivities);
      const auto length = static_cast<uint64_t>(20'000 * std::pow(1e4, uniform(random)));
      now[thread] += 1000 + random() % 2'000'000;
      process.task(thread,
                   {.activity = activities[activity],
                    .workflow = workflow,
                    .begin = now[thread],
                    .end = now[thread] + length,
                    .shape = shape,
                    .cells = {collect::cell_of(static_cast<int64_t>(i)),
                              collect::cell_of(uniform(random)), collect::cell_of(uniform(random))},
                    .status = random() % 500 == 0 ? TaskStatus::kFailed : TaskStatus::kFinished});
      now[thread] += length;
    }
  }
  if (number != 0) return;
  spool.workflow({.workflow = workflow,
                  .campaign = spool.campaign_id({0xbe9c400000004000, uint64_t{1} << 63}, "bench"),
                  .name = spool.string("large"),
                  .end = now[0],
                  .status = TaskStatus::kFinished});
}

}  // namespace

void make_large_work(const Directory& directory, uint64_t tasks) {
  for (uint32_t number = 0; number < kProcesses; ++number) {
    make_process(directory, number, tasks / (kProcesses * kThreads));
  }
}

}  // namespace headrace::bench
