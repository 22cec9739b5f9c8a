#include "encode/sample_block.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <tuple>

namespace headrace {
namespace {

using Samples = std::vector<PlainSample>;

std::string record_of(std::string_view block, size_t samples) {
  SamplesRecord fixed{};
  std::string out(round_up_8(sizeof fixed + block.size()), '\0');
  fixed.header = {static_cast<uint32_t>(out.size()), RecordKind::kSamples, 0, 0};
  fixed.samples = static_cast<uint32_t>(samples);
  fixed.block_bytes = static_cast<uint32_t>(block.size());
  std::memcpy(out.data(), &fixed, sizeof fixed);
  std::copy(block.begin(), block.end(), out.begin() + sizeof fixed);
  return out;
}

Samples in_order(Samples samples) {
  std::stable_sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
    return std::tie(a.sensor_id, a.flags) < std::tie(b.sensor_id, b.flags);
  });
  return samples;
}

Samples made(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  Samples out;
  uint64_t at = random();
  for (size_t i = 0; i < count; ++i) {
    if (random() % 4 == 0) at += random() >> (random() % 64);
    const bool odd = random() % 8 == 0;
    const auto flags = static_cast<uint8_t>(odd ? random() : 0);
    const auto sensor = static_cast<uint32_t>(odd ? random() : 1 + random() % 20);
    out.push_back({sensor, flags, at, random() >> (random() % 64)});
  }
  return out;
}

TEST(SampleBlock, AnySamplesComeBack) {
  SampleBlockWriter writer(512);
  const char* set = std::getenv("HEADRACE_TEST_SEED");
  const uint64_t seed = set != nullptr ? std::strtoull(set, nullptr, 10) : 1;
  for (uint64_t i = seed; i < seed + 500; ++i) {
    Samples samples = made(i, 1 + i * 7919 % 512);
    const Samples wanted = in_order(samples);
    const std::string_view block = writer.write(samples);
    EXPECT_LE(block.size(), 64 + 32 * samples.size()) << "what the writer has room for";
    Samples read;
    ASSERT_TRUE(read_samples_record(RecordView(record_of(block, samples.size())), &read));
    EXPECT_EQ(read, wanted) << "seed " << i;
  }
}

// Two sources read ten times, of one a reading failed in between for a reason.
TEST(SampleBlock, FailedReadingsKeepTheirReasonAndTheirTime) {
  Samples samples;
  for (uint64_t i = 0; i < 10; ++i) {
    const bool failed = i == 4 || i == 5;
    const uint8_t torn = kSampleIsGap | 3 << 2;
    samples.push_back({7, failed ? torn : uint8_t{0}, 1000 * i, failed ? 0 : 50 + i});
    samples.push_back({9, kSampleIsEstimate, 1000 * i + 3, i});
  }
  const Samples wanted = in_order(samples);
  SampleBlockWriter writer(512);
  Samples read;
  ASSERT_TRUE(read_samples_record(RecordView(record_of(writer.write(samples), 20)), &read));
  EXPECT_EQ(read, wanted);
}

