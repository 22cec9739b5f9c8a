// Writes the emulated study into FOLDER/.headrace and what is true of it to FOLDER/truth.json.
//   headrace_question_study FOLDER
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "query/json.h"
#include "study_machine.h"
#include "study_plan.h"
#include "study_spool.h"

namespace headrace::questions {
namespace {

using query::Json;

Json seconds(int64_t ms) { return static_cast<double>(ms) * 1e-3; }

Json values_json(const StudyPlan& plan, const PlannedValues& values) {
  Json::Map out;
  for (const auto& [key, value] : values) {
    if (const auto* id = std::get_if<Uuid>(&value)) {
      for (const PlannedObject& object : plan.objects) {
        if (object.id == *id) out.emplace_back(key, object.name);
      }
    } else if (const auto* number = std::get_if<double>(&value)) {
      out.emplace_back(key, *number);
    } else if (const auto* whole = std::get_if<int64_t>(&value)) {
      out.emplace_back(key, *whole);
    } else {
      out.emplace_back(key, std::get<std::string>(value));
    }
  }
  return out;
}

Json stretches_json(const StudyPlan& plan, const PlannedWorkflow& workflow) {
  Json::List out;
  for (const Stretch& one : workflow.stretches) {
    out.emplace_back(Json::Map{
        {"begin_s", seconds(one.begin_ms)},
        {"end_s", seconds(one.end_ms)},
        {"gpu_w", one.gpu_w},
        {"gpu_use", one.gpu_use},
        {"cpus", one.cpus},
        {"disk_use", one.disk_use},
        {"to_c", one.to_c},
        {"throttle", static_cast<int64_t>(one.throttle)},
        {"task",
         one.task < 0 ? Json() : Json(id_of_task(plan, static_cast<size_t>(one.task)).text())}});
  }
  return out;
}

Json truth_of(const StudyPlan& plan) {
  Json::List workflows;
  for (size_t i = 0; i < plan.workflows.size(); ++i) {
    const PlannedWorkflow& one = plan.workflows[i];
    workflows.emplace_back(Json::Map{{"id", id_of_workflow(i).text()},
                                     {"name", one.name},
                                     {"host", plan.hosts[one.host]},
                                     {"begin_s", seconds(one.begin_ms)},
                                     {"end_s", seconds(one.end_ms)},
                                     {"stretches", stretches_json(plan, one)}});
  }
  Json::List tasks;
  for (size_t i = 0; i < plan.tasks.size(); ++i) {
    const PlannedTask& one = plan.tasks[i];
    tasks.emplace_back(Json::Map{
        {"id", id_of_task(plan, i).text()},
        {"activity", one.activity},
        {"workflow", id_of_workflow(one.workflow).text()},
        {"parent",
         one.parent < 0 ? Json() : Json(id_of_task(plan, static_cast<size_t>(one.parent)).text())},
        {"begin_s", seconds(one.begin_ms)},
        {"end_s", seconds(one.end_ms)},
        {"used", values_json(plan, one.used)},
        {"generated", values_json(plan, one.generated)}});
  }
  const auto task_id = [&](int task) {
    return Json(id_of_task(plan, static_cast<size_t>(task)).text());
  };
  return Json::Map{{"campaign", "study"},
                   {"epoch_ns", int64_t{1'700'000'000'000'000'000}},
                   {"machine", Json::Map{{"cpus", kCpus},
                                         {"cpu_w", kCpu_w},
                                         {"memory_w", kMemory_w},
                                         {"other_w", kOther_w},
                                         {"idle_gpu_w", kIdleGpu_w},
                                         {"estimate_w", kEstimate_w},
                                         {"idle_c", kIdle_c}}},
                   {"workflows", workflows},
                   {"tasks", tasks},
                   {"throttled", Json::Map{{"task", task_id(plan.marks.throttled)},
                                           {"begin_s", seconds(plan.marks.throttled_begin_ms)},
                                           {"end_s", seconds(plan.marks.throttled_end_ms)}}},
                   {"straggler", task_id(plan.marks.straggler)},
                   {"anomaly", task_id(plan.marks.anomaly)}};
}

}  // namespace
}  // namespace headrace::questions

int main(int argc, char** argv) {
  using namespace headrace;
  if (argc != 2) {
    std::fprintf(stderr, "usage: headrace_question_study FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const questions::StudyPlan plan = questions::plan_study();
  questions::write_study(Directory{folder / ".headrace"}, plan);
  std::ofstream(folder / "truth.json") << questions::truth_of(plan).dump() << '\n';
  return 0;
}
