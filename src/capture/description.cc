#include "capture/description.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "encode/nested.h"
#include "encode/record.h"

namespace headrace::capture {

uint64_t Description::add(const std::string& key, const std::string& value) {
  constexpr size_t kMaxValueBytes = 8192;
  std::string pair;
  NestedWriter writer(pair);
  writer.string(key);
  writer.string(std::string_view(value).substr(0, kMaxValueBytes));
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(pairs_.begin(), pairs_.end(),
                                  [&key](const auto& other) { return other.first == key; });
  const size_t replaced = known == pairs_.end() ? 0 : known->second.size();
  // It is one record; what is said beyond its size is not kept.
  if (bytes_ - replaced + pair.size() > kMaxRecordBytes - 64) return version_;
  bytes_ += pair.size() - replaced;
  if (known == pairs_.end()) {
    pairs_.emplace_back(key, std::move(pair));
  } else {
    known->second = std::move(pair);
  }
  return ++version_;
}

std::string Description::record(uint64_t* version) const {
  std::string nested;
  {
    const std::lock_guard lock(mutex_);
    NestedWriter(nested).begin_map(static_cast<uint32_t>(pairs_.size()));
    for (const auto& [key, pair] : pairs_) nested += pair;
    *version = version_;
  }
  ProducerRecord record{};
  const size_t size = round_up_8(sizeof record + nested.size());
  record.header = {static_cast<uint32_t>(size), RecordKind::kProducer, 0, 0};
  record.length_bytes = static_cast<uint32_t>(nested.size());
  std::string out(reinterpret_cast<const char*>(&record), sizeof record);
  out += nested;
  out.resize(size, '\0');
  return out;
}

uint64_t Description::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

}  // namespace headrace::capture
