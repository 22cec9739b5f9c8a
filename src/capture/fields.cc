#include "capture/fields.h"

#include <cstring>

#include "encode/nested.h"

namespace headrace::capture {

void Fields::add_tail(Role role, uint32_t name_id, ValueTag tag, std::string_view bytes) {
  const TailSpan span{static_cast<uint32_t>(tail_.size()), static_cast<uint32_t>(bytes.size())};
  tail_.append(bytes);
  add(role, name_id, tag, pack(span));
}

void Fields::add_text(Role role, uint32_t name_id, ValueTag tag, std::string_view v) {
  if (v.size() <= kMaxStringBytes && tail_.size() + v.size() <= kMaxTailBytes) {
    return add_tail(role, name_id, tag, v);
  }
  const size_t room = kMaxTailBytes - std::min(kMaxTailBytes, tail_.size());
  const std::string_view kept = v.substr(0, std::min<size_t>(1024, room / 4));
  std::string nested;
  NestedWriter map(nested);
  map.begin_map(4);
  map.string("type");
  map.string(tag == ValueTag::kBytes ? "bytes" : tag == ValueTag::kBigInt ? "int" : "str");
  map.string("reason");
  map.string("longer than the record's budget");
  map.string("length_bytes");
  map.integer(static_cast<int64_t>(v.size()));
  map.string("begins");
  if (tag == ValueTag::kBytes)
    map.bytes(kept);
  else
    map.string(kept);
  add_tail(role, name_id, ValueTag::kPlaceholder, nested);
}

void Fields::add_object(Role role, uint32_t name_id, const Uuid& id) {
  const auto b = id.bytes();
  add_tail(role, name_id, ValueTag::kObject, {reinterpret_cast<const char*>(b.data()), b.size()});
}

void Fields::add_nested(Role role, uint32_t name_id, std::string_view nested) {
  if (tail_.size() + nested.size() > kMaxTailBytes) {
    return add_placeholder(role, name_id, "nested", "longer than the record's budget");
  }
  add_tail(role, name_id, ValueTag::kNested, nested);
}

void Fields::add_placeholder(Role role, uint32_t name_id, std::string_view type,
                             std::string_view reason) {
  std::string nested;
  NestedWriter map(nested);
  map.begin_map(2);
  map.string("type");
  map.string(type.substr(0, 256));
  map.string("reason");
  map.string(reason.substr(0, 256));
  add_tail(role, name_id, ValueTag::kPlaceholder, nested);
}

void Fields::clear() {
  shape_.clear();
  cells_.clear();
  tail_.clear();
  replacing_ = false;
  dropped_ = 0;
}

void Fields::copy_to(char* to, size_t fixed_bytes) const {
  const size_t cells_bytes = 8 * cells_.size();
  if (tail_.empty()) {
    if (cells_bytes > 0) std::memcpy(to, cells_.data(), cells_bytes);
    return;
  }
  const auto tail_offset = static_cast<uint32_t>(fixed_bytes + cells_bytes);
  for (size_t i = 0; i < cells_.size(); ++i) {
    uint64_t cell = cells_[i];
    if (is_in_tail(shape_[i].tag)) cell += tail_offset;  // the low half is the offset
    store_le(to + 8 * i, cell);
  }
  std::memcpy(to + cells_bytes, tail_.data(), tail_.size());
  const size_t padding = round_up_8(tail_.size()) - tail_.size();
  std::memset(to + cells_bytes + tail_.size(), 0, padding);
}

}  // namespace headrace::capture
