#include "run/output_tail.h"

#include <algorithm>

#include "capture/secrets.h"

namespace headrace::run {
namespace {

// The length of the UTF-8 sequence at the start of `text`, or 0 when it is none.
size_t sequence(std::string_view text) {
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first == 0) return 0;
  if (first < 0x80) return 1;
  const size_t length = first >= 0xC2 && first < 0xE0   ? 2
                        : first >= 0xE0 && first < 0xF0 ? 3
                        : first >= 0xF0 && first < 0xF5 ? 4
                                                        : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  // Overlong forms, surrogates, beyond U+10FFFF.
  if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
      (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

std::string as_text(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    const size_t length = sequence(bytes);
    if (length == 0)
      out += "\xEF\xBF\xBD";
    else
      out += bytes.substr(0, length);
    bytes.remove_prefix(std::max<size_t>(1, length));
  }
  return out;
}

}  // namespace

void OutputTail::append(std::string_view bytes) {
  total_ += bytes.size();
  if (bytes.size() > kBytes) bytes.remove_prefix(bytes.size() - kBytes);
  if (ring_.size() < kBytes) {
    const size_t room = std::min(kBytes - ring_.size(), bytes.size());
    ring_.append(bytes.substr(0, room));
    bytes.remove_prefix(room);
  }
  while (!bytes.empty()) {
    const size_t n = std::min(kBytes - at_, bytes.size());
    bytes.copy(ring_.data() + at_, n);
    bytes.remove_prefix(n);
    at_ = (at_ + n) % kBytes;
  }
}

std::string OutputTail::bytes() const { return ring_.substr(at_) + ring_.substr(0, at_); }

std::vector<std::string> text_pieces(const OutputTail& tail, size_t piece_bytes) {
  std::string bytes = tail.bytes();
  if (tail.total_bytes() > bytes.size()) {
    // The first line is only the end of one.
    if (const size_t line = bytes.find('\n'); line < bytes.size() / 2) bytes.erase(0, line + 1);
  }
  const std::string text = capture::without_secrets(as_text(bytes));
  std::vector<std::string> pieces;
  for (std::string_view rest = text; !rest.empty();) {
    size_t n = std::min(piece_bytes, rest.size());
    if (n < rest.size()) {
      if (const size_t line = rest.rfind('\n', n - 1); line != std::string_view::npos) {
        n = line + 1;
      } else {
        while (n > 1 && (static_cast<unsigned char>(rest[n]) & 0xC0) == 0x80) --n;
      }
    }
    pieces.emplace_back(rest.substr(0, n));
    rest.remove_prefix(n);
  }
  return pieces;
}

}  // namespace headrace::run
