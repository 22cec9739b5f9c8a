#include <array>
#include <random>

#include "made_object.h"
#include "made_process.h"
#include "made_works.h"

namespace headrace::bench {
namespace {

constexpr uint64_t kWide = 50;
constexpr uint64_t kTaskTook_ns = 20'000'000;

Uuid output_of(uint64_t task) { return {0x0b9ec70000004000 + task, uint64_t{1} << 63}; }

}  // namespace

void make_graph_work(const Directory& directory, uint64_t tasks) {
  MadeProcess process(directory, 100);
  collect::SpoolFixture& spool = process.spool();
  constexpr std::array kNames{"read", "clean", "split", "fit", "join", "score"};
  const uint32_t workflow = spool.workflow_id(kGraphWork);
  std::mt19937_64 random(7);
  for (uint64_t i = 0; i < tasks; ++i) {
    const uint64_t layer = i / kWide;
    std::vector<collect::ShapeField> fields{{"made", Role::kGenerated, ValueTag::kObject}};
    std::vector<collect::CellValue> cells{collect::cell_of(output_of(i))};
    // Its neighbour or itself in the layer before; two in five tasks read another one too.
    for (int more = 0; layer > 0 && more < (random() % 5 < 2 ? 2 : 1); ++more) {
      const uint64_t place = (i % kWide + kWide + random() % 5 - 2) % kWide;
      fields.push_back({more == 0 ? "input" : "other", Role::kUsed, ValueTag::kObject});
      cells.push_back(collect::cell_of(output_of((layer - 1) * kWide + place)));
    }
    const uint64_t begin = layer * 2 * kTaskTook_ns;
    make_object(spool, output_of(i), "file", "part-" + std::to_string(i), workflow, begin);
    process.task(static_cast<uint32_t>(i % kWide),
                 {.activity = spool.activity(kNames[layer % kNames.size()]),
                  .workflow = workflow,
                  .begin = begin,
                  .end = begin + kTaskTook_ns,
                  .shape = spool.shape(fields),
                  .cells = std::move(cells),
                  .status = random() % 500 == 0 ? TaskStatus::kFailed : TaskStatus::kFinished});
  }
  spool.workflow({.workflow = workflow,
                  .name = spool.string("graph"),
                  .end = tasks / kWide * 2 * kTaskTook_ns,
                  .status = TaskStatus::kFinished});
}

}  // namespace headrace::bench
