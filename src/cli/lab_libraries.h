// Where the laboratory's stand-ins of the vendors' libraries are.
#pragma once

#include <string>

#include "base/status.h"

namespace headrace::cli {

// The folder: HEADRACE_LAB_LIBRARIES, else beside this program. Errors: kNotFound with where it
// looked.
Result<std::string> find_lab_libraries();

}  // namespace headrace::cli
