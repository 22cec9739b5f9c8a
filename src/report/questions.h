// How to ask for a report's figures again, on the command line and in SQL.
#pragma once

#include <string>

#include "query/json.h"

namespace headrace::report {

struct AskedAgain {
  std::string name;         // of the campaign, or of the workflow
  std::string workflow_id;  // "": a campaign
  std::string quality;      // "" without a trade-off
  bool minimise = false;
  std::string activity;
  std::string object;  // id; "" without a lineage
};

// "questions" of schema/report.schema.json.
query::Json questions_json(const AskedAgain& asked);

// A word as a POSIX shell reads it back: quoted where it must be.
std::string shell_word(const std::string& text);

}  // namespace headrace::report
