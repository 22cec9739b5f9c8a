#include "report/packed_column.h"

#include <utility>

#include "base/bytes.h"

namespace headrace::report {
namespace {

void put_varint(std::string* out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

uint64_t zigzag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

query::Json column(const char* encoding, const std::string& bytes) {
  return query::Json::Map{{"encoding", encoding}, {"data", base64(bytes)}};
}

}  // namespace

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t left = bytes.size() - at;
    const auto byte = [&](size_t i) {
      return i < left ? uint32_t{static_cast<uint8_t>(bytes[at + i])} : 0;
    };
    const uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
    out.push_back(kDigits[group >> 18]);
    out.push_back(kDigits[group >> 12 & 63]);
    out.push_back(left > 1 ? kDigits[group >> 6 & 63] : '=');
    out.push_back(left > 2 ? kDigits[group & 63] : '=');
  }
  return out;
}

query::Json pack_varint(const std::vector<uint64_t>& values) {
  std::string bytes;
  for (const uint64_t value : values) put_varint(&bytes, value);
  return column("varint", bytes);
}

query::Json pack_signed(const std::vector<int64_t>& values) {
  std::string bytes;
  for (const int64_t value : values) put_varint(&bytes, zigzag(value));
  return column("signed", bytes);
}

query::Json pack_delta(const std::vector<uint64_t>& values) {
  std::string bytes;
  uint64_t last = 0;
  for (const uint64_t value : values) {
    put_varint(&bytes, zigzag(static_cast<int64_t>(value - last)));
    last = value;
  }
  return column("delta", bytes);
}

query::Json pack_runs(const std::vector<uint64_t>& values) {
  std::string bytes;
  for (size_t at = 0; at < values.size();) {
    size_t end = at + 1;
    while (end < values.size() && values[end] == values[at]) ++end;
    put_varint(&bytes, values[at]);
    put_varint(&bytes, end - at);
    at = end;
  }
  return column("runs", bytes);
}

query::Json pack_f32(const std::vector<double>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  for (size_t i = 0; i < values.size(); ++i) {
    store_le(&bytes[i * sizeof(float)], static_cast<float>(values[i]));
  }
  return column("f32", bytes);
}

}  // namespace headrace::report
