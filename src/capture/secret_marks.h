// A quick look at text: no known form of a secret can be in it unless one of these marks is.
//
//   any length   '=' or ':' (name=value, user:password@host), "--" (--password value),
//                "r " and "c " (Bearer, Basic)
//   20 and more  '-', '_', '.' (tokens), "AK", "AS", "AI" (keys of AWS and Google)
//
// A false alarm costs a slower look; a secret without a mark would be kept, so a form added to
// secrets.cc needs its mark here (a test goes through all).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace headrace::capture {

// Shorter than the shortest name=value.
constexpr size_t kShortestSecret = 5;
// Shorter than any token that is told by its own form.
constexpr size_t kShortestToken = 20;

// Bit 0: a mark at any length; bit 1: a mark in long text; bit 2 / 3: the first of a pair of marks
// at any length / in long text; bit 4 / 5: the second of it.
inline constexpr auto kMarkBits = [] {
  std::array<uint8_t, 256> bits{};
  for (const char c : {'=', ':'}) bits[static_cast<uint8_t>(c)] |= 1;
  for (const char c : {'-', '_', '.'}) bits[static_cast<uint8_t>(c)] |= 2;
  for (const char c : {'r', 'c', 'R', 'C', '-'}) bits[static_cast<uint8_t>(c)] |= 4;
  bits[static_cast<uint8_t>('A')] |= 8;
  for (const char c : {' ', '-'}) bits[static_cast<uint8_t>(c)] |= 16;
  for (const char c : {'K', 'S', 'I'}) bits[static_cast<uint8_t>(c)] |= 32;
  return bits;
}();

inline bool has_secret_mark_bytewise(std::string_view text) {
  const uint8_t alone = text.size() >= kShortestToken ? 3 : 1;
  uint8_t before = 0;
  for (const char c : text) {
    const uint8_t bits = kMarkBits[static_cast<uint8_t>(c)];
    if ((bits & alone) != 0 || (before & (bits >> 2) & (alone << 2)) != 0) return true;
    before = bits;
  }
  return false;
}

#if defined(__SSE2__)
// Whether one of the 16 bytes at `at` is a mark, or begins a pair with its next one, of which
// `next` are the 16.
inline bool has_secret_mark_16(const char* at, const char* next_at, bool is_long) {
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto is = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  const __m128i bytes = load(at);
  const __m128i next = load(next_at);
  const __m128i either_case = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  __m128i found = _mm_or_si128(is(bytes, '='), is(bytes, ':'));
  found = _mm_or_si128(
      found,
      _mm_and_si128(_mm_or_si128(is(either_case, 'r'), is(either_case, 'c')), is(next, ' ')));
  found = _mm_or_si128(found, _mm_and_si128(is(bytes, '-'), is(next, '-')));
  if (is_long) {
    found = _mm_or_si128(
        found, _mm_or_si128(is(bytes, '-'), _mm_or_si128(is(bytes, '_'), is(bytes, '.'))));
    const __m128i second = _mm_or_si128(is(next, 'K'), _mm_or_si128(is(next, 'S'), is(next, 'I')));
    found = _mm_or_si128(found, _mm_and_si128(is(bytes, 'A'), second));
  }
  return _mm_movemask_epi8(found) != 0;
}
#endif

inline bool has_secret_mark(std::string_view text) {
  const size_t size = text.size();
  if (size < kShortestSecret) return false;
#if defined(__SSE2__)
  if (size > 16) {
    // Sixteen and the one after them at a time; the last such seventeen overlap the ones before.
    const bool is_long = size >= kShortestToken;
    const char* const last = text.data() + size - 17;
    for (const char* at = text.data(); at < last; at += 16) {
      if (has_secret_mark_16(at, at + 1, is_long)) return true;
    }
    if (has_secret_mark_16(last, last + 1, is_long)) return true;
    return (kMarkBits[static_cast<uint8_t>(text.back())] & (is_long ? 3 : 1)) != 0;
  }
#endif
  if (size >= 8 && size <= 16) {  // eight bytes at a time
    constexpr uint64_t kOnes = 0x0101010101010101;
    const auto has = [](uint64_t bytes, char c) {
      const uint64_t zeros = bytes ^ (kOnes * static_cast<uint8_t>(c));
      return (zeros - kOnes) & ~zeros & (kOnes << 7);
    };
    uint64_t first = 0;
    uint64_t last = 0;
    std::memcpy(&first, text.data(), 8);
    std::memcpy(&last, text.data() + size - 8, 8);
    if ((has(first, '=') | has(first, ':') | has(last, '=') | has(last, ':')) != 0) return true;
    // "--", and of "Bearer " and more: its blank.
    if ((has(first, '-') | has(last, '-')) != 0) return has_secret_mark_bytewise(text);
    return size > 14 && (has(first, ' ') | has(last, ' ')) != 0 && has_secret_mark_bytewise(text);
  }
  return has_secret_mark_bytewise(text);
}

}  // namespace headrace::capture
