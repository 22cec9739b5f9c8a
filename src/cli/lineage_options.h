// The options that `why` and `affects` share.
#pragma once

#include <string>

#include "cli/output.h"
#include "query/why.h"

namespace headrace::cli {

struct LineageQuestion {
  std::string what;
  query::WhyOptions options;
  Output output;
};

void add_lineage_options(CLI::App* verb, LineageQuestion& question);

}  // namespace headrace::cli
