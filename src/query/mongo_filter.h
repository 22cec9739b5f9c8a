// MongoDB's query documents as filters, for programs that speak them.
//
//   {"activity": "train", "used.lr": {"$lt": 1e-3}, "$or": [{"status": "failed"}, {"tag.best":
//   true}]}
//
// Understood are $and $or $nor $not, $eq $ne $gt $gte $lt $lte $in $nin, $exists and $regex with
// $options, on dotted paths. They mean what MongoDB documents: a comparison holds between values of
// one type only; null is also what is absent; $ne, $nin and $not take what is absent; a list has
// the value if one of its elements has. Source: MongoDB manual 8.0, "Query Predicates", "Query for
// Null or Missing Fields".
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "query/filter_tree.h"
#include "query/json.h"
#include "query/selection.h"

namespace headrace::query {

// Errors (kInvalidArgument): what is no query document; an operator that is not among these; a
// field that the view does not have.
Result<Filter> mongo_filter(const Json& document, FilterView view);

// The rest of a find: {"filter": {...}, "projection": ["used.lr"] or {"used.lr": 1} or {"used": 0},
// "sort": [["generated.loss", -1]] or {"generated.loss": -1}, "limit": 20, "skip": 0}; and, as
// Flowcept has it, "aggregation": [["avg", "generated.loss"], ["max", "used.lr"]] over groups of
// the projection's one field, or over all.
Result<Selection> mongo_selection(const Json& question, FilterView view);

}  // namespace headrace::query
