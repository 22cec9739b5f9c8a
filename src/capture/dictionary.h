// Names, shapes, activities, workflows: everything that a record refers to by number.
//
// Append-only and process-wide. Interning takes a mutex and is meant for set-up and for the first
// sight of a name; records then carry 32-bit ids. Ids begin at 1. Entries are never changed, so the
// drain thread may write them at any later time.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "encode/record.h"

namespace headrace::capture {

class Dictionary {
 public:
  // More distinct entries than this are refused (id 0): something interns data, not names.
  static constexpr uint32_t kMaxEntries = 1u << 20;

  // The id of (kind, bytes), new or known. 0 when the dictionary is full.
  uint32_t intern(EntryKind kind, std::string_view bytes);
  uint32_t string(std::string_view text) { return intern(EntryKind::kString, text); }
  // The bytes of an entry; empty for an unknown id.
  std::string bytes(uint32_t id) const;

  uint32_t size() const;
  // Appends entries first_id .. size() as DictionaryRecords to `out` until `limit_bytes` is
  // reached; returns the next id to continue at and adds the number of records to `records`.
  uint32_t write_records(uint32_t first_id, size_t limit_bytes, std::string& out,
                         uint32_t& records) const;

 private:
  struct Entry {
    EntryKind kind;
    std::string bytes;
  };
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;                     // id - 1
  std::unordered_map<std::string, uint32_t> ids_;  // kind byte + bytes
};

}  // namespace headrace::capture
