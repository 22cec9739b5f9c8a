// One number out of many JSON objects, without parsing the rest of each.
//
//   const JsonNumber loss("loss");
//   loss.in(R"({"epoch":3,"loss":0.25})");   // 0.25
//
// Cost: what it takes to find the key in the text and read the digits, some 50 ns.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace headrace::query {

class JsonNumber {
 public:
  explicit JsonNumber(std::string_view key);
  // The number of the key at the top of the object; NaN for one that is not finite. Unset when the
  // object has no such key, its value is no number, or the text is no object.
  std::optional<double> in(std::string_view object) const;

 private:
  std::string key_;
  std::string quoted_;  // as objects mostly have it; "" for a key that stands there otherwise
};

}  // namespace headrace::query
