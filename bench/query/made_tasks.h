// The tasks that the questions are asked of: a million by default, always the same.
//
// 1,000 workflows in one campaign, 200 activities, 4 used and 4 generated scalars a task. Of each
// role two keys are the activity's own and two come from 20 that activities share, so that each of
// the 40 shared keys is known to 20 activities. They are doubles, integers, texts and bools.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "collect/spool_fixture.h"

namespace headrace::bench {

constexpr uint32_t kWorkflows = 1000;
constexpr uint32_t kActivities = 200;
constexpr uint32_t kSharedKeys = 20;  // of each role
constexpr uint32_t kProducers = 4;
constexpr int kValues = 4;  // of each role
// What an activity's own keys are numbered among all keys of a role.
constexpr uint32_t kOwnKeys = kSharedKeys;

struct MadeKey {
  std::string name;
  Role role = Role::kUsed;
  ValueTag type = ValueTag::kFloat;
};

// The key of a role at a number below kSharedKeys: lr, momentum, batch, optimizer, nesterov, lr_1,
// ... and loss, accuracy, score, steps, norm, loss_1, ...
MadeKey shared_key(Role role, uint32_t number);
// The four keys of a role that tasks of an activity have, and their numbers: two shared ones, then
// two of its own (kOwnKeys and up).
std::array<MadeKey, kValues> keys_of(Role role, uint32_t activity);
std::array<uint32_t, 2> shared_of(uint32_t activity);

std::string activity_name(uint32_t activity);
Uuid workflow_uuid(uint32_t workflow);

struct MadeTask {
  uint32_t producer = 0;  // 0 .. kProducers - 1: each has a quarter of the workflows
  uint64_t number = 0;    // in its producer
  uint32_t workflow = 0;
  uint32_t activity = 0;
  int64_t begin_ns = 0;  // since collect::kEpoch_ns
  int64_t end_ns = 0;
  bool failed = false;
  std::array<collect::CellValue, kValues> used;
  std::array<collect::CellValue, kValues> generated;
};

// Calls `see` with each of them, the producers' one after the other.
void each_task(uint64_t tasks, const std::function<void(const MadeTask&)>& see);

ProducerId producer_uid(uint32_t producer);

}  // namespace headrace::bench
