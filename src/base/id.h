// Identities: a producer (60 random bits), a UUID, and the ids that derive from them.
//
// A task's id is a UUIDv8 (RFC 9562 section 5.8) whose 122 free bits are the producer's 60 and the
// task's 62-bit number: it can be computed, and taken apart again, without a table.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace headrace {

struct Uuid {
  uint64_t high = 0;  // as printed: the first 16 hex digits
  uint64_t low = 0;
  auto operator<=>(const Uuid&) const = default;
  bool is_nil() const { return high == 0 && low == 0; }
  std::string text() const;  // 8-4-4-4-12, lower case
  static std::optional<Uuid> parse(std::string_view text);
  // 16 bytes in the order they are printed.
  std::array<uint8_t, 16> bytes() const;
  static Uuid from_bytes(const uint8_t* sixteen_bytes);
};

// One process generation that writes records; redrawn after fork. Never 0.
using ProducerId = uint64_t;
constexpr int kProducerBits = 60;
// Drawn from the kernel's random source.
ProducerId draw_producer();

// A number within a producer: the ring that drew it (22 bits) and that ring's counter (40 bits),
// so that threads draw without talking. 0 means none.
using TaskNumber = uint64_t;
constexpr int kTaskNumberBits = 62;
constexpr int kTaskCounterBits = 40;

Uuid task_uuid(ProducerId producer, TaskNumber number);
struct TaskRef {
  ProducerId producer = 0;
  TaskNumber number = 0;
  auto operator<=>(const TaskRef&) const = default;
};
TaskRef split_task_uuid(const Uuid& id);

// A random UUIDv8.
Uuid random_uuid();
// A UUIDv8 of the SHA-256 of `domain`, a zero byte and `name`: the same name, the same id,
// everywhere.
Uuid named_uuid(std::string_view domain, std::string_view name);

}  // namespace headrace

template <>
struct std::hash<headrace::Uuid> {
  size_t operator()(const headrace::Uuid& id) const noexcept {
    return static_cast<size_t>(id.high * 0x9E3779B97F4A7C15ull ^ id.low);
  }
};
