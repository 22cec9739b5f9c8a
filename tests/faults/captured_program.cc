// A program whose result must not depend on what its capture meets. Its own part uses no memory and
// no file, so every failure is capture's.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <headrace/headrace.hpp>

extern "C" __attribute__((weak)) void fault_begin(void);

int main() {
  if (fault_begin != nullptr) fault_begin();
  uint64_t result = 1;
  {
    headrace::Campaign campaign("faults");
    headrace::Workflow workflow("sum",
                                {{"steps", 40}, {"label", "a text that is longer than a word"}});
    for (int i = 0; i < 40; ++i) {
      headrace::Task step("step", {{"number", i}, {"rate", 0.5 * i}, {"note", "text"}});
      result = result * 6364136223846793005ull + static_cast<uint64_t>(i);
      step.generated({{"result", static_cast<int64_t>(result)}});
      const bool thrown = headrace::in_task("inner", {{"i", i}}, [&](headrace::Task& inner) {
        inner.generated({{"half", 0.5 * i}});
        return i % 2 == 0;
      });
      result += thrown ? 1 : 0;
      if (i % 10 == 0) headrace_flush();
      if (i == 20) headrace_log(nullptr, nullptr, 0);
    }
    headrace_named_object("model", "m", "1", nullptr, 0);
  }
  // What capture does once a second happens to a program that lives longer than one.
  if (const char* lives_s = std::getenv("PROGRAM_LIVES_S"); lives_s != nullptr) {
    sleep(static_cast<unsigned>(lives_s[0] - '0'));
  }
  char line[64];
  const int size =
      std::snprintf(line, sizeof line, "result %llu\n", static_cast<unsigned long long>(result));
  return write(1, line, static_cast<size_t>(size)) == size ? 7 : 1;
}
