#include "base/id.h"

#include <cstring>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sha256.h"

namespace headrace {
namespace {

// Sets version 8 and variant 10 over 128 bits, which costs the 6 bits they stand on.
Uuid as_version_8(Uuid raw) {
  raw.high = (raw.high & ~0xF000ull) | 0x8000ull;
  raw.low = (raw.low & 0x3FFFFFFFFFFFFFFFull) | 0x8000000000000000ull;
  return raw;
}

void fill_random(void* to, size_t n) {
  if (getrandom(to, n, 0) == static_cast<ssize_t>(n)) return;
  // A kernel without getrandom is older than any we run on; mix clocks and addresses rather than
  // stop.
  uint64_t x = now_realtime_ns() ^ (now_monotonic_ns() << 20) ^ reinterpret_cast<uintptr_t>(to);
  auto* out = static_cast<unsigned char*>(to);
  for (size_t i = 0; i < n; ++i) {
    x = x * 6364136223846793005ull + 1442695040888963407ull;
    out[i] = static_cast<unsigned char>(x >> 56);
  }
}

}  // namespace

std::string Uuid::text() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(36, '-');
  for (int digit = 0, at = 0; digit < 32; ++digit, ++at) {
    if (digit == 8 || digit == 12 || digit == 16 || digit == 20) ++at;
    const uint64_t half = digit < 16 ? high : low;
    out[static_cast<size_t>(at)] = kDigits[half >> (60 - digit % 16 * 4) & 0xF];
  }
  return out;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  Uuid id;
  int digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return std::nullopt;
      continue;
    }
    unsigned v = 0;
    if (c >= '0' && c <= '9')
      v = static_cast<unsigned>(c - '0');
    else if (c >= 'a' && c <= 'f')
      v = static_cast<unsigned>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      v = static_cast<unsigned>(c - 'A' + 10);
    else
      return std::nullopt;
    uint64_t& half = digits < 16 ? id.high : id.low;
    half = half << 4 | v;
    ++digits;
  }
  return id;
}

std::array<uint8_t, 16> Uuid::bytes() const {
  std::array<uint8_t, 16> out;
  store_le(out.data(), __builtin_bswap64(high));
  store_le(out.data() + 8, __builtin_bswap64(low));
  return out;
}

Uuid Uuid::from_bytes(const uint8_t* sixteen_bytes) {
  return {__builtin_bswap64(load_le<uint64_t>(sixteen_bytes)),
          __builtin_bswap64(load_le<uint64_t>(sixteen_bytes + 8))};
}

ProducerId draw_producer() {
  uint64_t bits = 0;
  do {
    fill_random(&bits, sizeof bits);
    bits &= (1ull << kProducerBits) - 1;
  } while (bits == 0);
  return bits;
}

Uuid task_uuid(ProducerId producer, TaskNumber number) {
  Uuid id;
  id.high = (producer >> 12) << 16 | 0x8000ull | (producer & 0xFFFull);
  id.low = 0x8000000000000000ull | (number & ((1ull << kTaskNumberBits) - 1));
  return id;
}

TaskRef split_task_uuid(const Uuid& id) {
  return {(id.high >> 16) << 12 | (id.high & 0xFFFull), id.low & ((1ull << kTaskNumberBits) - 1)};
}

Uuid random_uuid() {
  Uuid id;
  fill_random(&id, sizeof id);
  return as_version_8(id);
}

Uuid named_uuid(std::string_view domain, std::string_view name) {
  Sha256 hash;
  hash.update(domain);
  hash.update(std::string_view("\0", 1));
  hash.update(name);
  const Sha256Digest digest = hash.finish();
  return as_version_8(Uuid::from_bytes(digest.data()));
}

}  // namespace headrace
