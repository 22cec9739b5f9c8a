// A copy of a folder that is a folder itself, taken while programs go on recording.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/status.h"
#include "collect/open.h"

namespace headrace::collect {

struct BackedUp {
  int64_t tasks = 0;
  int64_t workflows = 0;
  uint64_t segments = 0;
  uint64_t blobs = 0;
  uint64_t bytes = 0;  // of the copy
};

// Folds what is new, then copies store, segments, blobs, quarantine and what people said to `to`,
// which must not exist or be an empty folder. Of the store the copy is one moment; segments may
// hold a little more, which the copy's first reader folds. No process can write the store
// meanwhile, programs can record. The copy is opened, and its rows are counted against those of the
// store, before it takes its name: killed at any moment there is no backup, or a whole one. Errors:
// kInvalidArgument when `to` is taken, kNotFound when nothing was captured, kUnavailable when
// another process keeps the store, kCorrupt when the counts differ, kIo.
Result<BackedUp> back_up(const Directory& directory, const std::filesystem::path& to,
                         const OpenOptions& options = {});

}  // namespace headrace::collect
