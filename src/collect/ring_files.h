// Finds the ring files of a folder's producers and reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/liveness.h"
#include "base/status.h"
#include "collect/ring_reader.h"
#include "spool/directory.h"

namespace headrace::collect {

struct DeadRing {
  std::filesystem::path path;
  ProducerId producer = 0;  // by the file's name
  // Of a file whose header makes no sense: why. Then `owner` says nothing.
  std::string damage;
  // Its owner was killed before the file was ready: there is nothing in it.
  bool unmade = false;
  RingOwner owner;
};

// Ring files whose records belong into this folder and whose owners are certainly dead, in this
// user's ring folder and in the spool. Opens each ring file there is and changes nothing; a folder
// that is not there, not ours or not readable has none. A damaged one counts where the spool has
// segments of its producer.
std::vector<DeadRing> find_dead_rings(const Directory& directory, const Liveness& liveness);

// A ring file that a dead process of any folder left on this host.
struct LeftRing {
  std::filesystem::path path;
  std::filesystem::path folder;  // the `.headrace` that its records belong into
  uint64_t size_bytes = 0;       // of memory that it takes, not of its holes
  bool has_folder = true;        // false: that folder is gone
};
// Those in this user's ring folder. Opens each ring file there is and changes nothing.
std::vector<LeftRing> find_left_rings(const Liveness& liveness);

// A ring file that no other collector may take meanwhile.
class LockedRing {
 public:
  // kUnavailable when another collector has it or it is gone already.
  static Result<LockedRing> open(const std::filesystem::path& path);
  LockedRing(LockedRing&& other) noexcept;
  LockedRing& operator=(LockedRing&& other) noexcept;
  ~LockedRing();

  // The whole file, its holes as zeros. A copy: a file that is cut off meanwhile cannot hurt.
  std::string_view bytes() const { return {static_cast<const char*>(memory_), size_}; }

 private:
  LockedRing() = default;
  Status read(const std::filesystem::path& path);
  int fd_ = -1;
  void* memory_ = nullptr;
  size_t size_ = 0;
};

}  // namespace headrace::collect
