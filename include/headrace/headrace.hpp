// All of the C++ API: capture of campaigns, workflows, tasks, values and objects.
//
//   #include <headrace/headrace.hpp>
//   int main() {
//     headrace::Campaign campaign("mesh study");
//     headrace::Workflow workflow("solve", {{"nx", 128}, {"dt", 0.1}});
//     for (int i = 0; i < 100; ++i) {
//       headrace::Task task("step", {{"number", i}});
//       task.generated({{"residual", 1.0 / (i + 1)}});
//     }
//   }
//
// In a hot loop write "step"_activity and "number"_name (literals.h), which are looked up once.
// Link headrace::headrace (CMake) or `pkg-config --libs headrace`; headrace.h says where records
// go. Needs C++20 and nothing else. With -DHEADRACE_DISABLE it compiles to nothing.
#pragma once

#include <headrace/campaign.h>
#include <headrace/literals.h>
#include <headrace/object.h>
#include <headrace/task.h>
#include <headrace/value.h>
#include <headrace/workflow.h>
