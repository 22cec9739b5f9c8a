// A folder made by hand.
#pragma once

#include <cstdint>
#include <string>

#include "top/folder.h"

namespace headrace::top {

constexpr int64_t kSecondNs = 1'000'000'000;

class FolderForTest {
 public:
  FolderForTest() {
    folder.processes[1] = {77, "node1", 42, std::nullopt, true};
    folder.looked_at_ns = now_ns;
  }
  uint32_t workflow(const std::string& name, TaskStatus status = TaskStatus::kRunning,
                    const std::string& campaign = "sweep") {
    const auto number = static_cast<uint32_t>(folder.workflows.size() + 1);
    WorkflowFacts& w = folder.workflows[number];
    w.id = workflow_id(number);
    w.name = name;
    w.status = status;
    w.begin_ns = now_ns - 100 * kSecondNs;
    if (status != TaskStatus::kRunning) w.end_ns = now_ns - 10 * kSecondNs;
    w.producer = 1;
    if (!campaign.empty()) {
      w.campaign = named_uuid("campaign", campaign);
      folder.campaigns[w.campaign] = campaign;
    }
    return number;
  }
  static Uuid workflow_id(uint32_t number) {
    return named_uuid("workflow", std::to_string(number));
  }
  uint32_t activity(const std::string& name) {
    for (const auto& [number, known] : folder.activities) {
      if (known == name) return number;
    }
    const auto number = static_cast<uint32_t>(folder.activities.size() + 1);
    folder.activities[number] = name;
    return number;
  }
  // Ended `ago_s` ago. Gives its row.
  TaskRow task(uint32_t workflow, const std::string& name, double seconds,
               TaskStatus status = TaskStatus::kFinished, double ago_s = 5) {
    TaskRow row{workflow, activity(name), status};
    row.duration_ns = static_cast<int64_t>(seconds * 1e9);
    row.begin_ns = now_ns - static_cast<int64_t>(ago_s * 1e9) - *row.duration_ns;
    row.producer = 1;
    row.number = ++numbers_;
    folder.tally.add(row, now_ns);
    return row;
  }
  void running(uint32_t workflow, const std::string& name, double since_s) {
    TaskRow row{workflow, activity(name), TaskStatus::kRunning};
    row.begin_ns = now_ns - static_cast<int64_t>(since_s * 1e9);
    row.producer = 1;
    row.number = ++numbers_;
    folder.running.push_back(row);
    ++folder.running_counts[{workflow, row.activity}];
  }

  Folder folder;
  int64_t now_ns = 1'800'000'000 * kSecondNs;

 private:
  int64_t numbers_ = 0;
};

}  // namespace headrace::top
