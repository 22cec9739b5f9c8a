#include "made_tasks.h"

#include <random>

namespace headrace::bench {
namespace {

constexpr const char* kUsedNames[] = {"lr", "momentum", "batch", "optimizer", "nesterov"};
constexpr ValueTag kUsedTypes[] = {ValueTag::kFloat, ValueTag::kFloat, ValueTag::kInt,
                                   ValueTag::kString, ValueTag::kBool};
constexpr const char* kGeneratedNames[] = {"loss", "accuracy", "score", "steps", "norm"};
constexpr const char* kOptimizers[] = {"sgd",  "adam",    "adamw",     "lion",
                                       "lamb", "adagrad", "adafactor", "rmsprop"};

// A task begins every 200 us somewhere, and some hundred run at a time.
constexpr int64_t kBetweenTasks_ns = 200'000;
constexpr int64_t kLongestTask_ns = 100'000'000;

collect::CellValue draw(ValueTag type, std::mt19937_64& random) {
  std::uniform_real_distribution<double> uniform;
  switch (type) {
    case ValueTag::kInt: return collect::cell_of(static_cast<int64_t>(random() % 32));
    case ValueTag::kString: return collect::cell_of(kOptimizers[random() % 8]);
    case ValueTag::kBool: return collect::cell_of(random() % 2 == 0);
    default: return collect::cell_of(uniform(random));
  }
}

}  // namespace

MadeKey shared_key(Role role, uint32_t number) {
  const uint32_t kind = number % 5;
  const std::string more = number < 5 ? "" : "_" + std::to_string(number / 5);
  if (role == Role::kUsed) return {kUsedNames[kind] + more, role, kUsedTypes[kind]};
  return {kGeneratedNames[kind] + more, role, kind == 3 ? ValueTag::kInt : ValueTag::kFloat};
}

std::array<uint32_t, 2> shared_of(uint32_t activity) {
  const uint32_t first = activity % kSharedKeys;
  // The other is never the first: 7 a + 3 differs from a modulo 20, 6 a + 3 being odd.
  return {first, (7 * activity + 3) % kSharedKeys};
}

std::array<MadeKey, kValues> keys_of(Role role, uint32_t activity) {
  const std::array<uint32_t, 2> shared = shared_of(activity);
  const std::string own = (role == Role::kUsed ? "in_" : "out_") + std::to_string(activity);
  return {shared_key(role, shared[0]), shared_key(role, shared[1]),
          MadeKey{own + "_a", role, ValueTag::kFloat}, MadeKey{own + "_b", role, ValueTag::kFloat}};
}

std::string activity_name(uint32_t activity) { return "activity " + std::to_string(activity); }

Uuid workflow_uuid(uint32_t workflow) {
  return {uint64_t{0x7700000000004000} + workflow, uint64_t{1} << 63};
}

ProducerId producer_uid(uint32_t producer) { return 0x123456789ab000 + producer; }

void each_task(uint64_t tasks, const std::function<void(const MadeTask&)>& see) {
  std::array<std::array<MadeKey, kValues>, kActivities> used;
  std::array<std::array<MadeKey, kValues>, kActivities> generated;
  for (uint32_t a = 0; a < kActivities; ++a) {
    used[a] = keys_of(Role::kUsed, a);
    generated[a] = keys_of(Role::kGenerated, a);
  }
  std::mt19937_64 random(7);
  MadeTask task;
  for (uint64_t i = 0; i < tasks; ++i) {
    const auto producer = static_cast<uint32_t>(i * kProducers / tasks);
    const uint64_t first = (producer * tasks + kProducers - 1) / kProducers;
    task.producer = producer;
    // As the recorder numbers them: the ring, then the task.
    task.number = (uint64_t{1} << 40) + (i - first) + 1;
    task.workflow = static_cast<uint32_t>(i * kWorkflows / tasks);
    task.activity = static_cast<uint32_t>(random() % kActivities);
    task.begin_ns = static_cast<int64_t>(i - first) * kBetweenTasks_ns +
                    static_cast<int64_t>(random() % kBetweenTasks_ns);
    task.end_ns = task.begin_ns + 1000 + static_cast<int64_t>(random() % kLongestTask_ns);
    task.failed = random() % 50 == 0;
    for (int v = 0; v < kValues; ++v) {
      task.used[v] = draw(used[task.activity][v].type, random);
      task.generated[v] = draw(generated[task.activity][v].type, random);
    }
    see(task);
  }
}

}  // namespace headrace::bench
