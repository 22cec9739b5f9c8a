/* A C program of somebody else: three captured tasks. */
#include <headrace/headrace.h>

int main(void) {
  headrace_workflow* run = headrace_workflow_begin("counting", NULL, 0);
  const uint32_t activity = headrace_activity("count", __FILE__, __LINE__);
  const uint32_t number = headrace_name("number");
  for (int i = 0; i < 3; ++i) {
    headrace_task* task = headrace_task_begin(activity);
    headrace_task_int(task, HEADRACE_USED, number, i);
    headrace_task_end(task, HEADRACE_FINISHED);
  }
  headrace_workflow_end(run, HEADRACE_FINISHED);
  return headrace_enabled() ? 0 : 1;
}
