// System calls and bytes without libc: this code runs before libc is ready, in signal handlers and
// in vfork children. A call returns what the kernel does: -errno on failure.
#pragma once

#include <asm/unistd.h>
#include <stddef.h>  // NOLINT(modernize-deprecated-headers): no C++ library here
#include <stdint.h>  // NOLINT(modernize-deprecated-headers)

namespace headrace::box {

#if defined(__x86_64__)
inline long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                long f = 0) {
  long result = 0;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
inline long raw(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0,
                long f = 0) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                   : "memory");
  return x0;
}
#else
#error "the preloaded library knows x86-64 and aarch64"
#endif

inline long raw_pointer(const void* p) { return reinterpret_cast<long>(p); }

inline size_t length_of(const char* text) {
  size_t n = 0;
  while (text[n] != '\0') ++n;
  return n;
}

inline void copy_bytes(char* to, const void* from, size_t n) {
  const auto* bytes = static_cast<const char*>(from);
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t word = 0;
    __builtin_memcpy(&word, bytes + i, 8);
    __builtin_memcpy(to + i, &word, 8);
  }
  for (; i < n; ++i) to[i] = bytes[i];
}

inline bool same_bytes(const char* a, const char* b, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

inline bool begins_with(const char* text, const char* start) {
  while (*start != '\0') {
    if (*text++ != *start++) return false;
  }
  return true;
}

inline bool same_text(const char* a, const char* b) {
  return begins_with(a, b) && a[length_of(b)] == '\0';
}

inline bool contains(const char* text, const char* part) {
  for (; *text != '\0'; ++text) {
    if (begins_with(text, part)) return true;
  }
  return false;
}

// Text of a fixed capacity, cut where it is full; always terminated. A static one must need no
// constructor at run time, as the library's own may run after its first use (kZeroed); one on the
// stack should not clear all its bytes.
template <size_t kCapacity, bool kZeroed = true>
struct Text {
  size_t size = 0;  // in front: a short text touches one page of the stack
  bool cut = false;
  char bytes[kCapacity];

  constexpr Text()
    requires kZeroed
      : bytes{} {}
  Text()
    requires(!kZeroed)
  {
    bytes[0] = '\0';
  }
  void add(const char* text, size_t n) {
    if (n > kCapacity - 1 - size) {
      n = kCapacity - 1 - size;
      cut = true;
    }
    for (size_t i = 0; i < n; ++i) bytes[size + i] = text[i];
    size += n;
    bytes[size] = '\0';
  }
  void add(const char* text) { add(text, length_of(text)); }
  void add_number(uint64_t value) {
    char digits[20];
    size_t n = 0;
    do {
      digits[sizeof digits - ++n] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    add(digits + sizeof digits - n, n);
  }
  void clear() {
    size = 0;
    cut = false;
    bytes[0] = '\0';
  }
};

}  // namespace headrace::box
