// Every part of the C++ API in a function that a program calls from a hot loop. Compiled with
// HEADRACE_DISABLE it must be what plain_work below is; see test_compiled_away.py.
#include <headrace/headrace.hpp>

int work(int i);

int captured_work(int i) {
  using namespace headrace::literals;
  const headrace::Campaign campaign("a campaign whose name is longer than a short string");
  headrace::Workflow workflow("solve", {{"nx", 128}});
  headrace::Task task("step"_activity, {{"number"_name, i}, {"dt"_name, 0.1}});
  headrace::Task plain("inner", {{"number", i}, {"scheme", "upwind"}});
  static const headrace::Name residual("residual");
  static const headrace::Activity kept("kept", std::source_location::current());
  const headrace::Task detached = headrace::Task::detached(kept);
  const int result =
      headrace::in_task("call"_activity, {}, [i](headrace::Task&) { return work(i); });
  plain.generated({{residual, 0.5}}).tag({{"stage", "test"}});
  task.generated({{"residual"_name, 0.5}});
  headrace::log({{"result"_name, result}});
  return result;
}

int plain_work(int i) { return work(i); }
