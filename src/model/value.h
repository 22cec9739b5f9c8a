// What a captured value is: its type (tag) and its part in the task (role). On disk: never
// renumber.
//
// A value stands in an 8-byte cell. Scalars are the cell itself; everything longer stands in the
// record's tail and the cell is {u32 offset from the record's start, u32 length in bytes}.
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace {

enum class ValueTag : uint8_t {
  kNull = 0,
  kBool = 1,          // cell 0 or 1
  kInt = 2,           // cell int64
  kFloat = 3,         // cell IEEE 754 double, all bits kept (NaN payloads, -0.0)
  kString = 4,        // tail: UTF-8; lone surrogates as their 3-byte form (WTF-8)
  kBytes = 5,         // tail: as they are
  kBigInt = 6,        // tail: text of an integer beyond 64 bits, decimal or (very long) 0x
  kTime = 7,          // cell: ns since the epoch, UTC
  kObject = 8,        // tail: the 16 bytes of an object's id
  kNested = 9,        // tail: list or map, see encode/nested.h
  kPlaceholder = 10,  // tail: a nested map {type, reason, ...} for what could not be kept
  kTyped = 11         // tail: "name:text", a value that text says exactly: decimal:0.10, path:/a/b
};

// Used, generated: as in W3C PROV. The others are facts about the record itself.
enum class Role : uint8_t {
  kUsed = 0,
  kGenerated = 1,
  kTag = 2,        // a user's label
  kError = 3,      // type, message, traceback of a failure
  kAttribute = 4,  // what the record says of itself: path, size_bytes, command, ...
};

// Tags of newer versions: where such a value stands is known, what it means is not. It is kept as
// an int64 of the cell's bits, or as bytes.
constexpr uint8_t kFirstNewCellTag = 12;
constexpr uint8_t kFirstNewTailTag = 32;
constexpr uint8_t kPastNewTailTags = 64;

constexpr bool is_in_tail(ValueTag tag) {
  switch (tag) {
    case ValueTag::kString:
    case ValueTag::kBytes:
    case ValueTag::kBigInt:
    case ValueTag::kObject:
    case ValueTag::kNested:
    case ValueTag::kPlaceholder:
    case ValueTag::kTyped: return true;
    default: return false;
  }
}

constexpr std::string_view name_of(Role role) {
  switch (role) {
    case Role::kUsed: return "used";
    case Role::kGenerated: return "generated";
    case Role::kTag: return "tag";
    case Role::kError: return "error";
    case Role::kAttribute: return "attribute";
  }
  return "unknown";
}

}  // namespace headrace
