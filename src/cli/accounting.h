// The account of each process's records: accepted = stored + spooled + quarantined + dropped +
// missing, each term in plain words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/session.h"

namespace headrace::cli {

struct Account {
  std::string producer;
  std::string process;  // "host 4711"
  std::string state;    // running, ended, lost
  int64_t accepted = 0;
  int64_t stored = 0;
  int64_t spooled = 0;
  int64_t quarantined = 0;
  int64_t dropped = 0;
  int64_t missing = 0;
  int64_t newer = 0;        // of those stored
  int64_t without_row = 0;  // of those stored: marked as seen and not there
  std::string dropped_by;   // "3 write failed, 1 no memory"

  bool is_explained() const { return missing == 0 && without_row == 0; }
  bool is_whole() const { return is_explained() && quarantined == 0 && dropped == 0; }
};

// All processes, those with losses first. Of one that runs here, what waits in its ring is counted
// as spooled; it goes on while it is counted.
Result<std::vector<Account>> accounts(const query::Session& session);

// What each term that is not zero means, a sentence each.
std::vector<std::string> explain(const Account& account);

}  // namespace headrace::cli
