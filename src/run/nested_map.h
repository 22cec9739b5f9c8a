// Facts as a nested map that is filled before its size is known.
//
//   NestedMap host;
//   host.add("cpu", "EPYC 7543");
//   host.add("cores", 64);
//   fields.add_nested(Role::kAttribute, name_id("host"), host.nested());
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "encode/nested.h"

namespace headrace::run {

class NestedMap {
 public:
  void add(std::string_view key, std::string_view value) { key_of(key).string(value); }
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, const std::string& value) { add(key, std::string_view(value)); }
  void add(std::string_view key, bool value) { key_of(key).boolean(value); }
  template <std::integral T>
  void add(std::string_view key, T value) {
    key_of(key).integer(static_cast<int64_t>(value));
  }
  void add(std::string_view key, double value) { key_of(key).real(value); }
  void add(std::string_view key, const NestedMap& value) {
    key_of(key);
    pairs_ += value.nested();
  }
  void add(std::string_view key, const std::vector<std::string>& list) {
    NestedWriter write = key_of(key);
    write.begin_list(static_cast<uint32_t>(list.size()));
    for (const std::string& item : list) write.string(item);
  }
  // Nothing when the text is empty.
  void add_known(std::string_view key, std::string_view value) {
    if (!value.empty()) add(key, value);
  }

  bool empty() const { return count_ == 0; }
  std::string nested() const {
    std::string out;
    NestedWriter(out).begin_map(count_);
    return out + pairs_;
  }
  std::string json() const { return nested_to_json(nested()).value_or("{}"); }

 private:
  NestedWriter key_of(std::string_view key) {
    ++count_;
    NestedWriter write(pairs_);
    write.string(key);
    return write;
  }
  std::string pairs_;
  uint32_t count_ = 0;
};

}  // namespace headrace::run
