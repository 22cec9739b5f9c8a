// What of samples that wait stands in the ring file, after each step of the thread that gathers
// them.
#include "capture/waiting_place.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <optional>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/recorded_for_test.h"
#include "capture/sample.h"
#include "capture/task.h"

namespace headrace::capture {
namespace {

namespace fs = std::filesystem;

// The place in the one ring file that `body` leaves, which runs in a process that ends with
// `_exit`.
template <typename Body>
std::optional<WaitingSamples> left_by(Body&& body) {
  const TestFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", (folder.path() / ".headrace").c_str(), 1);
    setenv("HEADRACE_RING_DIR", (folder.path() / "rings").c_str(), 1);
    body(*Recorder::get(), *Recorder::get()->ring());
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  std::optional<WaitingSamples> out;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder.path() / "rings", none)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string ring(std::istreambuf_iterator<char>(file), {});
    EXPECT_FALSE(out.has_value()) << "one ring file";
    if (ring.size() >= sizeof(RingFileHeader)) {
      out = load_le<RingFileHeader>(ring.data()).waiting;
    }
  }
  return out;
}

void record_one(Recorder& recorder) {
  SampleBlockWriter blocks(4);
  std::vector<PlainSample> samples{{1, 0, 10, 100}};
  if (!record_samples(recorder, 1, blocks.write(samples))) _exit(3);
}

TEST(WaitingPlace, KeepsWhatWasAddedAndKnowsNoNumberYet) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    WaitingPlace place;
    place.claim(recorder, ring);
    place.add({5, 2, 1000, 77});
    place.add({6, 0, 2000, 78});
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->ring, 1u);
  EXPECT_EQ(left->record_past, 0u);
  ASSERT_EQ(left->count, 2u);
  EXPECT_EQ(left->samples[0].sensor_id, 5u);
  EXPECT_EQ(left->samples[0].flags, 2u);
  EXPECT_EQ(left->samples[0].at_ticks, 1000u);
  EXPECT_EQ(left->samples[0].raw, 77u);
  EXPECT_EQ(left->samples[1].raw, 78u);
}

TEST(WaitingPlace, NamesTheNumberOfTheirRecordBeforeThatIsThere) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    end_task(begin_task(intern_activity("a")), TaskStatus::kFinished);
    const uint64_t before = ring.numbers();
    WaitingPlace place;
    place.claim(recorder, ring);
    place.add({5, 0, 1000, 77});
    place.recorded_as(ring.index(), ring.numbers());
    record_one(recorder);
    if (ring.numbers() != before + 1) _exit(4);
    WaitingSamples& at = *recorder.waiting();
    if (at.record_past != ring.numbers()) _exit(5);
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->count, 1u);
}

TEST(WaitingPlace, IsFreeForTheNextOnesAfterThem) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    WaitingPlace place;
    for (uint64_t round = 0; round < 3; ++round) {
      place.claim(recorder, ring);
      for (uint64_t i = 0; i < 3 - round; ++i) place.add({1, 0, round, i});
      if (recorder.waiting()->count != 3 - round) _exit(4);
      place.recorded_as(ring.index(), ring.numbers());
      record_one(recorder);
      place.leave();
      place.add({1, 0, 9, 9});  // nowhere
    }
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->ring, 0u);
  EXPECT_EQ(left->count, 0u);
  EXPECT_EQ(left->record_past, 0u);
}

TEST(WaitingPlace, IsOfOneAtATime) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    WaitingPlace first, second;
    first.claim(recorder, ring);
    first.add({1, 0, 1, 1});
    second.claim(recorder, ring);
    second.add({2, 0, 2, 2});
    second.recorded_as(ring.index(), 5);
    second.leave();
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->record_past, 0u);
  ASSERT_EQ(left->count, 1u);
  EXPECT_EQ(left->samples[0].sensor_id, 1u);
}

TEST(WaitingPlace, HoldsNoMoreThanThereIsRoomFor) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    WaitingPlace place;
    place.claim(recorder, ring);
    for (uint64_t i = 0; i < kMaxWaiting + 5; ++i) place.add({1, 0, i, i});
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->count, kMaxWaiting);
  EXPECT_EQ(left->samples[kMaxWaiting - 1].raw, kMaxWaiting - 1);
}

// What the child does with the copy that it inherited is not its parent's.
TEST(WaitingPlace, AForkChildWritesNothingIntoItsParents) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    WaitingPlace place;
    place.claim(recorder, ring);
    place.add({1, 0, 1, 1});
    const pid_t child = fork();
    if (child == 0) {
      place.add({2, 0, 2, 2});
      place.recorded_as(ring.index(), 7);
      place.leave();
      _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) _exit(4);
    place.add({3, 0, 3, 3});
  });
  ASSERT_TRUE(left.has_value());
  EXPECT_EQ(left->ring, 1u);
  EXPECT_EQ(left->record_past, 0u);
  ASSERT_EQ(left->count, 2u);
  EXPECT_EQ(left->samples[1].sensor_id, 3u);
}

// After a stop the next event makes another file.
TEST(WaitingPlace, IsThatOfTheFileInUse) {
  const auto left = left_by([](Recorder& recorder, Ring& ring) {
    WaitingPlace place;
    place.claim(recorder, ring);
    place.add({1, 0, 1, 1});
    stop_capture(TaskStatus::kFinished);
    if (recorder.waiting() != nullptr) _exit(4);
    place.add({1, 0, 2, 2});  // into memory that is nobody's file
    WaitingPlace next;
    next.claim(recorder, ring);
    next.add({1, 0, 3, 3});  // nowhere
    next.claim(recorder, *recorder.ring());
    next.add({1, 0, 4, 4});
  });
  ASSERT_TRUE(left.has_value());
  ASSERT_EQ(left->count, 1u);
  EXPECT_EQ(left->samples[0].raw, 4u);
}

}  // namespace
}  // namespace headrace::capture
