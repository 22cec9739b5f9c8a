// The values of one record while it is being made: parallel arrays of shape cells and 8-byte cells,
// and the tail.
//
// A task's first values lie in its open slot in the ring file, where they survive the process; a
// value costs a few stores. What does not fit there, and the values of other records, lie on the
// heap. Reused between records, so that a warm one allocates nothing.
//
// Budgets: kMaxFields values and kMaxTailBytes of text a record. What exceeds them becomes a
// placeholder that says so; nothing fails. Without memory a value is refused and counted.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/id.h"
#include "base/short_copy.h"
#include "capture/ring_file.h"
#include "capture/secrets.h"
#include "capture/shared_word.h"
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
  // With the placeholders of what exceeded kMaxTailBytes; values beyond this are refused, so that
  // the record itself is never too large.
  static constexpr size_t kMaxTailWithPlaceholders = 50 * 1024;
  static_assert(8 * kMaxFields + kMaxTailWithPlaceholders + 64 <= kMaxRecordBytes);

  Fields() = default;
  // The first values go into `slot`, which must outlive this.
  explicit Fields(TaskSlot* slot) { use(slot); }
  Fields(const Fields& other) { assign(other); }
  Fields& operator=(const Fields& other) {
    if (this != &other) assign(other);
    return *this;
  }
  ~Fields() = default;

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
  void add_nested(Role role, uint32_t name_id, std::string_view nested) {
    if (tail_bytes_ + nested.size() > kMaxTailBytes) [[unlikely]] {
      return add_placeholder(role, name_id, "nested", "longer than the record's budget");
    }
    add_tail(role, name_id, ValueTag::kNested, nested);
  }
  void add_placeholder(Role role, uint32_t name_id, std::string_view type, std::string_view reason);
  // `map`: a nested map with type, reason and what else is known.
  void add_unkept(Role role, uint32_t name_id, std::string_view map);
  // For a value whose name says that it is a secret; counted.
  void add_redacted(Role role, uint32_t name_id);

  // For several plain values at once: where up to `count` of them go. None while names are being
  // replaced.
  struct Room {
    ShapeCell* shape;
    uint64_t* cells;
    size_t count;
    void put(size_t i, Role role, uint32_t name_id, ValueTag tag, uint64_t cell) const {
      // One store of eight bytes: it is soon read as such, and stores of parts would delay that.
      store_le(&shape[i], uint64_t{name_id} | uint64_t{static_cast<uint8_t>(role)} << 32 |
                              uint64_t{static_cast<uint8_t>(tag)} << 40);
      cells[i] = cell;
    }
  };
  Room room() const {
    return {shape_ + count_, cells_ + count_, replacing_ ? 0 : size_t{capacity_} - count_};
  }
  // Whether there is room for text without a secret; then `cell` is for one that is put.
  bool put_text(std::string_view text, uint64_t* cell) {
    if (text.size() > tail_left()) [[unlikely]]
      return false;
    const TailSpan span{tail_bytes_, static_cast<uint32_t>(text.size())};
    copy_short(tail_ + tail_bytes_, text.data(), text.size());
    tail_bytes_ += span.length;
    *cell = pack(span);
    return true;
  }
  // The first `count` of them are put.
  void took(size_t count) {
    count_ += static_cast<uint32_t>(count);
    if (slot_ != nullptr) store_release(slot_->count, count_);
  }

  // For one nested value, written in place: where it may begin and how long it may be; then its
  // length. Nothing is added until then.
  std::span<char> nested_room() { return {tail_ + tail_bytes_, tail_left()}; }
  void took_nested(Role role, uint32_t name_id, size_t bytes) {
    const TailSpan span{tail_bytes_, static_cast<uint32_t>(bytes)};
    tail_bytes_ += span.length;
    add(role, name_id, ValueTag::kNested, pack(span));
  }

  // From now on a name that is there already in the same role is replaced: the last value wins.
  void replace_existing() { replacing_ = true; }
  // Empty again, and in its slot again if it has one. The slot's own count is left as it is: its
  // next task resets it when it begins.
  void clear() {
    count_ = 0;
    tail_bytes_ = 0;
    dropped_ = 0;
    replacing_ = false;
    if (grown_ != nullptr) [[unlikely]]
      shrink();
  }
  // Values refused since clear() because the record was full.
  uint32_t dropped() const { return dropped_; }
  bool empty() const { return count_ == 0; }
  size_t size() const { return count_; }
  bool has(Role role) const {
    for (uint32_t i = 0; i < count_; ++i) {
      if (shape_[i].role == role) return true;
    }
    return false;
  }

  std::span<const ShapeCell> shape() const { return {shape_, count_}; }
  size_t bytes_after_fixed() const { return 8 * size_t{count_} + round_up_8(tail_bytes_); }
  // Copies cells and tail to `to`, which stands `fixed_bytes` after the record's start.
  void copy_to(char* to, size_t fixed_bytes) const {
    if (tail_bytes_ != 0) return copy_with_tail(to, fixed_bytes);
    for (uint32_t i = 0; i < count_; ++i) store_le(to + 8 * size_t{i}, cells_[i]);
  }
  // Drops every value but the references to objects: a task without its edges is worth little.
  // Returns how many it dropped.
  uint32_t keep_objects_only();

 private:
  struct Grown;  // arrays on the heap
  struct DeleteGrown {
    void operator()(Grown* grown) const;
  };

  size_t tail_left() const {
    const size_t end = std::min<size_t>(tail_capacity_, kMaxTailBytes);
    return end > tail_bytes_ ? end - tail_bytes_ : 0;
  }
  void use(TaskSlot* slot);
  void assign(const Fields& other);
  void add(Role role, uint32_t name_id, ValueTag tag, uint64_t cell) {
    if (count_ >= capacity_ || replacing_) [[unlikely]]
      return add_slow(role, name_id, tag, cell);
    room().put(0, role, name_id, tag, cell);
    took(1);
  }
  void add_slow(Role role, uint32_t name_id, ValueTag tag, uint64_t cell);
  void add_text(Role role, uint32_t name_id, ValueTag tag, std::string_view v) {
    if (v.size() > kMaxStringBytes || tail_bytes_ + v.size() > kMaxTailBytes) [[unlikely]] {
      return add_too_long(role, name_id, tag, v);
    }
    add_tail(role, name_id, tag, v);
  }
  void add_checked(Role role, uint32_t name_id, ValueTag tag, std::string_view v);
  void add_too_long(Role role, uint32_t name_id, ValueTag tag, std::string_view v);
  void add_tail(Role role, uint32_t name_id, ValueTag tag, std::string_view bytes) {
    if (bytes.size() > tail_capacity_ - tail_bytes_ && !grow_tail(bytes.size())) [[unlikely]] {
      ++dropped_;
      return;
    }
    const TailSpan span{tail_bytes_, static_cast<uint32_t>(bytes.size())};
    copy_short(tail_ + tail_bytes_, bytes.data(), bytes.size());
    tail_bytes_ += span.length;
    add(role, name_id, tag, pack(span));
  }
  void copy_with_tail(char* to, size_t fixed_bytes) const;
  bool grow(size_t cells, size_t tail_bytes);
  bool grow_tail(size_t more);
  void shrink();

  ShapeCell* shape_ = nullptr;
  uint64_t* cells_ = nullptr;
  char* tail_ = nullptr;
  uint32_t count_ = 0;
  uint32_t capacity_ = 0;
  uint32_t tail_bytes_ = 0;
  uint32_t tail_capacity_ = 0;
  TaskSlot* slot_ = nullptr;  // null also once the values have left it
  TaskSlot* home_ = nullptr;  // the slot to go back to
  std::unique_ptr<Grown, DeleteGrown> grown_;
  uint32_t dropped_ = 0;
  bool replacing_ = false;
};

}  // namespace headrace::capture
