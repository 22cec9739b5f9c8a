// Counts as a person reads them, and as a program does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::cli {

struct Counted {
  std::string one;  // "log row"
  int64_t n = 0;
  std::string many = {};  // where it is not `one` and an s
};

// "1,200 tasks, 3 workflows and 1 log row": those that are not 0; "nothing" when all are.
std::string listed(const std::vector<Counted>& counts);
// {"tasks": 1200, "workflows": 3, "log_rows": 1}, all of them, on stdout.
void print_json(const std::vector<Counted>& counts);

}  // namespace headrace::cli
