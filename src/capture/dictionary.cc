#include "capture/dictionary.h"

namespace headrace::capture {

uint32_t Dictionary::intern(EntryKind kind, std::string_view bytes) {
  // An entry must fit a frame on its own; a longer name is no name.
  if (bytes.size() > kMaxRecordBytes - 64) bytes = bytes.substr(0, kMaxRecordBytes - 64);
  std::string key;
  key.reserve(bytes.size() + 1);
  key.push_back(static_cast<char>(kind));
  key.append(bytes);
  const std::lock_guard lock(mutex_);
  if (const auto known = ids_.find(key); known != ids_.end()) return known->second;
  if (entries_.size() >= kMaxEntries) return 0;
  entries_.push_back({kind, std::string(bytes)});
  const auto id = static_cast<uint32_t>(entries_.size());
  ids_.emplace(std::move(key), id);
  return id;
}

std::string Dictionary::bytes(uint32_t id) const {
  const std::lock_guard lock(mutex_);
  return id == 0 || id > entries_.size() ? std::string() : entries_[id - 1].bytes;
}

uint32_t Dictionary::size() const {
  const std::lock_guard lock(mutex_);
  return static_cast<uint32_t>(entries_.size());
}

uint32_t Dictionary::write_records(uint32_t first_id, size_t limit_bytes, std::string& out,
                                   uint32_t& records) const {
  const std::lock_guard lock(mutex_);
  uint32_t id = first_id;
  for (; id <= entries_.size(); ++id) {
    const Entry& entry = entries_[id - 1];
    const size_t size = round_up_8(sizeof(DictionaryRecord) + entry.bytes.size());
    if (out.size() + size > limit_bytes) break;
    DictionaryRecord record{};
    record.header = {static_cast<uint32_t>(size), RecordKind::kDictionary,
                     static_cast<uint8_t>(entry.kind), 0};
    record.id = id;
    record.length_bytes = static_cast<uint32_t>(entry.bytes.size());
    const size_t start = out.size();
    out.append(reinterpret_cast<const char*>(&record), sizeof record);
    out.append(entry.bytes);
    out.resize(start + size, '\0');
    ++records;
  }
  return id;
}

}  // namespace headrace::capture
