// Ring files that nobody can ever adopt: of processes that are dead, for a folder that was deleted.
#pragma once

#include <filesystem>

namespace headrace::capture {

// Removes such files of this user and this host from `folder` (capture/ring_directory.h). One look
// through the folder, at most kMostRings files of it opened; allocates. Left alone is whatever a
// collector might still want: the owner may live, the folder is there, or may only have been moved
// (the last hour) or unmounted.
constexpr int kMostRings = 64;
constexpr int kSettled_s = 3600;
void remove_abandoned_rings(const std::filesystem::path& folder);

}  // namespace headrace::capture
