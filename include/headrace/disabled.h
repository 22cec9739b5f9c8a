/* What headrace.h becomes with HEADRACE_DISABLE: the same calls, which do nothing, so that a
 * program compiles unchanged and links without the library. Not to be included directly. */
#pragma once

#if defined(__cplusplus)
#define HEADRACE_ZERO \
  {}
#else
#define HEADRACE_ZERO \
  { 0 }
#endif

HEADRACE_API const char* headrace_version(void) HEADRACE_NOTHROW { return HEADRACE_VERSION; }
HEADRACE_API int headrace_enabled(void) HEADRACE_NOTHROW { return 0; }
HEADRACE_API int headrace_use_directory(const char* path) HEADRACE_NOTHROW {
  (void)path;
  return 0;
}
HEADRACE_API void headrace_flush(void) HEADRACE_NOTHROW {}
HEADRACE_API int64_t headrace_durable(int wait) HEADRACE_NOTHROW {
  (void)wait;
  return 0;
}
HEADRACE_API uint32_t headrace_name(const char* name) HEADRACE_NOTHROW {
  (void)name;
  return 0;
}
HEADRACE_API uint32_t headrace_name_n(const char* name, size_t size) HEADRACE_NOTHROW {
  (void)name;
  (void)size;
  return 0;
}
HEADRACE_API uint32_t headrace_activity(const char* name, const char* file,
                                        int line) HEADRACE_NOTHROW {
  (void)name;
  (void)file;
  (void)line;
  return 0;
}
HEADRACE_API headrace_campaign* headrace_campaign_begin(const char* name,
                                                        const headrace_value* values,
                                                        size_t count) HEADRACE_NOTHROW {
  (void)name;
  (void)values;
  (void)count;
  return NULL;
}
HEADRACE_API void headrace_campaign_end(headrace_campaign* campaign) HEADRACE_NOTHROW {
  (void)campaign;
}
HEADRACE_API headrace_workflow* headrace_workflow_begin(const char* name,
                                                        const headrace_value* values,
                                                        size_t count) HEADRACE_NOTHROW {
  (void)name;
  (void)values;
  (void)count;
  return NULL;
}
HEADRACE_API void headrace_workflow_add(headrace_workflow* workflow, headrace_role role,
                                        const headrace_value* values,
                                        size_t count) HEADRACE_NOTHROW {
  (void)workflow;
  (void)role;
  (void)values;
  (void)count;
}
HEADRACE_API void headrace_workflow_end(headrace_workflow* workflow,
                                        headrace_status status) HEADRACE_NOTHROW {
  (void)workflow;
  (void)status;
}
HEADRACE_API headrace_id headrace_workflow_id(const headrace_workflow* workflow) HEADRACE_NOTHROW {
  (void)workflow;
  headrace_id nil = HEADRACE_ZERO;
  return nil;
}
HEADRACE_API headrace_task* headrace_task_begin(uint32_t activity) HEADRACE_NOTHROW {
  (void)activity;
  return NULL;
}
HEADRACE_API headrace_task* headrace_task_begin_detached(uint32_t activity) HEADRACE_NOTHROW {
  (void)activity;
  return NULL;
}
HEADRACE_API headrace_task* headrace_task_begin_under(uint32_t activity, headrace_id parent,
                                                      int current) HEADRACE_NOTHROW {
  (void)activity;
  (void)parent;
  (void)current;
  return NULL;
}
HEADRACE_API void headrace_task_add(headrace_task* task, headrace_role role,
                                    const headrace_value* values, size_t count) HEADRACE_NOTHROW {
  (void)task;
  (void)role;
  (void)values;
  (void)count;
}
HEADRACE_API void headrace_task_int(headrace_task* task, headrace_role role, uint32_t name,
                                    int64_t value) HEADRACE_NOTHROW {
  (void)task;
  (void)role;
  (void)name;
  (void)value;
}
HEADRACE_API void headrace_task_float(headrace_task* task, headrace_role role, uint32_t name,
                                      double value) HEADRACE_NOTHROW {
  (void)task;
  (void)role;
  (void)name;
  (void)value;
}
HEADRACE_API void headrace_task_text(headrace_task* task, headrace_role role, uint32_t name,
                                     const char* value) HEADRACE_NOTHROW {
  (void)task;
  (void)role;
  (void)name;
  (void)value;
}
HEADRACE_API void headrace_task_end(headrace_task* task, headrace_status status) HEADRACE_NOTHROW {
  (void)task;
  (void)status;
}
HEADRACE_API void headrace_task_discard(headrace_task* task) HEADRACE_NOTHROW { (void)task; }
HEADRACE_API headrace_id headrace_task_id(const headrace_task* task) HEADRACE_NOTHROW {
  (void)task;
  headrace_id nil = HEADRACE_ZERO;
  return nil;
}
HEADRACE_API void headrace_parent_text(char text[HEADRACE_PARENT_TEXT_BYTES]) HEADRACE_NOTHROW {
  text[0] = 0;
}
HEADRACE_API void headrace_log(const headrace_task* task, const headrace_value* values,
                               size_t count) HEADRACE_NOTHROW {
  (void)task;
  (void)values;
  (void)count;
}
HEADRACE_API headrace_id headrace_file_object(const char* path, const char* kind,
                                              const headrace_value* values,
                                              size_t count) HEADRACE_NOTHROW {
  (void)path;
  (void)kind;
  (void)values;
  (void)count;
  headrace_id nil = HEADRACE_ZERO;
  return nil;
}
HEADRACE_API headrace_id headrace_named_object(const char* kind, const char* name,
                                               const char* version, const headrace_value* values,
                                               size_t count) HEADRACE_NOTHROW {
  (void)kind;
  (void)name;
  (void)version;
  (void)values;
  (void)count;
  headrace_id nil = HEADRACE_ZERO;
  return nil;
}
HEADRACE_API void headrace_id_text(headrace_id id,
                                   char text[HEADRACE_ID_TEXT_BYTES]) HEADRACE_NOTHROW {
  (void)id;
  text[0] = 0;
}
HEADRACE_API headrace_id headrace_id_parse(const char* text) HEADRACE_NOTHROW {
  (void)text;
  headrace_id nil = HEADRACE_ZERO;
  return nil;
}

#undef HEADRACE_ZERO
