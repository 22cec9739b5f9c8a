// The last bytes of a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::run {

class OutputTail {
 public:
  static constexpr size_t kBytes = 64 * 1024;

  void append(std::string_view bytes);
  // The last kBytes at most, in order.
  std::string bytes() const;
  uint64_t total_bytes() const { return total_; }

 private:
  std::string ring_;  // grows to kBytes, then is written round
  size_t at_ = 0;
  uint64_t total_ = 0;
};

// The tail as text: whole lines where it was cut, U+FFFD for what is not UTF-8 or is NUL, secrets
// redacted; in pieces of at most `piece_bytes`, cut after a line where possible.
std::vector<std::string> text_pieces(const OutputTail& tail, size_t piece_bytes);

}  // namespace headrace::run
