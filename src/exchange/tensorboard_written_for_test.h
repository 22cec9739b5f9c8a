// Event files as TensorFlow's writers write them, made by hand for tests.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "exchange/tensorboard_frames.h"

namespace headrace::exchange {

inline std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}
inline std::string field(uint32_t number, std::string_view bytes) {
  return varint(number << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}
inline std::string field(uint32_t number, uint64_t value) {
  return varint(number << 3) + varint(value);
}
inline std::string field(uint32_t number, double value) {
  std::string out = varint(number << 3 | 1);
  ByteWriter(out).f64(value);
  return out;
}
inline std::string field(uint32_t number, float value) {
  std::string out = varint(number << 3 | 5);
  ByteWriter(out).raw(&value, sizeof value);
  return out;
}

inline std::string framed(std::string_view record) {
  std::string out;
  ByteWriter writer(out);
  writer.u64(record.size());
  writer.u32(masked_crc32c(std::string_view(out)));
  writer.raw(record.data(), record.size());
  writer.u32(masked_crc32c(record));
  return out;
}

inline std::string version_event() {
  return framed(field(1, 1763829000.0) + field(3, "brain.Event:2"));
}
inline std::string summary_event(double wall_time_s, int64_t step, std::string_view value) {
  return framed(field(1, wall_time_s) + field(2, static_cast<uint64_t>(step)) +
                field(5, field(1, value)));
}
inline std::string scalar_event(double wall_time_s, int64_t step, std::string_view tag,
                                float value) {
  return summary_event(wall_time_s, step, field(1, tag) + field(2, value));
}
inline std::string plugin(std::string_view name, std::string_view content = {}) {
  return field(9, field(1, field(1, name) + field(2, content)));
}
// A number as a tensor of no dimensions, as TensorFlow 2 writes a scalar.
inline std::string float_tensor(float value) {
  return field(1, uint64_t{1}) + field(2, "") +
         field(4, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

}  // namespace headrace::exchange
