// Built with HEADRACE_DISABLE and linked without the library: the API must compile to nothing.
// Exits 0 when nothing was recorded and nothing is known of capture.
#include <string>

#include <headrace/headrace.hpp>

int main() {
  const headrace::Campaign campaign("a campaign whose name is longer than a short string");
  headrace::Workflow workflow("solve", {{"nx", 128}, {"dt", 0.1}});
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    headrace::Task task("step", {{"number", i}});
    sum += headrace::in_task("add", {}, [i](headrace::Task& inner) {
      inner.generated({{"i", i}});
      return i;
    });
    task.generated({{"file", headrace::file_object("nowhere")}});
    headrace::log({{"sum", sum}});
  }
  {
    using namespace headrace::literals;  // NOLINT: how a user writes it
    headrace::Task step("step"_activity, {{"number"_name, sum}});
    step.generated({{"residual"_name, 0.5}});
  }
  headrace::flush();
  const bool silent = headrace_enabled() == 0 && workflow.id().empty() &&
                      !headrace::named_object("dataset", "rows");
  return silent && sum == 3 ? 0 : 1;
}
