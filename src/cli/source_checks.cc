#include "cli/checks.h"
#include "telemetry/telemetry.h"

namespace headrace::cli {

std::vector<Check> source_checks() {
  std::vector<Check> checks;
  for (const telemetry::Source& source : telemetry::describe_sources()) {
    Check check;
    check.name = source.energy ? "energy" : "usage";
    check.detail = source.name;
    if (!source.readable) {
      // Missing hardware is no fault; what can be changed is said.
      check.state = CheckState::kNote;
      check.detail += " is not readable";
      check.next = source.detail;
      if (!source.enable.empty())
        check.next += "; an administrator may change it: " + source.enable;
    } else {
      check.state = source.truth == Truth::kMeasured ? CheckState::kOk : CheckState::kNote;
      check.detail += ": " + std::string(headrace::name_of(source.truth));
      if (!source.domains.empty()) check.detail += ", " + source.domains;
      if (!source.method.empty()) check.detail += ", " + source.method;
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace headrace::cli
