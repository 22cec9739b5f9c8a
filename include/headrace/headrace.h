/* Capture from C, Fortran or any language that calls C.
 *
 *   headrace_workflow* run = headrace_workflow_begin("heat", NULL, 0);
 *   uint32_t step = headrace_activity("step", __FILE__, __LINE__);
 *   uint32_t number = headrace_name("number"), residual = headrace_name("residual");
 *   for (int i = 0; i < 100; ++i) {
 *     headrace_task* task = headrace_task_begin(step);
 *     headrace_task_int(task, HEADRACE_USED, number, i);
 *     headrace_task_float(task, HEADRACE_GENERATED, residual, advance());
 *     headrace_task_end(task, HEADRACE_FINISHED);
 *   }
 *   headrace_workflow_end(run, HEADRACE_FINISHED);
 *
 * Nothing needs to be set up. Records go to the folder `.headrace` (HEADRACE_DIR, else the nearest
 * one upward from the working directory, else a new one there); `headrace ls tasks` reads them.
 *
 * Errors: no call fails, throws or changes the program. Where capture is off (HEADRACE_DISABLED=1)
 * handles are NULL, names 0 and ids nil; every call accepts these and does nothing.
 * Ownership: texts and values are copied before a call returns. A handle belongs to the caller from
 * begin to end; no call may follow its end.
 * Threads: every call may be made from any thread; one handle from one thread at a time.
 * Cost: a task with three values is tens of nanoseconds if its names are looked up once, as above.
 * With HEADRACE_DISABLE defined everything here compiles to nothing and needs no library.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HEADRACE_VERSION "0.1.0"
#define HEADRACE_VERSION_MAJOR 0
#define HEADRACE_VERSION_MINOR 1
#define HEADRACE_VERSION_PATCH 0

#if defined(HEADRACE_DISABLE)
#define HEADRACE_API static inline
#elif defined(__GNUC__)
#define HEADRACE_API __attribute__((visibility("default")))
#else
#define HEADRACE_API
#endif
/* A C++ compiler is told that no exception crosses. */
#if defined(__cplusplus)
#define HEADRACE_NOTHROW noexcept
#else
#define HEADRACE_NOTHROW
#endif

