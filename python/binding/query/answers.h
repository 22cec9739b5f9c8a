// The questions that have a verb of their own: why, diff, tradeoff, regret and so on.
#pragma once

#include <nanobind/nanobind.h>

namespace headrace::binding {

void add_answers(nanobind::module_& m);

}  // namespace headrace::binding
