// MLflow's texts as Headrace's values.
#pragma once

#include <string_view>

#include "collect/told_value.h"

namespace headrace::exchange {

// MLflow keeps a parameter as the text that Python's str() made of it. A text that is exactly what
// Python writes for a number or a truth is that number or truth, anything else stays text: "0.001"
// a float, "10" an integer, "True" true, "007" and "1.50" text.
collect::Value param_value(std::string_view text);

// JSON as nested values where it is that, else text.
collect::Value json_or_text(std::string_view text);

}  // namespace headrace::exchange
