// Names, shapes, activities, workflows: everything that a record refers to by number.
//
// Append-only and process-wide. Interning takes a mutex and is meant for set-up and for the first
// sight of a name; records then carry 32-bit ids. Ids begin at 1. Entries are never changed, so the
// drain thread may write them at any later time; until it has, they stand in the ring file.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "capture/losses.h"
#include "capture/meta_tail.h"
#include "encode/record.h"

namespace headrace::capture {

class Dictionary {
 public:
  // More bytes than this are refused and counted (GapReason::kNamesRefused): something interns
  // data, not names. The last of them are for what is no name: shapes, workflows, references.
  static constexpr uint32_t kMaxEntries = 1u << 20;  // more can never be within kMaxBytes
  static constexpr size_t kMaxBytes = size_t{8} * 1024 * 1024;
  static constexpr size_t kNoNameBytes = size_t{1} * 1024 * 1024;
  static constexpr size_t kEntryCostBytes = 96;  // of an entry beside its bytes, about
  // What a string or an activity is called that was refused.
  static constexpr std::string_view kRefusedName = "(name not kept: too many)";

  Dictionary(ChunkPool& pool, Losses& losses) : losses_(losses), tail_(pool) {}

  // The id of (kind, bytes), new or known. When the dictionary is full that of kRefusedName for a
  // string or an activity, 0 for others. 0 when memory is out.
  uint32_t intern(EntryKind kind, std::string_view bytes);
  uint32_t string(std::string_view text) { return intern(EntryKind::kString, text); }
  // The bytes of an entry; empty for an unknown id.
  std::string bytes(uint32_t id) const;

  uint32_t size() const;
  // Appends entries first_id .. size() as DictionaryRecords to `out` until `limit_bytes` is
  // reached; returns the next id to continue at and adds the number of records to `records`.
  uint32_t write_records(uint32_t first_id, size_t limit_bytes, std::string& out,
                         uint32_t& records) const;

  // --- the ring file ---
  // The pool has a mapping, new or another: entries from `first_id` on go there.
  void begin_tail(uint32_t first_id);
  // The process's description, as a ProducerRecord.
  void add_description(std::string_view record, uint64_t version);
  // Entries below `next_id` and the description up to `version` are in a segment.
  void written(uint32_t next_id, uint64_t version);

 private:
  uint32_t intern_locked(EntryKind kind, std::string_view bytes);
  uint32_t refuse(EntryKind kind);
  uint32_t add(std::string&& key);
  std::string_view entry(uint32_t id) const { return entries_[id - 1]; }
  void append_record(uint32_t id, std::string& out) const;

  mutable std::mutex mutex_;
  std::deque<std::string> entries_;                     // id - 1: kind byte + bytes
  std::unordered_map<std::string_view, uint32_t> ids_;  // of the same; views into entries_
  size_t cost_bytes_ = 0;
  uint32_t refused_string_ = 0;
  uint32_t refused_activity_ = 0;
  Losses& losses_;
  MetaTail tail_;
  bool has_tail_ = false;
};

}  // namespace headrace::capture
