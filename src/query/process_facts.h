// What the process of a task said of itself when it ended: its language, packages, own code, seeds.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/status.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct ProcessFacts {
  std::string language;  // "python 3.11.2"; empty when it said nothing
  Json packages;         // name -> {version, sha256}
  Json modules;          // path of the program's own code -> SHA-256
  Json seeds;            // generator -> what is known of it
  // How it ended where it could not say so itself: "ended abruptly (signal 9)"; else empty.
  std::string end;
};

// As the view `producer` writes the producer of a task; empty for what is no task's id.
std::string producer_text(const std::string& task_id);

// Of the processes that ran these tasks, by producer_text().
Result<std::map<std::string, ProcessFacts>> read_processes(const Session& session,
                                                           const std::set<std::string>& task_ids);

}  // namespace headrace::query
