// What a person pressed, out of the bytes that a terminal sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::top {

enum class Key : uint8_t {
  kText,  // a character
  kUp,
  kDown,
  kLeft,
  kRight,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
  kEnter,
  kBackspace,
  kTab,
  kBackTab,
  kEscape,
  kDelete,
  kUnknown
};

struct Press {
  Key key = Key::kUnknown;
  std::string text{};  // of kText: one character
  bool operator==(const Press&) const = default;
};

class Keys {
 public:
  // The keys that are whole now. A lone escape may be the beginning of another key: it counts once
  // settle() is called because nothing followed.
  std::vector<Press> feed(std::string_view bytes);
  std::vector<Press> settle();
  bool is_waiting() const { return !pending_.empty(); }

 private:
  std::string pending_;
};

}  // namespace headrace::top