#if defined(__cplusplus)
extern "C" {
#endif

typedef struct headrace_campaign headrace_campaign;
typedef struct headrace_workflow headrace_workflow;
typedef struct headrace_task headrace_task;

/* A UUID's 16 bytes, in the order they are printed; all zero: nil. */
typedef struct headrace_id {
  uint8_t bytes[16];
} headrace_id;

/* Room for a UUID's text, 36 characters, and the closing zero. */
#define HEADRACE_ID_TEXT_BYTES 37
/* Room for the value of HEADRACE_PARENT: two such texts, a colon, and the closing zero. */
#define HEADRACE_PARENT_TEXT_BYTES 74

/* What became of a task or workflow. */
typedef enum headrace_status {
  HEADRACE_FINISHED = 2,
  HEADRACE_FAILED = 3,
  HEADRACE_CANCELLED = 4
} headrace_status;

/* A value's part: went in, came out, a label, an error's type and message, a fact. */
typedef enum headrace_role {
  HEADRACE_USED = 0,
  HEADRACE_GENERATED = 1,
  HEADRACE_TAG = 2,
  HEADRACE_ERROR = 3,
  HEADRACE_ATTRIBUTE = 4
} headrace_role;

typedef enum headrace_type {
  HEADRACE_NULL = 0,
  HEADRACE_BOOL = 1,        /* integer: 0 or 1 */
  HEADRACE_INT = 2,         /* integer */
  HEADRACE_FLOAT = 3,       /* real */
  HEADRACE_STRING = 4,      /* bytes, size: UTF-8, no closing zero needed */
  HEADRACE_BYTES = 5,       /* bytes, size */
  HEADRACE_TIME = 7,        /* integer: ns since 1970-01-01 UTC */
  HEADRACE_OBJECT = 8,      /* bytes: a headrace_id */
  HEADRACE_INT_LIST = 64,   /* bytes: int64_t, size of them */
  HEADRACE_FLOAT_LIST = 65, /* bytes: double, size of them */
  HEADRACE_UINT = 66        /* integer: the bits of a uint64_t */
} headrace_type;

/* One named value. What `data` points to is copied by the call that takes the value. */
typedef struct headrace_value {
  uint32_t name; /* from headrace_name */
  uint32_t type; /* headrace_type */
  union {
    int64_t integer;
    double real;
    const void* bytes;
  } data;
  size_t size;
} headrace_value;

#if !defined(HEADRACE_DISABLE)

/* --- The library ------------------------------------------------------------------------- */

/* The version of the library, which may be newer than HEADRACE_VERSION of the header. */
HEADRACE_API const char* headrace_version(void) HEADRACE_NOTHROW;
/* 1 when calls are recorded, 0 when capture is off. */
HEADRACE_API int headrace_enabled(void) HEADRACE_NOTHROW;
/* The folder to record into, instead of the one found. Only before the first other call.
 * Returns 0, or -1 when it is too late; then a message is on stderr. */
HEADRACE_API int headrace_use_directory(const char* path) HEADRACE_NOTHROW;
/* Returns when everything recorded so far is in the file. Records are written within 250 ms and
 * at exit anyway; this is for just before a _exit or an abort. */
HEADRACE_API void headrace_flush(void) HEADRACE_NOTHROW;
/* The moment, in ns since 1970-01-01 UTC, before which everything recorded survives a power cut:
 * with HEADRACE_DURABILITY=2 about 10 ms ago. `wait`: 1 moves it beyond this call first, if the
 * medium takes it within 30 s. 0 when nothing is synced. */
HEADRACE_API int64_t headrace_durable(int wait) HEADRACE_NOTHROW;

/* --- Names ------------------------------------------------------------------------------- */

/* The number of a value's name, the same for the same text for the life of the process. Fast for a
 * name that the thread has seen, but keep it outside of a hot loop. */
HEADRACE_API uint32_t headrace_name(const char* name) HEADRACE_NOTHROW;
HEADRACE_API uint32_t headrace_name_n(const char* name, size_t size) HEADRACE_NOTHROW;
/* The number of a kind of work: its name and, where known, where it is defined (NULL, 0: not). */
HEADRACE_API uint32_t headrace_activity(const char* name, const char* file,
                                        int line) HEADRACE_NOTHROW;

/* --- Campaigns and workflows --------------------------------------------------------------- */

/* Workflows begun until its end belong to the campaign. Values are its attributes. */
HEADRACE_API headrace_campaign* headrace_campaign_begin(const char* name,
                                                        const headrace_value* values,
                                                        size_t count) HEADRACE_NOTHROW;
HEADRACE_API void headrace_campaign_end(headrace_campaign* campaign) HEADRACE_NOTHROW;

/* One execution of a program or pipeline; `values` are what it used. It is current until its end:
 * tasks belong to it, and a workflow begun meanwhile is its sub-workflow. End the inner one first,
 * and on the thread that began it. Tasks outside of any workflow get one named after the program.
 */
HEADRACE_API headrace_workflow* headrace_workflow_begin(const char* name,
                                                        const headrace_value* values,
                                                        size_t count) HEADRACE_NOTHROW;
/* More values; they are written when the workflow ends. */
HEADRACE_API void headrace_workflow_add(headrace_workflow* workflow, headrace_role role,
                                        const headrace_value* values,
                                        size_t count) HEADRACE_NOTHROW;
HEADRACE_API void headrace_workflow_end(headrace_workflow* workflow,
                                        headrace_status status) HEADRACE_NOTHROW;
HEADRACE_API headrace_id headrace_workflow_id(const headrace_workflow* workflow) HEADRACE_NOTHROW;

/* --- Tasks --------------------------------------------------------------------------------- */

/* One run of an activity, a child of the thread's current task, and current until its end. */
HEADRACE_API headrace_task* headrace_task_begin(uint32_t activity) HEADRACE_NOTHROW;
/* The same, but it does not become current: it may overlap others and end on another thread. */
HEADRACE_API headrace_task* headrace_task_begin_detached(uint32_t activity) HEADRACE_NOTHROW;
/* A child of `parent`, a task of any thread or process (nil: of none). `current`: 0 detached. */
HEADRACE_API headrace_task* headrace_task_begin_under(uint32_t activity, headrace_id parent,
                                                      int current) HEADRACE_NOTHROW;
/* A name that an earlier call gave in the same role is replaced. */
HEADRACE_API void headrace_task_add(headrace_task* task, headrace_role role,
                                    const headrace_value* values, size_t count) HEADRACE_NOTHROW;
HEADRACE_API void headrace_task_int(headrace_task* task, headrace_role role, uint32_t name,
                                    int64_t value) HEADRACE_NOTHROW;
HEADRACE_API void headrace_task_float(headrace_task* task, headrace_role role, uint32_t name,
                                      double value) HEADRACE_NOTHROW;
HEADRACE_API void headrace_task_text(headrace_task* task, headrace_role role, uint32_t name,
                                     const char* value) HEADRACE_NOTHROW;
HEADRACE_API void headrace_task_end(headrace_task* task, headrace_status status) HEADRACE_NOTHROW;
/* Ends it without a record. */
HEADRACE_API void headrace_task_discard(headrace_task* task) HEADRACE_NOTHROW;
/* Task NULL: of the thread's current task; nil when there is none. */
HEADRACE_API headrace_id headrace_task_id(const headrace_task* task) HEADRACE_NOTHROW;

/* Writes the value of HEADRACE_PARENT for a program started from here, so that its tasks become
 * children of the current task and workflow; the empty text when there is neither. */
HEADRACE_API void headrace_parent_text(char text[HEADRACE_PARENT_TEXT_BYTES]) HEADRACE_NOTHROW;

/* One row of a series (loss at step 3) under the task (NULL: the thread's current one, else the
 * workflow). */
HEADRACE_API void headrace_log(const headrace_task* task, const headrace_value* values,
                               size_t count) HEADRACE_NOTHROW;

/* --- Objects ------------------------------------------------------------------------------- */

/* The file at `path` as it is now, recorded with its size and SHA-256; `kind` is dataset, model,
 * checkpoint, file or your own. Reads the whole file. Equal path and content give an equal id, in
 * every process. Nil when the file cannot be read; a value that refers to nil says so. */
HEADRACE_API headrace_id headrace_file_object(const char* path, const char* kind,
                                              const headrace_value* values,
                                              size_t count) HEADRACE_NOTHROW;
/* Content that is no file, known by kind, name and version (may be empty). */
HEADRACE_API headrace_id headrace_named_object(const char* kind, const char* name,
                                               const char* version, const headrace_value* values,
                                               size_t count) HEADRACE_NOTHROW;
/* 8-4-4-4-12 hex digits, lower case. */
HEADRACE_API void headrace_id_text(headrace_id id,
                                   char text[HEADRACE_ID_TEXT_BYTES]) HEADRACE_NOTHROW;
/* The id that the text says; nil when it is none. */
HEADRACE_API headrace_id headrace_id_parse(const char* text) HEADRACE_NOTHROW;

#endif /* !HEADRACE_DISABLE */

#if defined(__cplusplus)
}
#endif

#if defined(HEADRACE_DISABLE)
#include <headrace/disabled.h>
#endif
