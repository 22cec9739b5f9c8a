// The tasks of one workflow; one task by its id.
#include "made_tasks.h"
#include "questions.h"

namespace headrace::bench {
namespace {

constexpr const char* kColumns = "task_id, activity, status, started_at, duration_s";

}  // namespace

void q02_lookup(Bench& bench) {
  const std::string of_workflow =
      " FROM task WHERE workflow_id = '" + workflow_uuid(617).text() + "' ORDER BY started_at";
  const std::string with_id =
      " FROM task WHERE task_id = '" +
      task_uuid(producer_uid(2), (uint64_t{1} << 40) + bench.tasks() / 10).text() + "'";
  const auto select = [](const std::string& rest) {
    return std::string("SELECT ") + kColumns + rest;
  };
  bench.measure({.name = "what any question to tasks costs"},
                "SELECT activity FROM task WHERE false", "SELECT activity FROM task WHERE false");
  bench.measure({.name = "q02 tasks of one workflow", .budget_ms = 10}, select(of_workflow),
                select(of_workflow));
  bench.measure({.name = "q02 tasks of one workflow, every column"}, "SELECT *" + of_workflow, "");
  bench.measure({.name = "q02 one task by id", .budget_ms = 10}, select(with_id), select(with_id));
  bench.measure({.name = "q02 one task by id, every column"}, "SELECT *" + with_id, "");
}

}  // namespace headrace::bench
