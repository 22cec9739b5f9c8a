// For tests: rows of layers' energy, and the questions about them.
#pragma once

#include <gtest/gtest.h>
#include <string>

#include "query/energy_question.h"
#include "query/store_for_test.h"

namespace headrace::query {

// Of a task's activity; "NULL": none. 0.3 J of its error is the split's.
inline void layer(StoreForTest& store, int64_t task, const std::string& model,
                  const std::string& layer, const std::string& phase, int64_t calls,
                  int64_t share_uj, const std::string& resolution = "resolved",
                  const std::string& domain = "node/gpu-0") {
  const auto text = [](const std::string& one) {
    return one == "NULL" ? one : store::sql_text(one);
  };
  const std::string share = std::to_string(share_uj);
  store.run("INSERT INTO layer_energy_row SELECT 1, wf, activity, " + text(model) + ", " +
            text(layer) + ", " + text(phase) + ", '" + domain + "', " + std::to_string(calls) +
            ", 2, " + share + ", " + share + ", 0.5, 0.3, 100, " + text(resolution) +
            ", 1, 60, 'layer_power', 'measured', " +
            (resolution == "grouped" ? "'always ran together'" : "NULL") +
            ", 1 FROM task_slots WHERE seq = " + std::to_string(task));
}

inline Json asked(const Session& session, const std::string& about, const std::string& what,
                  const std::string& other = "") {
  EnergyQuestion question{.about = about, .what = what};
  question.other = other;
  const Result<EnergyAnswer> answer = ask_energy(session, question, "/");
  EXPECT_TRUE(answer.ok()) << answer.status().message();
  return answer.ok() ? answer->facts : Json();
}
inline const Json::List& list(const Json& of) { return *of.as<Json::List>(); }

}  // namespace headrace::query
