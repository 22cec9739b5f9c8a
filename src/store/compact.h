// Writes a store's file anew, so that the room of what was deleted goes back to the disk.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "store/store.h"

namespace headrace::store {

struct Compacted {
  uint64_t bytes_before = 0;
  uint64_t bytes_after = 0;
};

// `store` is open for writing and is closed by this. The new file is made beside the old one and
// takes its name when it is whole; until then, whatever happens, the old one is there unchanged.
// Needs as much room as the rows take. Errors: kIo.
Result<Compacted> compact(Store store);

// Renames a whole, closed store over another one, which this process holds for writing and has
// checkpointed: no log is left of either.
Status take_place(const std::filesystem::path& made, const std::filesystem::path& file);

// Deletes a store's file and its log, if they are there.
void remove_store(const std::filesystem::path& file);

// The tables of the database `from` into those of the database `to`, both attached to the
// connection; `to` is an empty store of the same schema version. Its meta is left out.
Status copy_tables(const Connection& connection, const std::string& from, const std::string& to);

}  // namespace headrace::store
