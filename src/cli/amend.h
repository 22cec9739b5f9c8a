// What tag and note share: they write down what a person says of a campaign or workflow.
#pragma once

#include <string>
#include <vector>

#include "cli/program.h"
#include "query/identify.h"
#include "store/amendment.h"

namespace headrace::cli {

// Finds the campaign or workflow and writes an amendment for each value. `done` is said of it
// afterwards ("tagged"). Returns the exit code.
int amend(const Program& program, const std::string& what, const std::string& action,
          const std::vector<std::string>& values, const std::string& done);

}  // namespace headrace::cli
