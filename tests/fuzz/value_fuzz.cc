// Any bytes as a value: the decoders agree on whether it is one, what they make of it is valid, and
// its JSON read back and written again is the same JSON. The first byte is the cell's tag.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/value_text.h"
#include "encode/nested.h"
#include "encode/nested_from_json.h"
#include "encode/sensor_entry.h"
#include "tests/fuzz/check.h"

using namespace headrace;           // NOLINT: a program, not a header
using namespace headrace::collect;  // NOLINT

namespace {

void json_comes_back(const std::string& json) {
  FUZZ_CHECK(is_utf8(json));
  const Result<std::string> nested = nested_from_json(json);
  // What JSON cannot say is written in another way, which as JSON is a map of its own, and deeper;
  // a key that begins like one of these gets another '$'. Both begin so, as some texts do.
  const bool is_plain = json.find("\"$") == std::string::npos;
  if (!is_plain) return;
  FUZZ_CHECK(nested.ok());
  const Result<std::string> again = nested_to_json(*nested);
  FUZZ_CHECK(again.ok() && *again == json);
}

void nested(std::string_view bytes) {
  const Result<std::string> json = nested_to_json(bytes);
  std::vector<Uuid> objects;
  append_objects(objects, bytes);
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  const bool is_map = split_map(bytes, pairs);
  if (!json.ok()) return;
  json_comes_back(*json);
  if (is_map) {
    for (const auto& [key, value] : pairs) FUZZ_CHECK(nested_to_json(value).ok());
  }
  const Result<Sensor> sensor = decode_sensor(bytes);
  if (!sensor.ok()) return;
  const Result<Sensor> same = decode_sensor(encode_sensor(*sensor));
  FUZZ_CHECK(same.ok() && encode_sensor(*same) == encode_sensor(*sensor));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto tag = static_cast<ValueTag>(data[0]);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const uint64_t cell = bytes.size() >= 8 ? load_le<uint64_t>(bytes.data()) : bytes.size();
  std::string text;
  const bool is_slot = append_slot_text(text, tag, bytes);
  FUZZ_CHECK(!is_slot || is_utf8(text));
  std::string json;
  if (append_json(json, tag, cell, bytes)) {
    FUZZ_CHECK(is_utf8(json));
    json_comes_back(json);
  }
  nested(bytes);
  const Result<std::string> from_json = nested_from_json(bytes);
  if (from_json.ok()) {
    const Result<std::string> written = nested_to_json(*from_json);
    FUZZ_CHECK(written.ok());
    json_comes_back(*written);
  }
  FUZZ_CHECK(is_utf8(as_utf8(bytes)));
  return 0;
}
