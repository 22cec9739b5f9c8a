// Flowcept's buffer file, read as it grows: one document a line (flowcept_told.h).
//
// The file may be replaced by another run's, as the peer does at each start: then it is read from
// its beginning. A last line without its end waits until it has one.
#pragma once

#include <filesystem>
#include <memory>

#include "exchange/importer.h"

namespace headrace::exchange {

// Lines longer than this are quarantined by their first bytes.
constexpr size_t kMostLineBytes = size_t{64} << 20;

std::unique_ptr<ForeignSource> flowcept_lines(const std::filesystem::path& file);

}  // namespace headrace::exchange
