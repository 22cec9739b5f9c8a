/* A C program's use of the C interface, compiled as C; c_api_test.cc runs it and reads it back. */
#include <string.h>

#include <headrace/headrace.h>

void headrace_test_c_program(const char* file) {
  headrace_campaign* campaign = headrace_campaign_begin("mesh study", NULL, 0);
  headrace_value nx = {headrace_name("nx"), HEADRACE_INT, {0}, 0};
  nx.data.integer = 128;
  headrace_workflow* workflow = headrace_workflow_begin("heat", &nx, 1);

  const uint32_t step = headrace_activity("step", __FILE__, __LINE__);
  const uint32_t number = headrace_name("number");
  const uint32_t residual = headrace_name("residual");
  for (int i = 0; i < 3; ++i) {
    headrace_task* task = headrace_task_begin(step);
    headrace_task_int(task, HEADRACE_USED, number, i);
    headrace_task_float(task, HEADRACE_GENERATED, residual, 1.0 / (i + 1));
    headrace_task_text(task, HEADRACE_TAG, headrace_name("scheme"), "upwind");
    headrace_task_end(task, i == 2 ? HEADRACE_FAILED : HEADRACE_FINISHED);
  }

  const headrace_id mesh = headrace_file_object(file, "dataset", NULL, 0);
  const double history[2] = {0.5, 0.25};
  headrace_value values[4];
  memset(values, 0, sizeof values);
  values[0].name = headrace_name("mesh");
  values[0].type = HEADRACE_OBJECT;
  values[0].data.bytes = &mesh;
  values[1].name = headrace_name("history");
  values[1].type = HEADRACE_FLOAT_LIST;
  values[1].data.bytes = history;
  values[1].size = 2;
  values[2].name = headrace_name("strange");
  values[2].type = 99;
  values[3].name = headrace_name("missing");
  values[3].type = HEADRACE_STRING;
  values[3].size = 7;
  headrace_workflow_add(workflow, HEADRACE_GENERATED, values, 4);
  headrace_workflow_end(workflow, HEADRACE_FINISHED);
  headrace_campaign_end(campaign);
}

/* Nothing of this may crash: what a program does when capture is off, or by mistake. */
void headrace_test_null_program(void) {
  char text[HEADRACE_PARENT_TEXT_BYTES];
  headrace_task_int(NULL, HEADRACE_USED, 1, 2);
  headrace_task_add(NULL, HEADRACE_USED, NULL, 3);
  headrace_task_end(NULL, HEADRACE_FINISHED);
  headrace_task_discard(NULL);
  headrace_workflow_add(NULL, HEADRACE_USED, NULL, 0);
  headrace_workflow_end(NULL, HEADRACE_FINISHED);
  headrace_campaign_end(NULL);
  headrace_log(NULL, NULL, 0);
  headrace_parent_text(text);
  (void)headrace_file_object(NULL, NULL, NULL, 0);
  (void)headrace_named_object(NULL, NULL, NULL, NULL, 0);
  (void)headrace_id_parse(NULL);
  (void)headrace_name(NULL);
  (void)headrace_campaign_begin(NULL, NULL, 0);
}
