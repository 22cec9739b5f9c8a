// The values of one record while it is being made: parallel arrays of shape cells and 8-byte cells,
// and the tail. Reused between records, so that a warm one allocates nothing.
//
// Budgets: kMaxFields values and kMaxTailBytes of text a record. What exceeds them becomes a
// placeholder that says so; nothing fails.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "capture/secrets.h"
#include "encode/record.h"

namespace headrace::capture {

// The map of a placeholder for text or bytes that are too long: their length and, without secrets,
// how they begin (of which at most 4 KiB are looked at).
std::string unkept_text(std::string_view type, std::string_view length_name, uint64_t length,
                        std::string_view begins);

class Fields {
 public:
  static constexpr size_t kMaxFields = 1024;
  static constexpr size_t kMaxTailBytes = 40 * 1024;
  static constexpr size_t kMaxStringBytes = 16 * 1024;

  void add_null(Role role, uint32_t name_id) { add(role, name_id, ValueTag::kNull, 0); }
  void add_bool(Role role, uint32_t name_id, bool v) { add(role, name_id, ValueTag::kBool, v); }
  void add_int(Role role, uint32_t name_id, int64_t v) {
    add(role, name_id, ValueTag::kInt, static_cast<uint64_t>(v));
  }
  void add_float(Role role, uint32_t name_id, double v) {
    add(role, name_id, ValueTag::kFloat, std::bit_cast<uint64_t>(v));
  }
  void add_time(Role role, uint32_t name_id, int64_t utc_ns) {
    add(role, name_id, ValueTag::kTime, static_cast<uint64_t>(utc_ns));
  }
  // Longer than kMaxStringBytes: a placeholder with the length and the first bytes. Secrets in it
  // are taken out before anything is kept.
  void add_string(Role role, uint32_t name_id, std::string_view v) {
    if (v.size() > kMaxStringBytes || may_hold_secret(v)) [[unlikely]]
      return add_checked(role, name_id, ValueTag::kString, v);
    add_text(role, name_id, ValueTag::kString, v);
  }
  void add_bytes(Role role, uint32_t name_id, std::string_view v) {
    if (v.size() > kMaxStringBytes || may_hold_secret(v)) [[unlikely]]
      return add_checked(role, name_id, ValueTag::kBytes, v);
    add_text(role, name_id, ValueTag::kBytes, v);
  }
  // "name:text", see ValueTag::kTyped.
  void add_typed(Role role, uint32_t name_id, std::string_view v) {
    if (v.size() > kMaxStringBytes || may_hold_secret(v)) [[unlikely]]
      return add_checked(role, name_id, ValueTag::kTyped, v);
    add_text(role, name_id, ValueTag::kTyped, v);
  }
  void add_big_int(Role role, uint32_t name_id, std::string_view decimal) {
    add_text(role, name_id, ValueTag::kBigInt, decimal);
  }
  void add_object(Role role, uint32_t name_id, const Uuid& id);
  // `nested`: one value as NestedWriter makes it.
  void add_nested(Role role, uint32_t name_id, std::string_view nested);
  void add_placeholder(Role role, uint32_t name_id, std::string_view type, std::string_view reason);
  // `map`: a nested map with type, reason and what else is known.
  void add_unkept(Role role, uint32_t name_id, std::string_view map);
  // For a value whose name says that it is a secret; counted.
  void add_redacted(Role role, uint32_t name_id);

  // From now on a name that is there already in the same role is replaced: the last value wins.
  void replace_existing() { replacing_ = true; }
  void clear();
  // Values refused since clear() because the record was full.
  uint32_t dropped() const { return dropped_; }
  bool empty() const { return shape_.empty(); }
  size_t size() const { return shape_.size(); }

  const std::vector<ShapeCell>& shape() const { return shape_; }
  size_t bytes_after_fixed() const { return 8 * cells_.size() + round_up_8(tail_.size()); }
  // Copies cells and tail to `to`, which stands `fixed_bytes` after the record's start.
  void copy_to(char* to, size_t fixed_bytes) const;

 private:
  void add(Role role, uint32_t name_id, ValueTag tag, uint64_t cell);
  void add_text(Role role, uint32_t name_id, ValueTag tag, std::string_view v);
  void add_checked(Role role, uint32_t name_id, ValueTag tag, std::string_view v);
  void add_tail(Role role, uint32_t name_id, ValueTag tag, std::string_view bytes);

  std::vector<ShapeCell> shape_;
  std::vector<uint64_t> cells_;
  std::string tail_;
  bool replacing_ = false;
  uint32_t dropped_ = 0;
};

inline void Fields::add(Role role, uint32_t name_id, ValueTag tag, uint64_t cell) {
  const ShapeCell shape{name_id, role, tag, 0, 0};
  if (replacing_ || shape_.size() >= kMaxFields) [[unlikely]] {
    for (size_t i = 0; i < shape_.size(); ++i) {
      if (shape_[i].name_id == name_id && shape_[i].role == role) {
        shape_[i] = shape;
        cells_[i] = cell;
        return;
      }
    }
    if (shape_.size() >= kMaxFields) {
      ++dropped_;
      return;
    }
  }
  shape_.push_back(shape);
  cells_.push_back(cell);
}

}  // namespace headrace::capture
