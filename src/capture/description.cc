#include "capture/description.h"

#include <string_view>

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
  // It is one record; what is said beyond its size is not kept.
  if (pairs_.size() + pair.size() <= kMaxRecordBytes - 64) {
    pairs_ += pair;
    ++count_;
  }
  return count_;
}

std::string Description::record(uint64_t* version) const {
  std::string nested;
  {
    const std::lock_guard lock(mutex_);
    NestedWriter(nested).begin_map(count_);
    nested += pairs_;
    *version = count_;
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
  return count_;
}

}  // namespace headrace::capture
