// Reading and writing little-endian bytes with bounds checked.
//
//   std::string out; ByteWriter w(out); w.u32(7); w.text("abc");
//   ByteReader r(out); uint32_t n = r.u32(); std::string_view s = r.text(); if (!r.ok()) ...
//
// A reader that runs past its end gives zeros and empty views and says so through ok(): check once
// at the end. Views point into the reader's input.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace headrace {

static_assert(std::endian::native == std::endian::little,
              "records are little-endian and written by copying");

template <typename T>
inline T load_le(const void* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
template <typename T>
inline void store_le(void* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

constexpr size_t round_up_8(size_t n) { return (n + 7) & ~size_t{7}; }

class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}
  void u8(uint8_t v) { raw(&v, sizeof v); }
  void u16(uint16_t v) { raw(&v, sizeof v); }
  void u32(uint32_t v) { raw(&v, sizeof v); }
  void u64(uint64_t v) { raw(&v, sizeof v); }
  void i64(int64_t v) { raw(&v, sizeof v); }
  void f64(double v) { raw(&v, sizeof v); }
  // u32 length, then the bytes.
  void text(std::string_view s) {
    u32(static_cast<uint32_t>(s.size()));
    raw(s.data(), s.size());
  }
  void raw(const void* from, size_t n) { out_.append(static_cast<const char*>(from), n); }

 private:
  std::string& out_;
};

class ByteReader {
 public:
  explicit ByteReader(std::string_view in) : in_(in) {}
  uint8_t u8() { return get<uint8_t>(); }
  uint16_t u16() { return get<uint16_t>(); }
  uint32_t u32() { return get<uint32_t>(); }
  uint64_t u64() { return get<uint64_t>(); }
  int64_t i64() { return get<int64_t>(); }
  double f64() { return get<double>(); }
  std::string_view text() { return raw(u32()); }
  std::string_view raw(size_t n) {
    if (n > remaining()) {
      fail();
      return {};
    }
    std::string_view out = in_.substr(at_, n);
    at_ += n;
    return out;
  }
  size_t remaining() const { return in_.size() - at_; }
  size_t position() const { return at_; }
  bool ok() const { return ok_; }
  void fail() {
    ok_ = false;
    at_ = in_.size();
  }

 private:
  template <typename T>
  T get() {
    if (sizeof(T) > remaining()) {
      fail();
      return T{};
    }
    T v = load_le<T>(in_.data() + at_);
    at_ += sizeof(T);
    return v;
  }
  std::string_view in_;
  size_t at_ = 0;
  bool ok_ = true;
};

std::string to_hex(std::string_view bytes);

}  // namespace headrace
