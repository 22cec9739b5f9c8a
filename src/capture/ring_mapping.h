// The ring file as its owner has it: made, mapped, and its chunks made real one by one.
//
// The file is tried in ring_directory(), then in the spool folder unless that is on a network file
// system, else the memory is private: then a killed process loses what it had not drained. No
// descriptor stays open: programs that close all of theirs do not hurt it.
#pragma once

#include <memory>
#include <string>

#include "base/id.h"
#include "capture/process_facts.h"
#include "capture/ring_file.h"
#include "spool/directory.h"

namespace headrace::capture {

// 16 MiB of records, 4 MiB of open tasks, 1 MiB of dictionary, and one more chunk for each of some
// further threads: with the header 23 MiB, the most that capture maps. Of it only what is taken is
// memory: a process with one thread has four chunks.
constexpr uint32_t kPoolChunks = 256;
constexpr uint32_t kTaskChunks = 64;
constexpr uint32_t kMetaChunks = 16;
constexpr uint32_t kMappingChunks = kPoolChunks + kTaskChunks + kMetaChunks + 31;
constexpr size_t kMappingBytes = kRingHeaderBytes + kMappingChunks * kChunkBytes;
static_assert(kMappingBytes <= size_t{23} * 1024 * 1024);

class RingMapping {
 public:
  // Null only when the process has no address space left.
  static std::unique_ptr<RingMapping> make(const Directory& directory, ProducerId producer,
                                           const ProcessFacts& facts);
  ~RingMapping();
  RingMapping(const RingMapping&) = delete;
  RingMapping& operator=(const RingMapping&) = delete;

  RingFileHeader& header() { return *reinterpret_cast<RingFileHeader*>(base_); }
  ChunkHeader* chunk(uint32_t index) {
    return reinterpret_cast<ChunkHeader*>(base_ + kRingHeaderBytes + index * kChunkBytes);
  }
  bool holds(const void* at) const { return at >= base_ && at < base_ + kMappingBytes; }
  uint32_t index_of(const ChunkHeader* chunk) const {
    const auto at = reinterpret_cast<const char*>(chunk) - base_ - kRingHeaderBytes;
    return static_cast<uint32_t>(static_cast<size_t>(at) / kChunkBytes);
  }
  // Gives the chunk memory, so that no later touch can fail. False: there is no space now.
  bool make_real(uint32_t index) {
    return make_real(base_ + kRingHeaderBytes + index * kChunkBytes, kChunkBytes);
  }

  // The file, or "private".
  const std::string& place() const { return place_; }
  bool is_file() const { return linked_; }
  // Removes the file; the memory stays usable.
  void unlink();
  // The newest readings of the clocks, for whoever finds the file.
  void store_clock();
  // Says which folder the records belong into, now that there may be one.
  void name_folder(const Directory& directory);
  // In a fork child: the range becomes private zeros, so that whoever still points into it harms
  // nobody, and the parent's pages are let go.
  void forget_in_child();

 private:
  RingMapping(char* base, std::string place, bool linked);
  static std::unique_ptr<RingMapping> make_in(const std::string& folder, ProducerId producer);
  bool make_real(char* at, size_t bytes);
  void fill_header(const Directory& directory, ProducerId producer, const ProcessFacts& facts);

  char* const base_;
  const std::string place_;
  bool linked_;
};

inline char* payload_of(ChunkHeader* chunk) {
  return reinterpret_cast<char*>(chunk) + sizeof(ChunkHeader);
}

}  // namespace headrace::capture
