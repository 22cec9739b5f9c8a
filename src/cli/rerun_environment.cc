#include "cli/rerun_environment.h"

#include <string_view>

#include "run/spawn.h"
#include "run/variables.h"

namespace headrace::cli {
namespace {

bool is_ours_alone(std::string_view name) {
  return name == "HEADRACE_DIR" || name == "HEADRACE_WORKFLOW" || name == "HEADRACE_PARENT" ||
         name == "HEADRACE_CAMPAIGN";
}

bool is_whole(const std::string& value) {
  return value.find("[redacted]") == std::string::npos && value.size() < run::kMaxVariableBytes;
}

}  // namespace

std::vector<std::string> rerun_environment(const std::map<std::string, std::string>& recorded) {
  std::vector<std::string> out;
  for (std::string& variable : run::environment_with({})) {
    const std::string name = variable.substr(0, variable.find('='));
    if (is_ours_alone(name)) continue;
    if (!recorded.empty() && run::is_kept_variable(name) && !run::is_of_the_place(name)) {
      const auto before = recorded.find(name);
      if (before == recorded.end() || is_whole(before->second)) continue;
    }
    out.push_back(std::move(variable));
  }
  for (const auto& [name, value] : recorded) {
    if (!run::is_of_the_place(name) && is_whole(value)) out.push_back(name + "=" + value);
  }
  return out;
}

}  // namespace headrace::cli
