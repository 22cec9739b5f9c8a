// A folder that is not ours to write: what of it can be taken in.
#pragma once

#include <filesystem>
#include <vector>

#include "base/status.h"

namespace headrace::collect {

struct ForeignFolder {
  std::filesystem::path root;   // the folder `.headrace`; empty for one of segments or a lone store
  std::filesystem::path store;  // empty: there is none
  std::vector<std::filesystem::path> segments;
};

// `path`: a folder `.headrace`, one that holds it, a folder of segments, a store file. Errors:
// kNotFound when it is none of them.
Result<ForeignFolder> look_at(const std::filesystem::path& path);

}  // namespace headrace::collect
