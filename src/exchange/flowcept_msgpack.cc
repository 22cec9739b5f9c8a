#include "exchange/flowcept_msgpack.h"

#include <bit>
#include <limits>

#include "encode/nested.h"

namespace headrace::exchange {
namespace {

class MsgpackReader {
 public:
  explicit MsgpackReader(std::string_view in) : in_(in), write_(out_) {}

  Result<std::string> read() {
    value(0);
    if (ok_ && at_ != in_.size()) ok_ = false;
    if (!ok_) return corrupt("not MessagePack at byte " + std::to_string(at_));
    return std::move(out_);
  }

 private:
  uint64_t big_endian(size_t bytes) {
    if (!ok_ || in_.size() - at_ < bytes) {
      ok_ = false;
      return 0;
    }
    uint64_t out = 0;
    for (size_t i = 0; i < bytes; ++i) out = out << 8 | static_cast<uint8_t>(in_[at_ + i]);
    at_ += bytes;
    return out;
  }
  std::string_view raw(uint64_t bytes) {
    if (!ok_ || in_.size() - at_ < bytes) {
      ok_ = false;
      return {};
    }
    const std::string_view out = in_.substr(at_, bytes);
    at_ += bytes;
    return out;
  }

  void unsigned_integer(uint64_t v) {
    if (v <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
      write_.integer(static_cast<int64_t>(v));
    else
      write_.big_integer(std::to_string(v));
  }

  void containers(uint8_t kind, uint64_t count, int depth) {
    // Each item takes a byte at least: a count beyond what is left is damage, not a reason to loop.
    if (count > in_.size() - at_) ok_ = false;
    if (!ok_) return;
    if (kind == kNestedMap)
      write_.begin_map(static_cast<uint32_t>(count));
    else
      write_.begin_list(static_cast<uint32_t>(count));
    const uint64_t items = kind == kNestedMap ? 2 * count : count;
    for (uint64_t i = 0; i < items && ok_; ++i) value(depth + 1);
  }

  // https://github.com/msgpack/msgpack/blob/master/spec.md#timestamp-extension-type
  void extension(uint64_t length) {
    const auto type = static_cast<int8_t>(big_endian(1));
    const std::string_view bytes = raw(length);
    if (!ok_) return;
    if (type != -1 || (length != 4 && length != 8 && length != 12)) return write_.bytes(bytes);
    const auto read = [&](size_t at, size_t size) {
      uint64_t v = 0;
      for (size_t i = at; i < at + size; ++i) v = v << 8 | static_cast<uint8_t>(bytes[i]);
      return v;
    };
    uint64_t ns = 0;
    int64_t seconds = 0;
    if (length == 4) {
      seconds = static_cast<int64_t>(read(0, 4));
    } else if (length == 8) {
      ns = read(0, 8) >> 34;
      seconds = static_cast<int64_t>(read(0, 8) & ((uint64_t{1} << 34) - 1));
    } else {
      ns = read(0, 4);
      seconds = static_cast<int64_t>(read(4, 8));
    }
    constexpr int64_t kPerSecond = 1'000'000'000;
    constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / kPerSecond - 1;
    if (seconds > kMost || seconds < -kMost || ns >= kPerSecond) return write_.bytes(bytes);
    write_.time_ns(seconds * kPerSecond + static_cast<int64_t>(ns));
  }

  void value(int depth) {
    if (depth > kMaxNestedDepth) ok_ = false;
    const auto tag = static_cast<uint8_t>(big_endian(1));
    if (!ok_) return;
    if (tag <= 0x7f) return write_.integer(tag);
    if (tag >= 0xe0) return write_.integer(static_cast<int8_t>(tag));
    if (tag <= 0x8f) return containers(kNestedMap, tag & 0x0f, depth);
    if (tag <= 0x9f) return containers(kNestedList, tag & 0x0f, depth);
    if (tag <= 0xbf) return text(tag & 0x1f);
    switch (tag) {
      case 0xc0: return write_.null();
      case 0xc2: return write_.boolean(false);
      case 0xc3: return write_.boolean(true);
      case 0xc4: return blob(big_endian(1));
      case 0xc5: return blob(big_endian(2));
      case 0xc6: return blob(big_endian(4));
      case 0xc7: return extension(big_endian(1));
      case 0xc8: return extension(big_endian(2));
      case 0xc9: return extension(big_endian(4));
      case 0xca: {
        const auto bits = static_cast<uint32_t>(big_endian(4));
        return ok_ ? write_.real(std::bit_cast<float>(bits)) : void();
      }
      case 0xcb: {
        const uint64_t bits = big_endian(8);
        return ok_ ? write_.real(std::bit_cast<double>(bits)) : void();
      }
      case 0xcc: return unsigned_integer(big_endian(1));
      case 0xcd: return unsigned_integer(big_endian(2));
      case 0xce: return unsigned_integer(big_endian(4));
      case 0xcf: return unsigned_integer(big_endian(8));
      case 0xd0: return write_.integer(static_cast<int8_t>(big_endian(1)));
      case 0xd1: return write_.integer(static_cast<int16_t>(big_endian(2)));
      case 0xd2: return write_.integer(static_cast<int32_t>(big_endian(4)));
      case 0xd3: return write_.integer(static_cast<int64_t>(big_endian(8)));
      case 0xd4: return extension(1);
      case 0xd5: return extension(2);
      case 0xd6: return extension(4);
      case 0xd7: return extension(8);
      case 0xd8: return extension(16);
      case 0xd9: return text(big_endian(1));
      case 0xda: return text(big_endian(2));
      case 0xdb: return text(big_endian(4));
      case 0xdc: return containers(kNestedList, big_endian(2), depth);
      case 0xdd: return containers(kNestedList, big_endian(4), depth);
      case 0xde: return containers(kNestedMap, big_endian(2), depth);
      case 0xdf: return containers(kNestedMap, big_endian(4), depth);
      default: ok_ = false;
    }
  }
  void text(uint64_t length) {
    const std::string_view bytes = raw(length);
    if (ok_) write_.string(bytes);
  }
  void blob(uint64_t length) {
    const std::string_view bytes = raw(length);
    if (ok_) write_.bytes(bytes);
  }

  std::string_view in_;
  std::string out_;
  NestedWriter write_;
  size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace

Result<std::string> nested_from_msgpack(std::string_view bytes) {
  return MsgpackReader(bytes).read();
}

}  // namespace headrace::exchange
