#include "capture/dictionary.h"

#include <new>
#include <utility>

#include "encode/nested.h"

namespace headrace::capture {

uint32_t Dictionary::intern(EntryKind kind, std::string_view bytes) {
  // An entry must fit a frame on its own; a longer name is no name.
  if (bytes.size() > kMaxRecordBytes - 64) bytes = bytes.substr(0, kMaxRecordBytes - 64);
  try {
    return intern_locked(kind, bytes);
  } catch (const std::bad_alloc&) {
    return 0;
  }
}

uint32_t Dictionary::intern_locked(EntryKind kind, std::string_view bytes) {
  std::string key;
  key.reserve(bytes.size() + 1);
  key.push_back(static_cast<char>(kind));
  key.append(bytes);
  const std::lock_guard lock(mutex_);
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  const bool is_name =
      kind == EntryKind::kString || kind == EntryKind::kActivity || kind == EntryKind::kRing;
  const size_t room_bytes = is_name ? kMaxBytes - kNoNameBytes : kMaxBytes;
  if (cost_bytes_ + key.size() + kEntryCostBytes > room_bytes) return refuse(kind);
  return add(std::move(key));
}

uint32_t Dictionary::refuse(EntryKind kind) {
  losses_.count(GapReason::kNamesRefused, 1);
  if (kind == EntryKind::kString) {
    if (refused_string_ == 0) {
      refused_string_ = add(static_cast<char>(kind) + std::string(kRefusedName));
    }
    return refused_string_;
  }
  if (kind != EntryKind::kActivity) return 0;
  if (refused_activity_ == 0) {
    std::string key(1, static_cast<char>(kind));
    NestedWriter map(key);
    map.begin_map(1);
    map.string("name");
    map.string(kRefusedName);
    refused_activity_ = add(std::move(key));
  }
  return refused_activity_;
}

uint32_t Dictionary::add(std::string&& key) {
  const size_t cost_bytes = key.size() + kEntryCostBytes;
  entries_.push_back(std::move(key));
  const auto id = static_cast<uint32_t>(entries_.size());
  try {
    ids_.emplace(entries_.back(), id);
    if (has_tail_) {
      std::string record;
      append_record(id, record);
      tail_.append(record, id, 0);
    }
  } catch (const std::bad_alloc&) {
    // Known or not at all: a record must not refer to what no file will hold.
    ids_.erase(entries_.back());
    entries_.pop_back();
    return 0;
  }
  cost_bytes_ += cost_bytes;
  return id;
}

std::string Dictionary::bytes(uint32_t id) const {
  const std::lock_guard lock(mutex_);
  return id == 0 || id > entries_.size() ? std::string() : std::string(entry(id).substr(1));
}

uint32_t Dictionary::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(entries_.size());
}

void Dictionary::append_record(uint32_t id, std::string& out) const {
  const std::string_view kind_and_bytes = entry(id);
  const std::string_view bytes = kind_and_bytes.substr(1);
  const size_t size = round_up_8(sizeof(DictionaryRecord) + bytes.size());
  DictionaryRecord record{};
  record.header = {static_cast<uint32_t>(size), RecordKind::kDictionary,
                   static_cast<uint8_t>(kind_and_bytes[0]), 0};
  record.id = id;
  record.length_bytes = static_cast<uint32_t>(bytes.size());
  const size_t start = out.size();
  out.append(reinterpret_cast<const char*>(&record), sizeof record);
  out.append(bytes);
  out.resize(start + size, '\0');
}

uint32_t Dictionary::write_records(uint32_t first_id, size_t limit_bytes, std::string& out,
                                   uint32_t& records) const {
  const std::lock_guard lock(mutex_);
  uint32_t id = first_id;
  for (; id <= entries_.size(); ++id) {
    const size_t size = round_up_8(sizeof(DictionaryRecord) + entry(id).size() - 1);
    if (out.size() + size > limit_bytes) break;
    append_record(id, out);
    ++records;
  }
  return id;
}

void Dictionary::begin_tail(uint32_t first_id) {
  const std::lock_guard lock(mutex_);
  tail_.forget();
  has_tail_ = true;
  for (uint32_t id = first_id; id <= entries_.size(); ++id) {
    std::string record;
    append_record(id, record);
    tail_.append(record, id, 0);
  }
}

void Dictionary::add_description(std::string_view record, uint64_t version) {
  const std::lock_guard lock(mutex_);
  if (has_tail_) tail_.append(record, 0, version);
}

void Dictionary::written(uint32_t next_id, uint64_t version) {
  const std::lock_guard lock(mutex_);
  tail_.written(next_id, version);
}

}  // namespace headrace::capture
