// What a merge takes over besides tasks: records of workflows and objects, edges, samples, log
// rows, gaps, quarantine, what people said, and the fold's memory.
#pragma once

#include "store/merge_numbers.h"

namespace headrace::store {

// Inserts what is not here, of the producers in merge_news.
Status merge_records(const Connection& connection);
// Then, and only then, which numbers and which parts of segments are stored.
Status merge_marks(const Connection& connection);
// Tags, notes and removals that are not here, into the journal beside `store_file` too. The removal
// of what this store has is left out: merging takes nothing away.
Status merge_amendments(const Connection& connection, const std::filesystem::path& store_file);

}  // namespace headrace::store
