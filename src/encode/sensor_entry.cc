#include "encode/sensor_entry.h"

#include <array>
#include <cmath>
#include <optional>

#include "encode/nested.h"

namespace headrace {
namespace {

struct TextField {
  std::string_view key;
  std::string Sensor::*member;
};
constexpr std::array<TextField, 8> kTexts{{{"name", &Sensor::name},
                                           {"quantity", &Sensor::quantity},
                                           {"unit", &Sensor::unit},
                                           {"domain", &Sensor::domain},
                                           {"source", &Sensor::source},
                                           {"method", &Sensor::method},
                                           {"assumption", &Sensor::assumption},
                                           {"device", &Sensor::device}}};

std::optional<SensorKind> kind_named(std::string_view name) {
  for (const SensorKind kind : {SensorKind::kCounter, SensorKind::kGauge}) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}
std::optional<Truth> truth_named(std::string_view name) {
  for (const Truth truth : {Truth::kMeasured, Truth::kMixed, Truth::kEstimated}) {
    if (name_of(truth) == name) return truth;
  }
  return std::nullopt;
}

// A scalar as it stands in the map; strings are views into the entry.
struct Scalar {
  ValueTag tag = ValueTag::kNull;
  std::string_view text;
  uint64_t bits = 0;
};

// False for what a sensor's entry never holds.
bool read_scalar(ByteReader& in, Scalar& out) {
  out = {static_cast<ValueTag>(in.u8()), {}, 0};
  switch (out.tag) {
    case ValueTag::kNull: break;
    case ValueTag::kBool: out.bits = in.u8(); break;
    case ValueTag::kInt:
    case ValueTag::kFloat:
    case ValueTag::kTime: out.bits = in.u64(); break;
    case ValueTag::kString:
    case ValueTag::kBytes: out.text = in.text(); break;
    default: return false;
  }
  return in.ok();
}

// False when the key is known and the value is not what it must be.
bool set_field(Sensor& sensor, std::string_view key, const Scalar& value) {
  for (const TextField& field : kTexts) {
    if (field.key != key) continue;
    sensor.*field.member = value.text;
    return value.tag == ValueTag::kString;
  }
  if (key == "kind") {
    const auto kind = kind_named(value.text);
    if (kind) sensor.kind = *kind;
    return kind.has_value();
  }
  if (key == "truth") {
    const auto truth = truth_named(value.text);
    if (truth) sensor.truth = *truth;
    return truth.has_value();
  }
  if (key == "scale") {
    sensor.scale = std::bit_cast<double>(value.bits);
    return value.tag == ValueTag::kFloat && std::isfinite(sensor.scale);
  }
  if (key == "range") {
    sensor.range = value.bits;
    return value.tag == ValueTag::kInt;
  }
  return true;
}

}  // namespace

// What is as it is without being said is left out: every segment repeats the entry.
std::string encode_sensor(const Sensor& sensor) {
  const Sensor unsaid;
  const bool has_kind = sensor.kind != unsaid.kind;
  const bool has_truth = sensor.truth != unsaid.truth;
  const bool has_scale = sensor.scale != unsaid.scale;
  const bool has_range = sensor.range != unsaid.range;
  uint32_t pairs = 0;
  for (const bool has : {has_kind, has_truth, has_scale, has_range}) pairs += has ? 1 : 0;
  for (const TextField& field : kTexts) pairs += (sensor.*field.member).empty() ? 0 : 1;
  std::string out;
  NestedWriter writer(out);
  writer.begin_map(pairs);
  for (const TextField& field : kTexts) {
    if ((sensor.*field.member).empty()) continue;
    writer.string(field.key);
    writer.string(sensor.*field.member);
  }
  if (has_kind) {
    writer.string("kind");
    writer.string(name_of(sensor.kind));
  }
  if (has_truth) {
    writer.string("truth");
    writer.string(name_of(sensor.truth));
  }
  if (has_scale) {
    writer.string("scale");
    writer.real(sensor.scale);
  }
  if (has_range) {
    writer.string("range");
    writer.integer(static_cast<int64_t>(sensor.range));
  }
  return out;
}

Result<Sensor> decode_sensor(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.u8() != kNestedMap) return corrupt("a sensor's entry is not a map");
  const uint32_t pairs = in.u32();
  Sensor sensor;
  for (uint32_t i = 0; i < pairs && in.ok(); ++i) {
    Scalar key;
    Scalar value;
    if (!read_scalar(in, key) || key.tag != ValueTag::kString || !read_scalar(in, value)) {
      return corrupt("a sensor's entry ends early or holds something else than text and numbers");
    }
    if (!set_field(sensor, key.text, value)) {
      return corrupt("a sensor's entry has an impossible " + std::string(key.text));
    }
  }
  if (!in.ok() || in.remaining() != 0) return corrupt("a sensor's entry has the wrong length");
  if (sensor.name.empty()) return corrupt("a sensor's entry has no name");
  return sensor;
}

}  // namespace headrace
