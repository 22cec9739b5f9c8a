#include "telemetry/sample_batch.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/recorder.h"
#include "spool/segment_reader.h"
#include "telemetry/tree_for_test.h"

namespace headrace::telemetry {
namespace {

using Batches = std::vector<std::vector<PlainSample>>;

// Runs `body` in a fork child, whose recorder has no sampler; the samples of each of its records.
template <typename Body>
Batches in_child(Body&& body) {
  const Tree tree;
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_TELEMETRY", "0", 1);
    if (!capture::Recorder::use_directory(tree.path()).ok()) _exit(9);
    SampleBatch batch(*capture::Recorder::get());
    body(batch);
    capture::stop_capture(TaskStatus::kFinished);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  Batches out;
  for (const SegmentFile& file : list_segments(Directory{tree.path()})) {
    const Result<FileBytes> bytes = FileBytes::open(file.path);
    if (!bytes.ok()) continue;
    SegmentReader reader((*bytes).view(), file.sealed);
    while (reader.next()) {
      for_each_record(reader.frame(), [&](RecordView record, uint64_t) {
        std::vector<PlainSample> samples;
        if (record.kind() != RecordKind::kSamples) return;
        EXPECT_TRUE(read_samples_record(record, &samples));
        out.push_back(samples);
      });
    }
  }
  return out;
}

TEST(SampleBatch, WhatIsReadWithinASecondIsOneRecord) {
  const Batches batches = in_child([](SampleBatch& batch) {
    batch.write();  // nothing waits: no record
    for (int64_t sweep = 0; sweep < 13; ++sweep) {
      const int64_t now_ns = 5'000'000'000 + sweep * 100'000'000;
      batch.add({1, 0, static_cast<uint64_t>(sweep), 7}, now_ns);
      batch.add({2, kSampleIsGap, static_cast<uint64_t>(sweep), 0}, now_ns);
      batch.write_before(now_ns + 100'000'000);
    }
    batch.write();
  });
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].size(), 2u * 11) << "none waits for longer than a second";
  EXPECT_EQ(batches[1].size(), 2u * 2);
}

TEST(SampleBatch, AFullOneIsWritten) {
  const Batches batches = in_child([](SampleBatch& batch) {
    for (uint64_t i = 0; i < SampleBatch::kMost + 1; ++i) batch.add({1, 0, i, i * i}, 1);
    EXPECT_EQ(batch.waiting(), 1u);
    batch.write();
    EXPECT_EQ(batch.waiting(), 0u);
  });
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].size(), SampleBatch::kMost);
  EXPECT_EQ(batches[1].size(), 1u);
}

// However odd the readings are, a batch fits into a record.
TEST(SampleBatch, TheWorstOfReadingsFit) {
  const Batches batches = in_child([](SampleBatch& batch) {
    uint64_t odd = 1;
    for (size_t i = 0; i < SampleBatch::kMost; ++i) {
      odd = odd * 6364136223846793005U + 1442695040888963407U;
      batch.add({static_cast<uint32_t>(odd >> 32), static_cast<uint8_t>(odd >> 24), odd, ~odd}, 1);
    }
    batch.write();
  });
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0].size(), SampleBatch::kMost);
}

}  // namespace
}  // namespace headrace::telemetry
