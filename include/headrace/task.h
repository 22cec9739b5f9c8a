// Tasks: one run of a kind of work.
//
//   for (int i = 0; i < 100; ++i) {
//     headrace::Task step("step", {{"number", i}});
//     step.generated({{"residual", advance()}});
//   }                                     // ends here; failed when an exception leaves the scope
//
//   headrace::in_task("load", {{"path", path}}, [&](headrace::Task& load) {
//     load.generated({{"rows", read(path)}});
//   });                                   // as above, and the exception's type and text are kept
//
// A task is a child of the one that is current on its thread. One thread uses a Task at a time.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cxxabi.h>
#include <exception>
#include <memory>
#include <source_location>
#include <string>
#include <typeinfo>
#include <utility>

#include <headrace/value.h>

namespace headrace {

#if !defined(HEADRACE_DISABLE)
namespace detail {
// std::uncaught_exceptions without its two calls, which a task would make twice. The place where
// the count stands is the thread's for its life: Itanium C++ ABI, section 2.2.2, __cxa_eh_globals.
inline int uncaught_exceptions() {
  struct Globals {
    void* caught_exceptions;
    unsigned int uncaught_exceptions;
  };
  static constinit thread_local const Globals* globals = nullptr;
  if (globals == nullptr) {
    globals = reinterpret_cast<const Globals*>(abi::__cxa_get_globals());
  }
  return static_cast<int>(globals->uncaught_exceptions);
}
}  // namespace detail
#endif

// A kind of work: its name and where it stands in the source. As with Name, "step"_activity or a
// constant saves the look-up.
class Activity {
 public:
#if defined(HEADRACE_DISABLE)
  // As in Name.
  constexpr Activity(const char*) : id_(0) {}  // NOLINT: implicit by design
  constexpr Activity(const char*, const std::source_location&) : id_(0) {}

  constexpr Activity(const std::string&) : id_(0) {}  // NOLINT: implicit by design
  constexpr Activity(const std::string&, const std::source_location&) : id_(0) {}
#else
  Activity(const char* name,  // NOLINT: implicit by design
           std::source_location where = std::source_location::current())
      : id_(headrace_activity(name, where.file_name(), static_cast<int>(where.line()))) {}
  Activity(const std::string& name,  // NOLINT: implicit by design
           std::source_location where = std::source_location::current())
      : Activity(name.c_str(), where) {}
#endif
  template <detail::Literal text>
  Activity(LiteralActivity<text> literal,  // NOLINT: implicit by design
           std::source_location where = std::source_location::current())
      : id_(literal.number(where).value) {}
  uint32_t id() const { return id_; }

 private:
  uint32_t id_;
};

// A task's identity, to name it as the parent of tasks on other threads and in other processes.
class TaskId {
 public:
  TaskId() = default;
  explicit TaskId(headrace_id id) : id_(id) {}
  const headrace_id& id() const { return id_; }
  std::string text() const {
    char text[HEADRACE_ID_TEXT_BYTES] = "";
    headrace_id_text(id_, text);
    return text;
  }
  static TaskId parse(const std::string& text) { return TaskId(headrace_id_parse(text.c_str())); }

 private:
  headrace_id id_{};
};
// The thread's current task; nil when there is none.
inline TaskId current_task() { return TaskId(headrace_task_id(nullptr)); }

class Task {
 public:
  explicit Task(Activity activity, Values used = {}) : Task(headrace_task_begin(activity.id())) {
    this->used(used);
  }
  // A child of `parent` instead of the thread's current task: work handed to another thread.
  Task(Activity activity, const TaskId& parent, Values used = {})
      : Task(headrace_task_begin_under(activity.id(), parent.id(), 1)) {
    this->used(used);
  }
  // A task that is not made current, for work that overlaps: it may be moved to another thread.
  static Task detached(Activity activity, Values used = {}) {
    Task task(headrace_task_begin_detached(activity.id()));
    task.used(used);
    return task;
  }

  Task(Task&& other) noexcept
      : task_(std::exchange(other.task_, nullptr)),
        exceptions_(other.exceptions_),
        failed_(other.failed_) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      end();
      task_ = std::exchange(other.task_, nullptr);
      exceptions_ = other.exceptions_;
      failed_ = other.failed_;
    }
    return *this;
  }
  ~Task() { end(); }

  Task& used(Values values) { return add(HEADRACE_USED, values); }
  Task& generated(Values values) { return add(HEADRACE_GENERATED, values); }
  // A label to find it by; the value may say more.
  Task& tag(Values values) { return add(HEADRACE_TAG, values); }
  // It will end as failed, with what the error says.
  void fail(Text message, Text type = "error") {
    add(HEADRACE_ERROR, {{"type", type.c_str()}, {"message", message.c_str()}});
    failed_ = true;
  }
  void fail(const std::exception& error) {
    int unused = 0;
    const std::unique_ptr<char, void (*)(void*)> type(
        abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &unused), &std::free);
    fail(error.what(), type ? type.get() : typeid(error).name());
  }
  // Ends it before the scope does. Later calls do nothing.
  void end() {
    if (task_ == nullptr) return;
    if (!failed_ && unwinding()) {
      fail("an exception left the task's scope; headrace::in_task keeps its text", "exception");
    }
    end(failed_ ? HEADRACE_FAILED : HEADRACE_FINISHED);
  }
  void end(headrace_status status) { headrace_task_end(std::exchange(task_, nullptr), status); }

  // Nil after the end or when capture is off.
  TaskId id() const { return task_ == nullptr ? TaskId() : TaskId(headrace_task_id(task_)); }
  headrace_task* c_task() const { return task_; }

 private:
  explicit Task(headrace_task* task) : task_(task), exceptions_(exceptions()) {}
  Task& add(headrace_role role, const Values& values) {
    if (values.size() != 0) headrace_task_add(task_, role, detail::c_values(values), values.size());
    return *this;
  }
#if defined(HEADRACE_DISABLE)
  static int exceptions() { return 0; }
#else
  static int exceptions() { return detail::uncaught_exceptions(); }
#endif
  bool unwinding() const { return exceptions() > exceptions_; }

  headrace_task* task_;
  int exceptions_;
  bool failed_ = false;
};

// Calls `work(task)` in a task and returns what it returns. An exception is recorded with its type
// and text and goes on unchanged.
template <typename Work>
decltype(auto) in_task(Activity activity, Values used, Work&& work) {
  Task task(activity, used);
#if defined(HEADRACE_DISABLE)
  return std::forward<Work>(work)(task);
#else
  try {
    return std::forward<Work>(work)(task);
  } catch (const std::exception& error) {
    task.fail(error);
    throw;
  } catch (...) {
    task.fail("not a std::exception", "exception");
    throw;
  }
#endif
}

// One row of a series (loss at step 3) under the thread's current task, else the workflow.
inline void log(Values values) { headrace_log(nullptr, detail::c_values(values), values.size()); }
// Returns when everything recorded so far is in the file; see headrace_flush.
inline void flush() { headrace_flush(); }

}  // namespace headrace
