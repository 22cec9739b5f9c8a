// What the producer says of its process, growing as more becomes known. Any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace headrace::capture {

class Description {
 public:
  // One more pair of the map; a key that comes again replaces the earlier one. Returns the new
  // version, which counts from 1.
  uint64_t add(const std::string& key, const std::string& value);
  // Whole, as a ProducerRecord, and which version it is.
  std::string record(uint64_t* version) const;
  uint64_t version() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> pairs_;  // key, and both nested
  size_t bytes_ = 0;                                        // of the nested pairs
  uint64_t version_ = 0;
};

}  // namespace headrace::capture
