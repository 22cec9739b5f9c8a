// Names and activities that are looked up once, where they are written.
//
//   using namespace headrace::literals;
//   for (int i = 0; i < 100; ++i) {
//     headrace::Task step("step"_activity, {{"number"_name, i}});
//     step.generated({{"residual"_name, advance()}});
//   }
//
// The same records as with plain "step" and "number", for about 10 ns less a name and 30 ns less an
// activity. The numbers stand in constant-initialized statics of the literal: there is nothing to
// run before main and no lock that a fork could leave held, they hold in fork children, and any
// thread may use them at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string_view>

#include <headrace/headrace.h>

namespace headrace {
namespace detail {

// A number that headrace.h gave.
struct Number {
  uint32_t value;
};

// A string literal as a template's argument.
template <size_t N>
struct Literal {
  consteval Literal(const char (&from)[N]) {  // NOLINT: implicit by design
    for (size_t i = 0; i < N; ++i) text[i] = from[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
  char text[N]{};
};

#if !defined(HEADRACE_DISABLE)
// 0 until it is known, and where memory was out: then the next use asks again.
template <Literal text>
inline constinit std::atomic<uint32_t> name_number{0};

// An activity is a name at a place, so one literal has a number for each line that it stands on.
// The first file that uses it keeps it here, as four lines at a time; the others' are looked up.
struct ActivityNumbers {
  static constexpr size_t kLines = 4;
  std::atomic<const char*> file{nullptr};
  std::atomic<uint64_t> line_and_number[kLines]{};
};
template <Literal text>
inline constinit ActivityNumbers activity_numbers{};

[[gnu::noinline, gnu::cold]] inline uint32_t look_up(std::string_view text,
                                                     std::atomic<uint32_t>& known) {
  const uint32_t number = headrace_name_n(text.data(), text.size());
  known.store(number, std::memory_order_relaxed);
  return number;
}
[[gnu::noinline, gnu::cold]] inline uint32_t look_up(const char* text, const char* file,
                                                     uint32_t line, ActivityNumbers& known) {
  const uint32_t number = headrace_activity(text, file, static_cast<int>(line));
  const char* first = nullptr;
  if (number != 0 && (known.file.compare_exchange_strong(first, file) || first == file)) {
    known.line_and_number[line % ActivityNumbers::kLines].store(uint64_t{line} << 32 | number,
                                                                std::memory_order_relaxed);
  }
  return number;
}
#endif

}  // namespace detail

// What "..."_name makes: a Name converts from it.
template <detail::Literal text>
struct LiteralName {
  static detail::Number number() {
#if defined(HEADRACE_DISABLE)
    return {0};
#else
    std::atomic<uint32_t>& known = detail::name_number<text>;
    const uint32_t number = known.load(std::memory_order_relaxed);
    return {number != 0 ? number : detail::look_up(text.view(), known)};
#endif
  }
};

// What "..."_activity makes: an Activity converts from it, and adds where it stands.
template <detail::Literal text>
struct LiteralActivity {
  static detail::Number number([[maybe_unused]] const std::source_location& where) {
#if defined(HEADRACE_DISABLE)
    return {0};
#else
    detail::ActivityNumbers& known = detail::activity_numbers<text>;
    const uint64_t at = known.line_and_number[where.line() % detail::ActivityNumbers::kLines].load(
        std::memory_order_relaxed);
    const auto number = static_cast<uint32_t>(at);
    if (number != 0 && at >> 32 == where.line() &&
        known.file.load(std::memory_order_relaxed) == where.file_name()) [[likely]] {
      return {number};
    }
    return {detail::look_up(text.text, where.file_name(), where.line(), known)};
#endif
  }
};

namespace literals {

template <detail::Literal text>
constexpr LiteralName<text> operator""_name() {
  return {};
}
template <detail::Literal text>
constexpr LiteralActivity<text> operator""_activity() {
  return {};
}

}  // namespace literals
}  // namespace headrace
