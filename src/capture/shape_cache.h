// The shape ids that this thread's tasks had last, by activity: the tasks of one activity mostly
// have one shape, so its id is found by comparing a few words instead of hashing them.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>

#include "base/bytes.h"
#include "encode/record.h"

namespace headrace::capture {

class ShapeCache {
 public:
  // 0 when it is not here.
  uint32_t find(uint32_t activity_id, std::span<const ShapeCell> shape) const {
    const Entry* const set = entries_[activity_id % kSets];
    for (size_t way = 0; way < kWays; ++way) {
      if (matches(set[way], shape)) return set[way].id;
    }
    return 0;
  }
  void put(uint32_t activity_id, std::span<const ShapeCell> shape, uint32_t id) {
    if (shape.size() > kCells) return;
    Entry* const set = entries_[activity_id % kSets];
    Entry& entry = set[next_++ % kWays];
    entry.id = id;
    entry.count = static_cast<uint32_t>(shape.size());
    std::memcpy(entry.cells, shape.data(), shape.size_bytes());
  }
  void clear() {
    for (auto& set : entries_) {
      for (Entry& entry : set) entry.count = 0;
    }
  }

 private:
  static constexpr size_t kSets = 32;
  static constexpr size_t kWays = 2;
  static constexpr size_t kCells = 15;  // an entry of two cache lines; longer ones are hashed
  struct Entry {
    uint32_t id = 0;
    uint32_t count = 0;
    ShapeCell cells[kCells];
  };
  static_assert(sizeof(Entry) == 128);

  static bool matches(const Entry& entry, std::span<const ShapeCell> shape) {
    if (entry.count != shape.size()) return false;
    uint64_t difference = 0;
    for (size_t i = 0; i < shape.size(); ++i) {
      difference |= load_le<uint64_t>(&entry.cells[i]) ^ load_le<uint64_t>(&shape[i]);
    }
    return difference == 0;
  }

  Entry entries_[kSets][kWays];
  uint32_t next_ = 0;
};

}  // namespace headrace::capture
