// Workflows: one execution of a program or pipeline, which tasks belong to.
//
//   int main() {
//     headrace::Workflow solve("solve", {{"nx", 128}, {"dt", 0.1}});
//     ...
//     solve.generated({{"field", headrace::file_object("field.bin")}});
//   }                                        // failed when an exception leaves the scope
//
// Without one, tasks belong to a workflow named after the program. One begun inside another is its
// sub-workflow. It is ended on the thread that began it, the inner before the outer.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include <headrace/value.h>

namespace headrace {

class Workflow {
 public:
  explicit Workflow(Text name, Values used = {})
      : workflow_(headrace_workflow_begin(name.c_str(), detail::c_values(used), used.size())),
        exceptions_(exceptions()) {}
  Workflow(Workflow&& other) noexcept
      : workflow_(std::exchange(other.workflow_, nullptr)),
        exceptions_(other.exceptions_),
        failed_(other.failed_) {}
  Workflow& operator=(Workflow&&) = delete;
  ~Workflow() { end(); }

  // Written when the workflow ends.
  Workflow& used(Values values) { return add(HEADRACE_USED, values); }
  Workflow& generated(Values values) { return add(HEADRACE_GENERATED, values); }
  Workflow& tag(Values values) { return add(HEADRACE_TAG, values); }
  void fail(Text message, Text type = "error") {
    add(HEADRACE_ERROR, {{"type", type.c_str()}, {"message", message.c_str()}});
    failed_ = true;
  }
  // Ends it before the scope does. Later calls do nothing.
  void end() {
    if (workflow_ == nullptr) return;
    if (!failed_ && exceptions() > exceptions_) {
      fail("an exception left the workflow's scope", "exception");
    }
    end(failed_ ? HEADRACE_FAILED : HEADRACE_FINISHED);
  }
  void end(headrace_status status) {
    headrace_workflow_end(std::exchange(workflow_, nullptr), status);
  }

  // The UUID's text; empty after the end or when capture is off.
  std::string id() const {
    char text[HEADRACE_ID_TEXT_BYTES] = "";
    if (workflow_ != nullptr) headrace_id_text(headrace_workflow_id(workflow_), text);
    return text;
  }

 private:
  Workflow& add(headrace_role role, const Values& values) {
    headrace_workflow_add(workflow_, role, detail::c_values(values), values.size());
    return *this;
  }
#if defined(HEADRACE_DISABLE)
  static int exceptions() { return 0; }
#else
  static int exceptions() { return std::uncaught_exceptions(); }
#endif

  headrace_workflow* workflow_;
  int exceptions_;
  bool failed_ = false;
};

}  // namespace headrace
