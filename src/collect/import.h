// Takes in what another folder holds: of another machine, of a copy, of a backup.
//
//   Result<Imported> done = import_folder(directory, "/mnt/node7/project");
//
// The other folder is only read. What is here already is not taken twice, whichever way it came: a
// foreign source that both folders have taken in stays as it is here (same_source.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "collect/open.h"
#include "store/merge.h"

namespace headrace::collect {

struct Imported {
  store::Merged merged;
  uint64_t segments = 0;  // kept here now, so that the store can be built again from them
  uint64_t blobs = 0;
  std::vector<std::string> notes;  // what a person should know, a sentence each
};

// `other` may be a folder `.headrace`, one that holds it, a folder of segments, or a store file.
// What programs have written there into segments and no command has folded yet comes too. Makes
// `directory` if there is none. The store here changes in one transaction: killed before it, the
// import leaves nothing but a folder `incoming-<pid>`, which the next one clears away.
// Errors: kNotFound when there is nothing of headrace, kInvalidArgument for the folder itself,
// kUnsupported when a newer version wrote the other store, kCorrupt when it is damaged,
// kUnavailable when another process writes one of the stores, kIo.
Result<Imported> import_folder(const Directory& directory, const std::filesystem::path& other,
                               const OpenOptions& options = {});

}  // namespace headrace::collect
