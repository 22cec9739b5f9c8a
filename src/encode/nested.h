// Lists and maps as self-describing bytes: what a cell of tag kNested or kPlaceholder holds.
//
//   value := tag u8, then   null: -   bool: u8   int: i64   float: f64 bits   time: i64
//            string, bytes, bigint: u32 length, bytes   object: 16 bytes
//            typed: u32 length, "name:text"
//            list, set: u32 count, values   map: u32 count, (key value, value) pairs
//            placeholder: u32 length, a nested map
//            of a newer version: 12-31: 8 bytes   32-63: u32 length, bytes
// Containers carry kNestedList, kNestedMap or kNestedSet, which no cell ever does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/id.h"
#include "base/status.h"
#include "model/value.h"

namespace headrace {

constexpr uint8_t kNestedList = 64;
constexpr uint8_t kNestedMap = 65;
constexpr uint8_t kNestedSet = 66;
constexpr int kMaxNestedDepth = 64;

// Appends values to a string. The caller gives every container's exact count first.
class NestedWriter {
 public:
  explicit NestedWriter(std::string& out) : out_(out), bytes_(out) {}
  void null() { tag(ValueTag::kNull); }
  void boolean(bool v) { tag(ValueTag::kBool), bytes_.u8(v ? 1 : 0); }
  void integer(int64_t v) { tag(ValueTag::kInt), bytes_.i64(v); }
  void real(double v) { tag(ValueTag::kFloat), bytes_.f64(v); }
  void time_ns(int64_t v) { tag(ValueTag::kTime), bytes_.i64(v); }
  void string(std::string_view v) { tag(ValueTag::kString), bytes_.text(v); }
  void bytes(std::string_view v) { tag(ValueTag::kBytes), bytes_.text(v); }
  void big_integer(std::string_view decimal) { tag(ValueTag::kBigInt), bytes_.text(decimal); }
  void typed(std::string_view name, std::string_view text);
  void object(const Uuid& id) {
    tag(ValueTag::kObject);
    const auto b = id.bytes();
    bytes_.raw(b.data(), b.size());
  }
  void begin_list(uint32_t count) { bytes_.u8(kNestedList), bytes_.u32(count); }
  void begin_map(uint32_t count) { bytes_.u8(kNestedMap), bytes_.u32(count); }
  void begin_set(uint32_t count) { bytes_.u8(kNestedSet), bytes_.u32(count); }
  // {"type": type, "reason": reason}
  void placeholder(std::string_view type, std::string_view reason);
  size_t size() const { return out_.size(); }

 private:
  void tag(ValueTag t) { bytes_.u8(static_cast<uint8_t>(t)); }
  std::string& out_;
  ByteWriter bytes_;
};

// Moves past one value, which lies `depth` containers deep; false when it is none. The objects in
// it are appended to `objects`, those before damage too.
bool skip_nested(ByteReader& in, int depth, std::vector<Uuid>* objects = nullptr);

// The JSON of one nested value. What JSON cannot say is an object with one key that begins with
// '$': {"$float":"nan"}, {"$bytes":"<hex>"}, {"$int":"<decimal or 0x>"}, {"$object":"<uuid>"},
// {"$time":"<UTC>"}, {"$set":[...]}, {"$unkept":{...}}, {"$tag<n>":"<hex>"} of a newer version, a
// typed text as {"$name":"text"}, text that is not UTF-8 as {"$text":"<escaped>"} (odd_text.h), a
// container that contains itself as
// {"$ref":n}: the nth of those around this place, counted from 0 at the innermost. A map that JSON
// objects cannot say (a key that is no string, or twice the same) becomes
// {"$map":[[key,value],...]}. Errors: kCorrupt when the bytes are not a nested value.
Result<std::string> nested_to_json(std::string_view nested);

// The same for a cell: `cell` by its tag, `tail` the bytes it points at if it is in the tail.
Result<std::string> cell_to_json(ValueTag tag, uint64_t cell, std::string_view tail);

// Appends `text` as a JSON string, quotes included; invalid UTF-8 becomes U+FFFD, so the result is
// always valid JSON.
void append_json_string(std::string& out, std::string_view text);
// The same, but what is not UTF-8 becomes {"$text":...}, which loses nothing.
void append_json_text(std::string& out, std::string_view text);
// Appends the shortest text that reads back as `v`; infinities and NaN as {"$float":"nan"}, a NaN
// with another sign or payload as {"$float":"nan(0x<its 16 digits>)"}.
void append_json_float(std::string& out, double v);
// The parts of a typed text's "name:text"; false when it is none.
bool split_typed(std::string_view bytes, std::string_view* name, std::string_view* text);
// The same with its text escaped (odd_text.h), for text that is not UTF-8: "name_escaped:text".
std::string escaped_typed(std::string_view bytes);

}  // namespace headrace
