// Fields of a protocol buffers message, as they stand on the wire (protobuf.dev, "Encoding").
//
//   for (WireReader in(bytes); in.next();) {
//     if (in.is(1, WireType::kEight)) time = in.as_double();
//     if (in.is(5, WireType::kBytes)) read_summary(in.bytes());
//   }
//
// A field of another wire type than the one asked for is unknown and is skipped, as by any other
// reader. A message that is cut or has groups ends the walk; ok() says so. Views point into the
// input. No allocation, and no recursion of its own.
#pragma once

#include <bit>
#include <cstdint>
#include <string_view>

namespace headrace::exchange {

enum class WireType : uint8_t { kVarint = 0, kEight = 1, kBytes = 2, kFour = 5 };

class WireReader {
 public:
  explicit WireReader(std::string_view message) : in_(message) {}

  // Goes to the next field. False at the end, and where the message is broken.
  bool next();
  bool ok() const { return ok_; }

  uint32_t number() const { return number_; }
  WireType type() const { return type_; }
  bool is(uint32_t number, WireType type) const { return number_ == number && type_ == type; }

  // The field's value; which of them holds is told by type().
  uint64_t varint() const { return bits_; }
  int64_t as_int() const { return static_cast<int64_t>(bits_); }
  double as_double() const { return std::bit_cast<double>(bits_); }
  float as_float() const { return std::bit_cast<float>(static_cast<uint32_t>(bits_)); }
  std::string_view bytes() const { return bytes_; }

 private:
  bool fail();

  std::string_view in_;
  uint32_t number_ = 0;
  WireType type_ = WireType::kVarint;
  uint64_t bits_ = 0;
  std::string_view bytes_;
  bool ok_ = true;
};

// Takes a varint off the front of `in`. False when it is cut or longer than 10 bytes.
bool take_varint(std::string_view& in, uint64_t& out);

}  // namespace headrace::exchange
