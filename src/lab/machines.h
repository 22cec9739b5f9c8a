// Machines that come with the laboratory.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::lab {

// The scenario of that name.
std::optional<std::string> machine(std::string_view name);
std::vector<std::string> machine_names();

}  // namespace headrace::lab
