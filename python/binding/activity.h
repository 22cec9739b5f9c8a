// What a kind of task is, shared by every way of making one: its name, where it is defined, the
// names of its results, its tags.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "binding/cpu_watch.h"
#include "binding/names.h"
#include "capture/fields.h"

namespace headrace::binding {

// Capture can be turned off and on while the program runs.
extern std::atomic<bool> enabled;
inline bool is_enabled() { return enabled.load(std::memory_order_relaxed); }

class Activity {
 public:
  Activity(std::string name, std::string file, int line);
  ~Activity();
  Activity(const Activity&) = delete;
  Activity& operator=(const Activity&) = delete;

  // The dictionary id in this process; 0 when there is no memory for it.
  uint32_t id() {
    if (generation_ != generation.load(std::memory_order_relaxed)) [[unlikely]]
      refresh();
    return id_;
  }
  const std::string& name() const { return name_; }

  // `outputs`: null or None; a string; or a sequence of strings. False, with an exception, if not.
  bool set_outputs(PyObject* outputs);
  // Under which name results stand that `outputs` do not name; "result" where it is not set.
  void set_result_name(PyObject* name) { Py_XSETREF(result_name_, Py_XNewRef(name)); }
  void set_tags(PyObject* tags) { Py_XSETREF(tags_, Py_XNewRef(tags)); }
  PyObject* outputs() const { return outputs_; }
  PyObject* tags() const { return tags_; }

  CpuWatch& cpu() { return cpu_; }
  // False: results are not recorded.
  void set_results(bool recorded) { records_results_ = recorded; }

  // What a task of this activity gave back, and its tags. A dict's items stand under their keys, a
  // named tuple's under its fields, a tuple's under the names of `outputs`; anything else under
  // the one name of `outputs`, or "result". None is nothing.
  void add_result(capture::Fields& fields, PyObject* result);

 private:
  void refresh();
  bool add_named_items(capture::Fields& fields, PyObject* names, PyObject* items);

  const std::string name_;
  const std::string file_;
  const int line_;
  uint32_t id_ = 0;
  uint32_t generation_ = 0;
  Name result_;
  bool records_results_ = true;
  CpuWatch cpu_;
  PyObject* outputs_ = nullptr;  // a tuple of strings, or null
  PyObject* tags_ = nullptr;
  PyObject* result_name_ = nullptr;  // a string, or null
};

}  // namespace headrace::binding
