// All that a summary says of all tasks: nine questions to every one of them.
#include "query/summary.h"
#include "questions.h"

namespace headrace::bench {

void q11_summary(Bench& bench) {
  Row row{.name = "q11 summary of everything", .budget_ms = 1500};
  row.ms = least_ms([&] {
    const auto summary = query::summarize(bench.session(), "", "/");
    if (!summary.ok()) {
      row.problem = summary.status().message();
      return;
    }
    row.rows = summary->findings.size();
    // No two of the made tasks have the same values, and each has some.
    for (const query::Finding& finding : summary->findings) {
      if (finding.about == "done again") row.problem = finding.sentence;
    }
  });
  bench.add(row);
}

}  // namespace headrace::bench
