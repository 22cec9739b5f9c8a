// A filter's text as a tree.
//
//   activity:train status:failed energy>1kJ used.lr<1e-3 generated.loss>=0.5 tag:best
//   campaign:"my study" started>2026-11-01 duration>2s hostname:node* used.lr:1e-4..1e-2
//   generated.loss:* -status:failed (a OR b) word
//
// docs/filter.md says what each means. Terms side by side must all hold; OR binds weaker than that,
// - and NOT stronger.
#pragma once

#include <string_view>

#include "base/status.h"
#include "query/filter_fields.h"
#include "query/filter_tree.h"

namespace headrace::query {

// The empty text is the filter that every row passes. Errors (kInvalidArgument) point at the
// character: what cannot be read, a field that the view does not have, a value that the field
// cannot have. What was captured does not matter here, see filter_names.h. Cost linear in the text.
Result<Filter> parse_filter(std::string_view text, FilterView view);

}  // namespace headrace::query
