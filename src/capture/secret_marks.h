// A quick look at text: no known form of a secret can be in it unless one of these marks is.
//
//   any length   '=' or ':' (name=value, user:password@host), "--" (--password value),
//                "r " and "c " (Bearer, Basic)
//   20 and more  '-', '_', '.' (tokens), "AK", "AS", "AI" (keys of AWS and Google), where also a
//                word begins as a token does: few of the names, keys and paths that have them
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

enum class Mark : uint8_t { kNone, kOfLongText, kOfAnyText };

// Whether a word begins with the first two characters of a token that is told by its own form.
bool may_begin_token(std::string_view text);

inline bool has_secret_mark_bytewise(std::string_view text) {
  uint8_t before = 0;
  uint8_t all = 0;
  for (const char c : text) {
    const uint8_t bits = kMarkBits[static_cast<uint8_t>(c)];
    all |= static_cast<uint8_t>((bits & 3) | (before & (bits >> 2)) >> 2);
    before = bits;
  }
  return (all & 1) != 0 ||
         ((all & 2) != 0 && text.size() >= kShortestToken && may_begin_token(text));
}

#if defined(__SSE2__)
// What of the 16 bytes at `at`, of which `next` are the ones after each, is a mark or begins a
// pair.
inline Mark mark_of_16(const char* at, const char* next_at) {
  const auto load = [](const char* from) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  };
  const auto is = [](__m128i bytes, char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
  const auto any = [](__m128i found) { return _mm_movemask_epi8(found) != 0; };
  const __m128i bytes = load(at);
  const __m128i next = load(next_at);
  const __m128i either_case = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  __m128i found = _mm_or_si128(is(bytes, '='), is(bytes, ':'));
  found = _mm_or_si128(
      found,
      _mm_and_si128(_mm_or_si128(is(either_case, 'r'), is(either_case, 'c')), is(next, ' ')));
  found = _mm_or_si128(found, _mm_and_si128(is(bytes, '-'), is(next, '-')));
  if (any(found)) return Mark::kOfAnyText;
  found = _mm_or_si128(is(bytes, '-'), _mm_or_si128(is(bytes, '_'), is(bytes, '.')));
  const __m128i second = _mm_or_si128(is(next, 'K'), _mm_or_si128(is(next, 'S'), is(next, 'I')));
  found = _mm_or_si128(found, _mm_and_si128(is(bytes, 'A'), second));
  return any(found) ? Mark::kOfLongText : Mark::kNone;
}
#endif

inline bool has_secret_mark(std::string_view text) {
  const size_t size = text.size();
  if (size < kShortestSecret) return false;
#if defined(__SSE2__)
  if (size > 16) {
    // Sixteen and the one after them at a time; the last such seventeen overlap the ones before.
    const char* const last = text.data() + size - 17;
    const uint8_t end = kMarkBits[static_cast<uint8_t>(text.back())];
    bool is_like_token = (end & 2) != 0;
    for (const char* at = text.data(); at < last; at += 16) {
      const Mark mark = mark_of_16(at, at + 1);
      if (mark == Mark::kOfAnyText) return true;
      is_like_token |= mark == Mark::kOfLongText;
    }
    const Mark mark = mark_of_16(last, last + 1);
    if (mark == Mark::kOfAnyText || (end & 1) != 0) return true;
    is_like_token |= mark == Mark::kOfLongText;
    return is_like_token && size >= kShortestToken && may_begin_token(text);
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