TEST(SampleBlock, AReadingTakesTheBitsThatItMovesBy) {
  // 16 counters at 10 Hz for a second, of some 100 W in uJ, which go up by 10 J +- 10 %.
  std::mt19937_64 random(3);
  Samples samples;
  std::vector<uint64_t> raw(16, 100'000'000'000);
  for (uint64_t i = 0; i < 10; ++i) {
    for (uint32_t sensor = 0; sensor < 16; ++sensor) {
      raw[sensor] += 9'000'000 + random() % 2'000'000;
      samples.push_back({sensor + 1, 0, i * 100'000'000 + i % 3 * 60'000, raw[sensor]});
    }
  }
  SampleBlockWriter writer(512);
  EXPECT_LT(writer.write(samples).size(), 160 * 4u);
}

// Cut anywhere, or with any bit turned: refused, or as many samples as it says.
TEST(SampleBlock, DamageIsRefusedOrReadsAsManyAsItSays) {
  Samples samples = made(11, 60);
  SampleBlockWriter writer(512);
  const std::string block(writer.write(samples));
  Samples read;
  for (size_t cut = 0; cut < block.size(); ++cut) {
    EXPECT_FALSE(read_samples_record(RecordView(record_of(block.substr(0, cut), 60)), &read));
  }
  const std::string whole = record_of(block, 60);
  for (size_t bit = 8 * sizeof(RecordHeader); bit < 8 * whole.size(); ++bit) {
    std::string bad = whole;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ 1 << bit % 8);
    if (read_samples_record(RecordView(bad), &read)) {
      EXPECT_EQ(read.size(), load_le<SamplesRecord>(bad.data()).samples);
    }
  }
}

TEST(SampleBlock, WhatClaimsMoreThanThereMayBeIsRefused) {
  Samples read;
  const auto refused = [&read](std::string_view block, size_t samples) {
    return !read_samples_record(RecordView(record_of(block, samples)), &read);
  };
  using std::string_literals::operator""s;
  // 4,096 times at even distances and columns of as many equal readings, three bytes each.
  const std::string times = "\x80\x20\x00\x02\x00"s;
  const std::string column = "\x04\x00\x00\x00"s;
  EXPECT_FALSE(refused(times + column, 4096));
  EXPECT_TRUE(refused(times + column + column, 8192)) << "more than a record may hold";
  EXPECT_TRUE(refused(times + column + column, 4096)) << "more than it says";
  EXPECT_LE(read.size(), 4096u);
  EXPECT_TRUE(refused("\x81\x20\x00\x02\x00"s, 0)) << "more times";
  EXPECT_TRUE(refused(times + "\x06\x81\x20\x00\x00\x00"s, 4096)) << "a column of more";
  EXPECT_TRUE(refused("\x01\x05\x06\x01\x01\x00"s, 1)) << "a time that is not there";
  EXPECT_TRUE(refused("\x01\x05\xff\xff\xff\xff\x7f\x00"s, 1)) << "a sensor beyond 32 bits";
  EXPECT_TRUE(refused("\x01\x05\x05"s, 1)) << "flags that are missing";
  EXPECT_TRUE(refused("", 0)) << "no times";
  EXPECT_TRUE(refused("\x00"s, 0)) << "no sample";
  std::string cut = record_of("\x01\x05\x04\x09"s, 1);
  EXPECT_TRUE(read_samples_record(RecordView(cut), &read));
  cut[12] = 9;  // bytes of the block: beyond the record
  EXPECT_FALSE(read_samples_record(RecordView(cut), &read));
  EXPECT_FALSE(read_samples_record(RecordView(std::string_view(cut).substr(0, 8)), &read));
}

// The bytes that docs/formats/segment.md shows.
TEST(SampleBlock, TheExampleOfTheFormat) {
  Samples samples = {{3, 0, 1000, 50}, {5, 0, 1000, 7},  {3, 0, 2000, 60},
                     {5, 1, 2000, 0},  {3, 0, 3000, 71}, {5, 0, 3000, 9}};
  SampleBlockWriter writer(8);
  const unsigned char wanted[] = {
      0x03, 0xe8, 0x07, 0xd0, 0x0f, 0x00,              // three times: 1000, then each 1000 later
      0x0c, 0x32, 0x14, 0x01, 0x02,                    // sensor 3: 50, then 10 + (0, 1)
      0x0a, 0x02, 0x00, 0x04, 0x00, 0x07, 0x04, 0x00,  // sensor 5, times 0 and 2: 7, 9
      0x03, 0x01, 0x01, 0x01, 0x00,                    // the same, flags 1, time 1: 0
  };
  EXPECT_EQ(writer.write(samples),
            std::string_view(reinterpret_cast<const char*>(wanted), sizeof wanted));
}

}  // namespace
}  // namespace headrace
