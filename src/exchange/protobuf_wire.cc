#include "exchange/protobuf_wire.h"

#include "base/bytes.h"

namespace headrace::exchange {

bool take_varint(std::string_view& in, uint64_t& out) {
  out = 0;
  for (size_t i = 0; i < in.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(in[i]);
    out |= static_cast<uint64_t>(byte & 0x7FU) << (7 * i);
    if ((byte & 0x80U) == 0) {
      in.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool WireReader::fail() {
  ok_ = false;
  in_ = {};
  return false;
}

bool WireReader::next() {
  if (in_.empty()) return false;
  uint64_t key = 0;
  if (!take_varint(in_, key) || key >> 3 == 0 || key >> 32 != 0) return fail();
  number_ = static_cast<uint32_t>(key >> 3);
  type_ = static_cast<WireType>(key & 7U);
  bits_ = 0;
  bytes_ = {};
  switch (type_) {
    case WireType::kVarint: return take_varint(in_, bits_) || fail();
    case WireType::kEight:
      if (in_.size() < 8) return fail();
      bits_ = load_le<uint64_t>(in_.data());
      in_.remove_prefix(8);
      return true;
    case WireType::kFour:
      if (in_.size() < 4) return fail();
      bits_ = load_le<uint32_t>(in_.data());
      in_.remove_prefix(4);
      return true;
    case WireType::kBytes: {
      uint64_t size = 0;
      if (!take_varint(in_, size) || size > in_.size()) return fail();
      bytes_ = in_.substr(0, size);
      in_.remove_prefix(size);
      return true;
    }
  }
  return fail();
}

}  // namespace headrace::exchange
