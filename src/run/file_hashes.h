// SHA-256 of files, made in the background while programs run, and remembered between runs in
// `.headrace/hashes` by what the kernel says of a file: device, inode, size, times. A file that
// changes while it is read, or is another than was asked for, has none.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>

#include "base/sha256.h"
#include "box/lineage.h"

namespace headrace::run {

struct FileHash {
  Sha256Digest sha256{};
  bool is_sampled = false;  // of the first and last MiB and 16 between, of a file beyond the limit
};

class FileHashes {
 public:
  static constexpr int64_t kWholeBytes = int64_t{1} << 30;

  explicit FileHashes(std::filesystem::path kept_in);
  ~FileHashes();  // keeps what is new
  FileHashes(const FileHashes&) = delete;
  FileHashes& operator=(const FileHashes&) = delete;

  // Reads the file soon, if it still is in `state`. Any thread.
  void want(const std::string& path, const box::FileState& state);
  // Waits for what was wanted.
  void settle();
  // Of a file in `state`: from memory, else by reading `path` now.
  std::optional<FileHash> of(const std::string& path, const box::FileState& state);

 private:
  using Key = std::tuple<uint64_t, uint64_t, int64_t, int64_t>;  // device, inode, size, mtime
  struct Known {
    FileHash hash;
    int64_t ctime_ns = 0;
    bool is_from_before = false;  // another run's: then the change time must agree too
  };
  void run();
  void load();
  void save();
  std::optional<FileHash> known(const box::FileState& state);
  void read(const std::string& path, const box::FileState& state);

  const std::filesystem::path kept_in_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, Known> known_;
  std::deque<std::pair<std::string, box::FileState>> wanted_;
  bool is_reading_ = false;
  bool stops_ = false;
  bool is_new_ = false;
  std::thread thread_;
};

}  // namespace headrace::run
