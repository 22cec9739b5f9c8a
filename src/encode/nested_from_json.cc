#include "encode/nested_from_json.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <utility>

#include "encode/nested.h"

namespace headrace {
namespace {

class JsonReader {
 public:
  JsonReader(std::string_view text, JsonNumbers numbers)
      : text_(text), is_python_(numbers == JsonNumbers::kPython), write_(out_) {}

  Result<std::string> read() {
    value(0);
    space();
    if (ok_ && at_ != text_.size()) fail();
    if (!ok_) return corrupt("not JSON at byte " + std::to_string(at_));
    return std::move(out_);
  }

 private:
  void fail() { ok_ = false; }
  bool more() const { return ok_ && at_ < text_.size(); }
  void space() {
    while (more() && std::strchr(" \t\r\n", text_[at_]) != nullptr && text_[at_] != '\0') ++at_;
  }
  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void word(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return fail();
    at_ += expected.size();
  }

  void value(int depth) {
    if (depth > kMaxNestedDepth) return fail();
    space();
    if (!more()) return fail();
    if (is_python_ && odd_number()) return;
    switch (text_[at_]) {
      case '{': return container(depth, kNestedMap, '}');
      case '[': return container(depth, kNestedList, ']');
      case '"': return string();
      case 't': return word("true"), write_.boolean(true);
      case 'f': return word("false"), write_.boolean(false);
      case 'n': return word("null"), write_.null();
      default: return number();
    }
  }

  bool odd_number() {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr std::pair<std::string_view, double> kOdd[] = {
        {"NaN", std::numeric_limits<double>::quiet_NaN()},
        {"Infinity", kInfinity},
        {"-Infinity", -kInfinity}};
    for (const auto& [name, number] : kOdd) {
      if (text_.substr(at_, name.size()) != name) continue;
      at_ += name.size();
      write_.real(number);
      return true;
    }
    return false;
  }

  // The count stands before the items and is known after them.
  void container(int depth, uint8_t tag, char close) {
    ++at_;
    if (tag == kNestedMap)
      write_.begin_map(0);
    else
      write_.begin_list(0);
    const size_t count_at = out_.size() - sizeof(uint32_t);
    uint32_t count = 0;
    space();
    if (take(close)) return;
    do {
      if (tag == kNestedMap) {
        space();
        if (!more() || text_[at_] != '"') return fail();
        string();
        space();
        if (!take(':')) return fail();
      }
      value(depth + 1);
      ++count;
      space();
    } while (ok_ && take(','));
    if (!take(close)) return fail();
    store_le(out_.data() + count_at, count);
  }

  // Digits, at least one.
  bool digits() {
    const size_t begin = at_;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ > begin;
  }

  void number() {
    const size_t begin = at_;
    take('-');
    const size_t first = at_;
    if (!digits() || (text_[first] == '0' && at_ - first > 1)) return fail();
    bool whole = true;
    if (take('.')) {
      whole = false;
      if (!digits()) return fail();
    }
    if (take('e') || take('E')) {
      whole = false;
      if (!take('+')) take('-');
      if (!digits()) return fail();
    }
    const std::string_view all = text_.substr(begin, at_ - begin);
    const char* const end = all.data() + all.size();
    if (!whole) {
      double real = 0;
      if (std::from_chars(all.data(), end, real).ec == std::errc::result_out_of_range) {
        real = std::strtod(std::string(all).c_str(), nullptr);  // infinity or zero
      }
      return write_.real(real);
    }
    int64_t integer = 0;
    if (std::from_chars(all.data(), end, integer).ec == std::errc())
      write_.integer(integer);
    else
      write_.big_integer(all);
  }

  void string() {
    ++at_;
    std::string text;
    while (true) {
      if (!more()) return fail();
      const char c = text_[at_++];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20) return fail();
      if (c == '\\')
        escape(text);
      else
        text.push_back(c);
    }
    write_.string(text);
  }

  void escape(std::string& text) {
    if (!more()) return fail();
    const char c = text_[at_++];
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (const size_t i = kLetters.find(c); i != std::string_view::npos) {
      text.push_back(kMeanings[i]);
      return;
    }
    if (c != 'u') return fail();
    uint32_t code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      const size_t before = at_;
      at_ += 2;
      const uint32_t low = hex4();
      if (low >= 0xDC00 && low < 0xE000)
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      else
        at_ = before;
    }
    append_utf8(text, code);
  }

  uint32_t hex4() {
    uint32_t code = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [stop, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || stop != digits.data() + 4 || error != std::errc()) fail();
    at_ += digits.size();
    return code;
  }

  static void append_utf8(std::string& text, uint32_t code) {
    const auto byte = [&text](uint32_t b) { text.push_back(static_cast<char>(b)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) return byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F));
    if (code < 0x10000)
      byte(0xE0 | code >> 12);
    else
      byte(0xF0 | code >> 18), byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }

  std::string_view text_;
  bool is_python_;
  size_t at_ = 0;
  bool ok_ = true;
  std::string out_;
  NestedWriter write_;
};

}  // namespace

Result<std::string> nested_from_json(std::string_view json, JsonNumbers numbers) {
  return JsonReader(json, numbers).read();
}

}  // namespace headrace
