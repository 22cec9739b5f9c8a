#include "encode/packed_numbers.h"

#include <algorithm>
#include <bit>
#include <numeric>

namespace headrace {
namespace {

constexpr uint8_t kStepFollows = 128;

uint64_t zigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}
int64_t of_zigzag(uint64_t value) { return static_cast<int64_t>(value >> 1 ^ (0 - (value & 1))); }

// The lowest `width` bits of each value behind the other.
class BitWriter {
 public:
  explicit BitWriter(std::string& out) : out_(out) {}
  void put(uint64_t value, unsigned width) {
    while (width > 0) {
      if (used_ == 8) out_.push_back('\0'), used_ = 0;
      const unsigned now = std::min(8 - used_, width);
      const uint64_t bits = value & ((uint64_t{1} << now) - 1);
      out_.back() = static_cast<char>(static_cast<uint8_t>(out_.back()) | bits << used_);
      used_ += now;
      width -= now;
      value >>= now;
    }
  }

 private:
  std::string& out_;
  unsigned used_ = 8;  // bits of the last byte
};

uint64_t bits_at(std::string_view bytes, size_t bit, unsigned width) {
  uint64_t value = 0;
  for (unsigned have = 0; have < width;) {
    const unsigned from = bit % 8;
    const unsigned now = std::min(8 - from, width - have);
    const uint64_t bits = static_cast<uint8_t>(bytes[bit / 8]) >> from;
    value |= (bits & ((uint64_t{1} << now) - 1)) << have;
    have += now;
    bit += now;
  }
  return value;
}

unsigned varint_bits(uint64_t value) {
  return 8 * std::max(1U, (static_cast<unsigned>(std::bit_width(value)) + 6) / 7);
}

uint64_t beyond(std::span<const uint64_t> numbers, size_t i, int64_t least) {
  return numbers[i] - numbers[i - 1] - static_cast<uint64_t>(least);
}

// What the numbers take with that least difference.
struct Fit {
  Fit(std::span<const uint64_t> numbers, int64_t least_difference) : least(least_difference) {
    uint64_t most = 0;
    uint64_t common = 0;
    for (size_t i = 1; i < numbers.size(); ++i) {
      const uint64_t more = beyond(numbers, i, least);
      most = std::max(most, more);
      if (common != 1) common = std::gcd(common, more);
    }
    step = std::max<uint64_t>(common, 1);
    width = static_cast<unsigned>(std::bit_width(most / step));
    bits = varint_bits(zigzag(least)) + (step > 1 ? varint_bits(step) : 0) +
           width * (numbers.size() - 1);
  }
  bool operator<(const Fit& other) const { return bits < other.bits; }
  int64_t least;
  uint64_t step = 1;
  unsigned width = 0;
  uint64_t bits = 0;
};

}  // namespace

void put_varint(uint64_t value, std::string& out) {
  while (value >= 128) {
    out.push_back(static_cast<char>(value | 128));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

bool take_varint(std::string_view& bytes, uint64_t* out) {
  *out = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (bytes.empty()) return false;
    const auto byte = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    *out |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

void pack_numbers(std::span<const uint64_t> numbers, std::string& out) {
  if (numbers.empty()) return;
  put_varint(numbers[0], out);
  if (numbers.size() == 1) return;
  int64_t least = INT64_MAX;
  for (size_t i = 1; i < numbers.size(); ++i) {
    least = std::min(least, static_cast<int64_t>(numbers[i] - numbers[i - 1]));
  }
  Fit fit(numbers, least);
  // Few numbers with large steps upwards take less without it.
  if (least > 0) fit = std::min(fit, Fit(numbers, 0));
  put_varint(zigzag(fit.least), out);
  out.push_back(static_cast<char>(fit.width | (fit.step > 1 ? kStepFollows : 0U)));
  if (fit.step > 1) put_varint(fit.step, out);
  BitWriter bits(out);
  for (size_t i = 1; i < numbers.size(); ++i) {
    bits.put(beyond(numbers, i, fit.least) / fit.step, fit.width);
  }
}

bool unpack_numbers(std::string_view& bytes, std::span<uint64_t> numbers) {
  if (numbers.empty()) return true;
  if (!take_varint(bytes, &numbers[0])) return false;
  if (numbers.size() == 1) return true;
  uint64_t least = 0;
  if (!take_varint(bytes, &least) || bytes.empty()) return false;
  least = static_cast<uint64_t>(of_zigzag(least));
  const auto said = static_cast<uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  const unsigned width = said & ~kStepFollows;
  uint64_t step = 1;
  if (width > 64 || ((said & kStepFollows) != 0 && !take_varint(bytes, &step))) return false;
  const size_t length = (width * (numbers.size() - 1) + 7) / 8;
  if (bytes.size() < length) return false;
  for (size_t i = 1; i < numbers.size(); ++i) {
    numbers[i] = numbers[i - 1] + least + step * bits_at(bytes, (i - 1) * width, width);
  }
  bytes.remove_prefix(length);
  return true;
}

}  // namespace headrace
