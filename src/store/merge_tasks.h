// The tasks of a merge, their values moved to the columns that the keys have here.
#pragma once

#include "store/merge_numbers.h"

namespace headrace::store {

// Inserts the finished and the open tasks of producers in merge_news that are not here. `columns`:
// how many exclusive columns both stores have.
Status merge_tasks(const Connection& connection, const MergeNumbers& numbers,
                   size_t incoming_columns);

}  // namespace headrace::store
