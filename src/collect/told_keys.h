// What a source has told, as a set of 64-bit hashes: one array with open places, 11 to 22 bytes for
// each (twice 16 while it grows), where a set of nodes would take some 40.
//
// Keys are spread evenly (they are cut from SHA-256) and never 0. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headrace::collect {

class ToldKeys {
 public:
  // True when it is new.
  bool insert(uint64_t key) {
    if (4 * (size_ + 1) > 3 * places_.size()) grow();
    uint64_t& place = places_[find(key)];
    if (place == key) return false;
    place = key;
    ++size_;
    return true;
  }
  bool contains(uint64_t key) const { return size_ > 0 && places_[find(key)] == key; }
  size_t size() const { return size_; }
  uint64_t bytes() const { return places_.size() * sizeof(uint64_t); }
  void clear() {
    places_ = {};
    size_ = 0;
  }
  template <typename See>
  void each(See&& see) const {
    for (const uint64_t key : places_) {
      if (key != 0) see(key);
    }
  }

 private:
  // Where the key is or would stand.
  size_t find(uint64_t key) const {
    const size_t mask = places_.size() - 1;
    size_t at = key & mask;
    while (places_[at] != 0 && places_[at] != key) at = (at + 1) & mask;
    return at;
  }
  void grow() {
    std::vector<uint64_t> before(places_.empty() ? 64 : 2 * places_.size());
    before.swap(places_);
    for (const uint64_t key : before) {
      if (key != 0) places_[find(key)] = key;
    }
  }

  std::vector<uint64_t> places_;  // a power of two of them, or none; 0: open
  size_t size_ = 0;
};

}  // namespace headrace::collect
