// A logged number of several runs as curves to draw: of the repeats of one configuration their
// mean, and how far they lie apart.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/session.h"

namespace headrace::query {

struct MetricQuestion {
  std::string campaign;     // its name or the beginning of its id
  std::string workflow_id;  // "" for all of the campaign
  std::string metric;       // unset: see likeliest_quality
  size_t points = 1000;     // of a curve, at most
};

// {metric, metrics, activity, runs: [{label, group, task_id, workflow_id, status, step, seconds,
// value}], groups: [{label, runs, step, mean, low, high, count}]}. step counts points from 1;
// seconds since the run began. A group's runs differ only in what tells repeats apart (seed, fold,
// ...); low and high are one standard deviation from the mean, over the runs that have the step. Of
// a curve with more points the first, least, greatest and last of each stretch are kept. Where
// nothing was logged: no_curves(). Errors: as read_curves.
Result<Json> metric_curves(const Session& session, const MetricQuestion& question);

// The same shape with nothing in it, and `missing`: a sentence that says why, and which call would
// log something.
Json no_curves(const std::string& missing);

}  // namespace headrace::query
