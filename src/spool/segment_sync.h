// One group sync: what it must put on the medium, gathered under the writer's lock, run without it.
//
//   SegmentWriter (locked)          sync thread (unlocked)          SegmentWriter (locked)
//   begin_sync() -> SegmentSync ->  run(): fdatasync each file,  -> finish_sync(): the watermark
//                                   then fsync each new name        moves, or segments are poisoned
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace headrace {

// A segment file that is open for writing; the last to hold it closes it.
struct SpoolFile {
  SpoolFile(FileSystem& its_files, int its_fd, std::string its_path, std::string its_folder)
      : files(its_files), fd(its_fd), path(std::move(its_path)), folder(std::move(its_folder)) {}
  ~SpoolFile() {
    if (fd >= 0) static_cast<void>(files.close(fd));
  }
  SpoolFile(const SpoolFile&) = delete;
  SpoolFile& operator=(const SpoolFile&) = delete;

  FileSystem& files;
  const int fd;
  const std::string path;    // ends in .open
  const std::string folder;  // that its name is in
  size_t place = 0;          // which of the writer's folders that is
  // Under the writer's lock:
  bool is_new = true;        // its name is not known to be on the medium
  bool is_dirty = false;     // written since a sync began
  bool is_poisoned = false;  // a sync failed: its pages may be gone, though reads still show them
};

class SegmentSync {
 public:
  // Blocks for as long as the medium takes. Any thread, no lock.
  void run() {
    for (Item& item : items) {
      item.error = item.file->files.sync(item.file->fd);
    }
    // Data before names: a name that survives then leads to a whole file.
    for (Item& item : items) {
      if (item.error == 0 && item.is_new) {
        item.error = item.file->files.sync_folder(item.file->folder.c_str());
        folders.erase(item.file->folder);
      }
    }
    // A new name of a file that is whole: losing it loses nothing, the old name is there.
    for (const std::string& folder : folders) {
      static_cast<void>(files->sync_folder(folder.c_str()));
    }
  }

  struct Item {
    std::shared_ptr<SpoolFile> file;
    bool is_new = false;  // its name must be put on the medium too
    int error = 0;        // minus errno
  };
  FileSystem* files = nullptr;
  std::vector<Item> items;
  std::set<std::string> folders;  // whose names changed
  uint64_t frames = 0;            // durable when all of it worked: this many, from the first on
};

}  // namespace headrace
