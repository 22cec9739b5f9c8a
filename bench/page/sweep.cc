#include <array>
#include <cmath>

#include "made_object.h"
#include "made_process.h"
#include "made_works.h"

namespace headrace::bench {
namespace {

constexpr uint64_t kSteps = 99;
constexpr uint64_t kStepTook_ns = 1'000'000;
constexpr Uuid kCorpus{0xc094500000004000, uint64_t{1} << 63};

void log_loss(collect::SpoolFixture& spool, uint32_t workflow, uint64_t task, uint64_t at,
              double loss) {
  LogRecord record{};
  record.header.kind = RecordKind::kLog;
  record.header.flags = static_cast<uint8_t>(LogStream::kMetric);
  record.task = task;
  record.workflow_id = workflow;
  record.shape_id = spool.shape({{"loss", Role::kGenerated, ValueTag::kFloat}});
  record.at_ticks = at;
  spool.add(999, record, {collect::cell_of(loss)});
}

void make_training(MadeProcess& process, uint32_t number) {
  collect::SpoolFixture& spool = process.spool();
  const uint32_t workflow = spool.workflow_id({kSweep.high + 1 + number, uint64_t{1} << 63});
  const double lr = 0.1 / (1 << number % 5);
  const auto width = int64_t{64} << number / 5 % 4;
  const Uuid model{uint64_t{0x30de100000004000} + number, uint64_t{1} << 63};
  const uint64_t begin = number * (kSteps + 2) * kStepTook_ns;
  const uint64_t training = process.next_number(0);
  const uint64_t seed = number / 20;
  double loss = 0;
  for (uint64_t step = 1; step <= kSteps; ++step) {
    loss = 1 / (lr * static_cast<double>(step * width) + 1) + 0.001 * static_cast<double>(seed);
    process.task(0, {.activity = spool.activity("step"),
                     .workflow = workflow,
                     .parent = training,
                     .begin = begin + step * kStepTook_ns,
                     .end = begin + (step + 1) * kStepTook_ns - 1000,
                     .shape = spool.shape({{"step", Role::kUsed, ValueTag::kInt}}),
                     .cells = {collect::cell_of(static_cast<int64_t>(step))}});
    if (step % 5 == 0) log_loss(spool, workflow, training, begin + step * kStepTook_ns, loss);
  }
  const uint64_t end = begin + (kSteps + 1) * kStepTook_ns;
  make_object(spool, model, "model", "model-" + std::to_string(number), workflow, end);
  process.task(0, {.activity = spool.activity("train"),
                   .workflow = workflow,
                   .number = training,
                   .begin = begin,
                   .end = end,
                   .shape = spool.shape({{"lr", Role::kUsed, ValueTag::kFloat},
                                         {"width", Role::kUsed, ValueTag::kInt},
                                         {"seed", Role::kUsed, ValueTag::kInt},
                                         {"corpus", Role::kUsed, ValueTag::kObject},
                                         {"loss", Role::kGenerated, ValueTag::kFloat},
                                         {"model", Role::kGenerated, ValueTag::kObject}}),
                   .cells = {collect::cell_of(lr), collect::cell_of(width),
                             collect::cell_of(int64_t{number / 20}), collect::cell_of(kCorpus),
                             collect::cell_of(loss), collect::cell_of(model)}});
  spool.workflow({.workflow = workflow,
                  .campaign = spool.campaign_id(kSweep, "sweep"),
                  .name = spool.string("train"),
                  .begin = begin,
                  .end = end,
                  .status = TaskStatus::kFinished});
}

}  // namespace

void make_sweep(const Directory& directory, uint32_t workflows) {
  MadeProcess process(directory, 200);
  make_object(process.spool(), kCorpus, "dataset", "corpus", 0, 0);
  for (uint32_t number = 0; number < workflows; ++number) make_training(process, number);
}

}  // namespace headrace::bench
