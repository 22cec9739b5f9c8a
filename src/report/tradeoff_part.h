// The trade-off of a report: what `headrace tradeoff` answers for energy and for time, side by
// side.
#pragma once

#include <optional>
#include <string>

#include "report/scope.h"

namespace headrace::report {

struct TradeoffChoice {
  std::string quality;           // a key of `generated`; "" finds one, see choose below
  std::optional<bool> minimise;  // unset: by the name
  std::string activity;          // "" as query::tradeoff chooses
};

struct TradeoffPart {
  query::Json json;     // "tradeoff" of schema/report.schema.json, or null
  query::Json missing;  // why there is none, or null
  std::string quality;  // what was compared; "" without a trade-off
  std::string activity;
  bool minimise = false;
  std::optional<std::string> best;  // the best configuration's task id
};

// With no quality named, of the numbers that tasks generated those are tried whose name says loss,
// accuracy, score or error, validation's and test's first; the first that two finished tasks of one
// activity have is taken. A quality that was named and does not exist is an error (kNotFound).
Result<TradeoffPart> tradeoff_part(const Scope& scope, const TradeoffChoice& choice);

}  // namespace headrace::report
