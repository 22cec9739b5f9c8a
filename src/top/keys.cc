#include "top/keys.h"

#include <array>
#include <utility>

#include "query/utf8.h"

namespace headrace::top {
namespace {

constexpr std::array<std::pair<std::string_view, Key>, 26> kSequences{
    {{"\x1b[A", Key::kUp},        {"\x1b[B", Key::kDown},    {"\x1b[C", Key::kRight},
     {"\x1b[D", Key::kLeft},      {"\x1bOA", Key::kUp},      {"\x1bOB", Key::kDown},
     {"\x1bOC", Key::kRight},     {"\x1bOD", Key::kLeft},    {"\x1b[5~", Key::kPageUp},
     {"\x1b[6~", Key::kPageDown}, {"\x1b[H", Key::kHome},    {"\x1b[F", Key::kEnd},
     {"\x1bOH", Key::kHome},      {"\x1bOF", Key::kEnd},     {"\x1b[1~", Key::kHome},
     {"\x1b[4~", Key::kEnd},      {"\x1b[7~", Key::kHome},   {"\x1b[8~", Key::kEnd},
     {"\x1b[3~", Key::kDelete},   {"\x1b[Z", Key::kBackTab}, {"\r", Key::kEnter},
     {"\n", Key::kEnter},         {"\t", Key::kTab},         {"\x7f", Key::kBackspace},
     {"\b", Key::kBackspace},     {"\x1bOM", Key::kEnter}}};

// How long the key at the front is; 0 when more bytes must come.
size_t length_of(std::string_view bytes) {
  if (bytes[0] != '\x1b') {
    const auto first = static_cast<unsigned char>(bytes[0]);
    const size_t wanted = first < 0xC2   ? 1
                          : first < 0xE0 ? 2
                          : first < 0xF0 ? 3
                          : first < 0xF5 ? 4
                                         : 1;
    for (size_t i = 1; i < wanted; ++i) {
      if (i == bytes.size()) return 0;
      if ((static_cast<unsigned char>(bytes[i]) & 0xC0) != 0x80) return 1;
    }
    return wanted;
  }
  if (bytes.size() == 1) return 0;
  if (bytes[1] == 'O') return bytes.size() < 3 ? 0 : 3;
  if (bytes[1] != '[') return 1;
  for (size_t i = 2; i < bytes.size(); ++i) {
    if (bytes[i] >= 0x40 && bytes[i] < 0x7F) return i + 1;
  }
  return bytes.size() > 32 ? bytes.size() : 0;
}

Press press_of(std::string_view bytes) {
  for (const auto& [sequence, key] : kSequences) {
    if (bytes == sequence) return {key};
  }
  if (bytes == "\x1b") return {Key::kEscape};
  const bool is_text =
      static_cast<unsigned char>(bytes[0]) >= 0x20 && query::utf8_length(bytes) == bytes.size();
  return is_text ? Press{Key::kText, std::string(bytes)} : Press{};
}

}  // namespace

std::vector<Press> Keys::feed(std::string_view bytes) {
  pending_ += bytes;
  std::vector<Press> out;
  while (!pending_.empty()) {
    const size_t length = length_of(pending_);
    if (length == 0) break;
    out.push_back(press_of(std::string_view(pending_).substr(0, length)));
    pending_.erase(0, length);
  }
  return out;
}

std::vector<Press> Keys::settle() {
  std::vector<Press> out;
  while (!pending_.empty()) {
    // An escape that nothing followed is the key; what else was cut off is none.
    out.push_back(press_of(std::string_view(pending_).substr(0, 1)));
    pending_.erase(0, 1);
    for (Press& more : feed("")) out.push_back(std::move(more));
  }
  return out;
}

}  // namespace headrace::top
