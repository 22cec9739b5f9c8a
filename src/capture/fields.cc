#include "capture/fields.h"

#include <algorithm>
#include <new>
#include <string>

#include "encode/nested.h"

namespace headrace::capture {

struct Fields::Grown {
  std::unique_ptr<ShapeCell[]> shape;
  std::unique_ptr<uint64_t[]> cells;
  std::unique_ptr<char[]> tail;
  uint32_t capacity = 0;
  uint32_t tail_capacity = 0;
};

namespace {

// A task that once had many values keeps no more than this for the next one.
constexpr size_t kKeptTailBytes = 4096;
constexpr size_t kFirstCells = 2 * kSlotCells;
constexpr size_t kFirstTailBytes = 2048;

}  // namespace

void Fields::DeleteGrown::operator()(Grown* grown) const { delete grown; }

void Fields::use(TaskSlot* slot) {
  slot_ = slot;
  home_ = slot;
  if (slot == nullptr) {
    shape_ = nullptr;
    cells_ = nullptr;
    tail_ = nullptr;
    capacity_ = 0;
    tail_capacity_ = 0;
    return;
  }
  shape_ = slot->shape;
  cells_ = slot->cells;
  tail_ = slot->tail;
  capacity_ = kSlotCells;
  tail_capacity_ = kSlotTailBytes;
}

void Fields::assign(const Fields& other) {
  clear();
  dropped_ = other.dropped_;
  if ((other.count_ > capacity_ || other.tail_bytes_ > tail_capacity_) &&
      !grow(other.count_, other.tail_bytes_)) {
    dropped_ += other.count_;
    return;
  }
  if (other.count_ > 0) {
    std::memcpy(shape_, other.shape_, other.count_ * sizeof(ShapeCell));
    std::memcpy(cells_, other.cells_, other.count_ * sizeof(uint64_t));
  }
  if (other.tail_bytes_ > 0) std::memcpy(tail_, other.tail_, other.tail_bytes_);
  tail_bytes_ = other.tail_bytes_;
  count_ = other.count_;
  replacing_ = other.replacing_;
  if (slot_ != nullptr) store_release(slot_->count, count_);
}

bool Fields::grow(size_t cells, size_t tail_bytes) {
  if (grown_ == nullptr) grown_.reset(new (std::nothrow) Grown);
  if (grown_ == nullptr) return false;
  if (cells > grown_->capacity) {
    const size_t capacity = std::max({cells, size_t{2} * grown_->capacity, kFirstCells});
    std::unique_ptr<ShapeCell[]> shape(new (std::nothrow) ShapeCell[capacity]);
    std::unique_ptr<uint64_t[]> values(new (std::nothrow) uint64_t[capacity]);
    if (shape == nullptr || values == nullptr) return false;
    if (count_ > 0) {
      std::memcpy(shape.get(), shape_, count_ * sizeof(ShapeCell));
      std::memcpy(values.get(), cells_, count_ * sizeof(uint64_t));
    }
    grown_->shape = std::move(shape);
    grown_->cells = std::move(values);
    grown_->capacity = static_cast<uint32_t>(capacity);
  } else if (shape_ != grown_->shape.get() && count_ > 0) {
    std::memcpy(grown_->shape.get(), shape_, count_ * sizeof(ShapeCell));
    std::memcpy(grown_->cells.get(), cells_, count_ * sizeof(uint64_t));
  }
  if (tail_bytes > grown_->tail_capacity) {
    const size_t twice = std::min(size_t{2} * grown_->tail_capacity, kMaxTailWithPlaceholders);
    const size_t capacity = std::max({tail_bytes, twice, kFirstTailBytes});
    std::unique_ptr<char[]> tail(new (std::nothrow) char[capacity]);
    if (tail == nullptr) return false;
    if (tail_bytes_ > 0) std::memcpy(tail.get(), tail_, tail_bytes_);
    grown_->tail = std::move(tail);
    grown_->tail_capacity = static_cast<uint32_t>(capacity);
  } else if (tail_ != grown_->tail.get() && tail_bytes_ > 0) {
    std::memcpy(grown_->tail.get(), tail_, tail_bytes_);
  }
  shape_ = grown_->shape.get();
  cells_ = grown_->cells.get();
  tail_ = grown_->tail.get();
  capacity_ = grown_->capacity;
  tail_capacity_ = grown_->tail_capacity;
  if (slot_ != nullptr) store_relaxed(slot_->flags, kSlotIsPartial);
  slot_ = nullptr;  // what stands there is the first part, and stays
  return true;
}

bool Fields::grow_tail(size_t more) {
  const size_t bytes = tail_bytes_ + more;
  return bytes <= kMaxTailWithPlaceholders && grow(count_, bytes);
}

void Fields::shrink() {
  if (home_ == nullptr) {
    if (tail_capacity_ <= kKeptTailBytes) return;
    grown_.reset();
  } else if (grown_->tail_capacity > kKeptTailBytes) {
    grown_.reset();
  }
  use(home_);
}

void Fields::add_slow(Role role, uint32_t name_id, ValueTag tag, uint64_t cell) {
  const ShapeCell shape{name_id, role, tag, 0, 0};
  if (replacing_ || count_ >= kMaxFields) {
    for (uint32_t i = 0; i < count_; ++i) {
      if (shape_[i].name_id != name_id || shape_[i].role != role) continue;
      // Who reads the slot after a kill must not take the new cell for one of the old type.
      if (slot_ != nullptr) store_release(slot_->count, i);
      shape_[i] = shape;
      cells_[i] = cell;
      if (slot_ != nullptr) store_release(slot_->count, count_);
      return;
    }
  }
  if (count_ >= kMaxFields || (count_ >= capacity_ && !grow(size_t{count_} + 1, tail_bytes_))) {
    ++dropped_;
    return;
  }
  shape_[count_] = shape;
  cells_[count_] = cell;
  ++count_;
  if (slot_ != nullptr) store_release(slot_->count, count_);
}

void Fields::add_too_long(Role role, uint32_t name_id, ValueTag tag, std::string_view v) {
  const size_t room = kMaxTailBytes - std::min<size_t>(kMaxTailBytes, tail_bytes_);
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

uint32_t Fields::keep_objects_only() {
  constexpr size_t kObjectBytes = sizeof(Uuid);
  char objects[kMaxFields * kObjectBytes];
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count_; ++i) {
    if (shape_[i].tag != ValueTag::kObject) continue;
    const auto offset = static_cast<uint32_t>(kept * kObjectBytes);
    std::memcpy(objects + offset, tail_ + unpack_span(cells_[i]).offset, kObjectBytes);
    shape_[kept] = shape_[i];
    cells_[kept++] = pack({offset, kObjectBytes});
  }
  const uint32_t dropped = count_ - kept;
  count_ = kept;
  tail_bytes_ = static_cast<uint32_t>(kept * kObjectBytes);
  if (kept > 0) std::memcpy(tail_, objects, tail_bytes_);
  return dropped;
}

void Fields::copy_with_tail(char* to, size_t fixed_bytes) const {
  const size_t cells_bytes = 8 * size_t{count_};
  const auto tail_offset = static_cast<uint32_t>(fixed_bytes + cells_bytes);
  for (uint32_t i = 0; i < count_; ++i) {
    uint64_t cell = cells_[i];
    if (is_in_tail(shape_[i].tag)) cell += tail_offset;  // the low half is the offset
    store_le(to + 8 * size_t{i}, cell);
  }
  // The last word first, for its padding.
  char* const tail = to + cells_bytes;
  store_le(tail + round_up_8(tail_bytes_) - sizeof(uint64_t), uint64_t{0});
  copy_short(tail, tail_, tail_bytes_);
}

}  // namespace headrace::capture
