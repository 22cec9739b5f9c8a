/* Every part of the C interface; see compiled_away.cc. */
#include <headrace/headrace.h>

int work(int i);

int captured_work(int i) {
  headrace_workflow* run = headrace_workflow_begin("solve", NULL, 0);
  const uint32_t number = headrace_name("number");
  headrace_task* task = headrace_task_begin(headrace_activity("step", __FILE__, __LINE__));
  headrace_value value = {number, HEADRACE_INT, {0}, 0};
  value.data.integer = i;
  headrace_task_add(task, HEADRACE_USED, &value, 1);
  const int result = work(i);
  headrace_task_int(task, HEADRACE_GENERATED, number, result);
  headrace_task_end(task, HEADRACE_FINISHED);
  headrace_workflow_end(run, HEADRACE_FINISHED);
  return result;
}

int plain_work(int i) { return work(i); }
