// An event file that is read as it grows.
//
//   EventFile file("runs/a/events.out.tfevents.1763829000.node7.12.0");
//   HEADRACE_RETURN_IF_ERROR(file.read([&](std::string_view record, uint64_t offset) { ... }));
//   ... later, again: only what is new comes.
//
// Reads in pieces of 1 MiB and keeps one record; a record that is cut at the end is read again from
// its beginning next time, since a networked file system may show zeros before it shows the rest.
// Not shared by threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exchange/tensorboard_frames.h"

namespace headrace::exchange {

class EventFile {
 public:
  // False: stop behind this record.
  using EachRecord = std::function<bool(std::string_view record, uint64_t offset)>;

  explicit EventFile(std::filesystem::path path, uint64_t from = 0)
      : path_(std::move(path)), position_(from) {}

  // Errors: kIo when it cannot be read now, kCorrupt when it is shorter than what was read of it.
  // `last`: nothing more is expected, see EventFrames::finish.
  Status read(const EachRecord& each, bool last = false);

  const std::filesystem::path& path() const { return path_; }
  uint64_t position() const { return position_; }
  // Behind position: what is not whole yet.
  uint64_t pending_bytes() const { return pending_bytes_; }
  std::vector<EventDamage> take_damage();

 private:
  std::filesystem::path path_;
  uint64_t position_;
  uint64_t pending_bytes_ = 0;
  uint64_t size_when_read_ = 0;
  std::vector<EventDamage> damage_;
};

// A folder with event files: TensorBoard's run.
struct EventRun {
  std::string name;  // the folder, relative to the log directory; "." for the directory itself
  std::filesystem::path folder;
  std::vector<std::filesystem::path> files;  // by name, which begins with the time of making
};

// The runs below `log_directory`, by name. A file of TensorBoard's is one with "tfevents" in its
// name; `log_directory` may be such a file. Links to folders are not followed. Errors: kNotFound,
// kIo.
Result<std::vector<EventRun>> event_runs(const std::filesystem::path& log_directory);

}  // namespace headrace::exchange
