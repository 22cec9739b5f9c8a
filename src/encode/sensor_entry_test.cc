#include "encode/sensor_entry.h"

#include <gtest/gtest.h>

#include "encode/nested.h"

namespace headrace {
namespace {

Sensor rapl() {
  Sensor s;
  s.name = "rapl.package-0";
  s.quantity = "hw.energy";
  s.unit = "J";
  s.kind = SensorKind::kCounter;
  s.domain = "node/cpu-0";
  s.source = "powercap";
  s.truth = Truth::kEstimated;
  s.method = "m";
  s.assumption = "10 W \xC3\xA0 core";
  s.device = "AMD EPYC";
  s.scale = 1e-6;
  s.range = ~uint64_t{0};
  return s;
}

TEST(SensorEntry, ComesBackAsItWas) {
  const Sensor s = rapl();
  const Result<Sensor> again = decode_sensor(encode_sensor(s));
  ASSERT_TRUE(again.ok()) << again.status().message();
  EXPECT_EQ(again->name, s.name);
  EXPECT_EQ(again->quantity, s.quantity);
  EXPECT_EQ(again->unit, s.unit);
  EXPECT_EQ(again->kind, s.kind);
  EXPECT_EQ(again->domain, s.domain);
  EXPECT_EQ(again->source, s.source);
  EXPECT_EQ(again->truth, s.truth);
  EXPECT_EQ(again->method, s.method);
  EXPECT_EQ(again->assumption, s.assumption);
  EXPECT_EQ(again->device, s.device);
  EXPECT_EQ(again->scale, s.scale);
  EXPECT_EQ(again->range, s.range);
}

TEST(SensorEntry, IsAnOrdinaryNestedMap) {
  const Result<std::string> json = nested_to_json(encode_sensor(rapl()));
  ASSERT_TRUE(json.ok());
  EXPECT_NE(json->find(R"("truth":"estimated")"), std::string::npos) << *json;
  EXPECT_NE(json->find(R"("scale":1e-06)"), std::string::npos) << *json;
}

TEST(SensorEntry, AnUnknownKeyIsIgnoredAndAMissingOneIsTheDefault) {
  std::string bytes;
  NestedWriter writer(bytes);
  writer.begin_map(2);
  writer.string("period_s");
  writer.real(0.1);
  writer.string("name");
  writer.string("x");
  const Result<Sensor> s = decode_sensor(bytes);
  ASSERT_TRUE(s.ok()) << s.status().message();
  EXPECT_EQ(s->name, "x");
  EXPECT_EQ(s->scale, 1);
  EXPECT_EQ(s->kind, SensorKind::kGauge);
}

TEST(SensorEntry, RefusesEveryTruncationAndWrongTypes) {
  const std::string bytes = encode_sensor(rapl());
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(decode_sensor(std::string_view(bytes).substr(0, n)).ok()) << n;
  }
  EXPECT_FALSE(decode_sensor(bytes + "x").ok());

  const auto with = [](std::string_view key, auto put) {
    std::string out;
    NestedWriter writer(out);
    writer.begin_map(2);
    writer.string("name");
    writer.string("x");
    writer.string(key);
    put(writer);
    return decode_sensor(out);
  };
  EXPECT_FALSE(with("scale", [](NestedWriter& w) { w.integer(1); }).ok());
  EXPECT_FALSE(with("scale", [](NestedWriter& w) { w.real(1.0 / 0.0); }).ok());
  EXPECT_FALSE(with("kind", [](NestedWriter& w) { w.string("rate"); }).ok());
  EXPECT_FALSE(with("truth", [](NestedWriter& w) { w.string("sure"); }).ok());
  EXPECT_FALSE(with("unit", [](NestedWriter& w) { w.integer(3); }).ok());
  EXPECT_FALSE(with("name", [](NestedWriter& w) { w.string(""); }).ok());
}

}  // namespace
}  // namespace headrace
