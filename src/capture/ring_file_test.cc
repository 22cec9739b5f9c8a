// What of a process stays in its ring file, and when the file goes.
#include "capture/ring_file.h"

#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "capture/recorded_for_test.h"
#include "capture/recorder.h"
#include "capture/ring_directory.h"
#include "capture/task.h"

namespace headrace::capture {
namespace {

namespace fs = std::filesystem;

struct Left {
  std::vector<std::string> rings;  // the bytes of each file that is there
  Recorded recorded;
  int exit_status = -1;
};

// Runs `body` in a process of its own that ends with `_exit`, without a word to capture.
template <typename Body>
Left left_by(Body&& body) {
  const TestFolder folder;
  const fs::path root = folder.path() / ".headrace";
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", root.c_str(), 1);
    setenv("HEADRACE_RING_DIR", (folder.path() / "rings").c_str(), 1);
    body();
    _exit(0);
  }
  Left out;
  waitpid(child, &out.exit_status, 0);
  out.recorded = RecordedReader::read(root);
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder.path() / "rings", none)) {
    std::ifstream file(entry.path(), std::ios::binary);
    out.rings.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return out;
}

RingFileHeader header_of(const std::string& ring) { return load_le<RingFileHeader>(ring.data()); }

std::optional<TaskSlot> open_task_of(const std::string& ring) {
  for (size_t chunk = kRingHeaderBytes; chunk + kChunkBytes <= ring.size(); chunk += kChunkBytes) {
    const auto header = load_le<ChunkHeader>(ring.data() + chunk);
    if (header.kind != static_cast<uint32_t>(ChunkKind::kTasks)) continue;
    for (size_t i = 0; i < kSlotsPerChunk; ++i) {
      const auto slot =
          load_le<TaskSlot>(ring.data() + chunk + sizeof(ChunkHeader) + i * sizeof(TaskSlot));
      if (slot.record.number != 0) return slot;
    }
  }
  return std::nullopt;
}

size_t tasks_in(const std::string& ring) {
  size_t tasks = 0;
  for (size_t chunk = kRingHeaderBytes; chunk + kChunkBytes <= ring.size(); chunk += kChunkBytes) {
    const auto header = load_le<ChunkHeader>(ring.data() + chunk);
    if (header.kind != static_cast<uint32_t>(ChunkKind::kRecords)) continue;
    const char* at = ring.data() + chunk + sizeof(ChunkHeader);
    for (const char* end = at + header.committed; at < end; at += load_le<uint32_t>(at)) {
      tasks += load_le<RecordHeader>(at).kind == RecordKind::kTask ? 1 : 0;
    }
  }
  return tasks;
}

TEST(RingFile, KeepsWhatWasCommittedAndTheValuesOfOpenTasks) {
  const Left left = left_by([] {
    end_task(begin_task(intern_activity("done")), TaskStatus::kFinished);
    TaskState* open = begin_task(intern_activity("open"));
    open->fields.add_float(Role::kUsed, name_id("lr"), 0.5);
    open->fields.add_string(Role::kUsed, name_id("name"), "adamw");
  });
  ASSERT_EQ(left.rings.size(), 1u);
  const RingFileHeader header = header_of(left.rings[0]);
  EXPECT_EQ(std::memcmp(header.magic, kRingMagic, sizeof kRingMagic), 0);
  EXPECT_EQ(header.state, static_cast<uint32_t>(RingState::kReady));
  EXPECT_NE(header.start_time_ticks, 0u);
  EXPECT_STRNE(header.boot_id, "");
  EXPECT_GE(left.recorded.tasks.size() + tasks_in(left.rings[0]), 1u);
  const std::optional<TaskSlot> open = open_task_of(left.rings[0]);
  ASSERT_TRUE(open.has_value());
  ASSERT_EQ(open->count, 2u);
  EXPECT_EQ(open->shape[0].tag, ValueTag::kFloat);
  EXPECT_EQ(std::bit_cast<double>(open->cells[0]), 0.5);
  const TailSpan span = unpack_span(open->cells[1]);
  EXPECT_EQ(std::string(open->tail + span.offset, span.length), "adamw");
  EXPECT_EQ(open->flags, 0u);
}

TEST(RingFile, AnOpenTaskWithMoreThanFitsKeepsItsFirstValues) {
  const Left left = left_by([] {
    TaskState* open = begin_task(intern_activity("open"));
    const uint32_t name = name_id("v");
    for (int i = 0; i < 100; ++i) open->fields.add_int(Role::kUsed, name, i);
  });
  ASSERT_EQ(left.rings.size(), 1u);
  const std::optional<TaskSlot> open = open_task_of(left.rings[0]);
  ASSERT_TRUE(open.has_value());
  EXPECT_EQ(open->count, kSlotCells);
  EXPECT_EQ(open->flags, kSlotIsPartial);
  for (uint32_t i = 0; i < open->count; ++i) EXPECT_EQ(open->cells[i], i);
}

TEST(RingFile, GoesWithACleanEndAndComesAgainWithTheNextEvent) {
  const Left left = left_by([] {
    const fs::path rings = ring_directory();
    const uint32_t activity = intern_activity("a");
    end_task(begin_task(activity), TaskStatus::kFinished);
    stop_capture(TaskStatus::kFinished);
    if (!fs::is_empty(rings)) _exit(3);
    end_task(begin_task(activity), TaskStatus::kFinished);
    if (fs::is_empty(rings)) _exit(4);
    stop_capture(TaskStatus::kFinished);
    if (!fs::is_empty(rings)) _exit(5);
  });
  EXPECT_EQ(left.exit_status, 0);
  EXPECT_EQ(left.recorded.tasks.size(), 2u);
}

TEST(RingFile, StaysWhileATaskIsOpenWhoseValuesLieOnlyThere) {
  const Left left = left_by([] {
    const fs::path rings = ring_directory();
    TaskState* across = begin_task(intern_activity("across"));
    across->fields.add_int(Role::kUsed, name_id("n"), 7);
    stop_capture(TaskStatus::kFinished);
    if (fs::is_empty(rings)) _exit(3);
    end_task(begin_task(intern_activity("a")), TaskStatus::kFinished);
    end_task(across, TaskStatus::kFinished);
    stop_capture(TaskStatus::kFinished);
    if (!fs::is_empty(rings)) _exit(4);
  });
  EXPECT_EQ(left.exit_status, 0);
  ASSERT_EQ(left.recorded.tasks.size(), 2u);
  const Recorded::Task* across = left.recorded.task("across");
  ASSERT_NE(across, nullptr);
  EXPECT_EQ(across->values.at("used.n"), "7");
  std::set<std::string> ids;
  for (const Recorded::Task& task : left.recorded.tasks) ids.insert(task.id);
  EXPECT_EQ(ids.size(), 2u);
}

TEST(RingFile, StaysWhileAnotherThreadCouldStillRecord) {
  const Left left = left_by([] {
    std::atomic<bool> recorded{false};
    std::atomic<bool> stopped{false};
    std::atomic<bool> late{false};
    const uint32_t activity = intern_activity("a");
    std::thread other([&] {
      end_task(begin_task(activity), TaskStatus::kFinished);
      recorded = true;
      while (!stopped) std::this_thread::yield();
      end_task(begin_task(intern_activity("late")), TaskStatus::kFinished);
      late = true;
      pause();
    });
    while (!recorded) std::this_thread::yield();
    stop_capture(TaskStatus::kFinished);
    stopped = true;
    while (!late) std::this_thread::yield();
    _exit(0);
  });
  ASSERT_EQ(left.rings.size(), 1u);
  EXPECT_EQ(header_of(left.rings[0]).state, static_cast<uint32_t>(RingState::kStopped));
  EXPECT_EQ(left.recorded.tasks.size(), 1u);
  EXPECT_EQ(tasks_in(left.rings[0]), 2u) << "the late one is where the next collector finds it";
}

TEST(RingFile, ThreadsThatComeAndGoGiveBackWhatTheyHad) {
  const Left left = left_by([] {
    const uint32_t activity = intern_activity("a");
    for (int i = 0; i < 600; ++i) {
      std::thread([activity] { end_task(begin_task(activity), TaskStatus::kFinished); }).join();
      if (i % 50 == 0) Recorder::get()->flush();
    }
    stop_capture(TaskStatus::kFinished);
  });
  EXPECT_EQ(left.recorded.tasks.size(), 600u);
  EXPECT_TRUE(left.rings.empty());
}

TEST(RingFile, WithoutAFolderForItMemoryIsPrivateAndNothingElseChanges) {
  const Left left = left_by([] {
    setenv("HEADRACE_RING_DIR", "/proc/nowhere", 1);
    // Nor may the spool's folder be it: no file of this size may be made.
    const rlimit limit{1 << 20, 1 << 20};
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 100; ++i) {
      end_task(begin_task(intern_activity("a")), TaskStatus::kFinished);
    }
    stop_capture(TaskStatus::kFinished);
  });
  EXPECT_EQ(left.exit_status, 0);
  EXPECT_EQ(left.recorded.tasks.size(), 100u);
}

TEST(RingFile, ForkStormOfABusyProcessKeepsEveryTaskOnce) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "gcc's ThreadSanitizer ends a forked child that starts a thread";
#endif
  constexpr int kForks = 40;
  constexpr int kTasks = 50;
  const Left left = left_by([] {
    std::atomic<bool> stop{false};
    std::atomic<int> busy_tasks{0};
    const uint32_t busy = intern_activity("busy");
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
      threads.emplace_back([&] {
        while (!stop) {
          end_task(begin_task(busy), TaskStatus::kFinished);
          if (++busy_tasks % 100 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
      });
    }
    TaskState* outer = begin_task(intern_activity("outer"));
    for (int i = 0; i < kForks; ++i) {
      const pid_t child = fork();
      if (child == 0) {
        const uint32_t activity = intern_activity("child");
        for (int k = 0; k < kTasks; ++k) end_task(begin_task(activity), TaskStatus::kFinished);
        stop_capture(TaskStatus::kFinished);
        _exit(0);
      }
      int status = 0;
      waitpid(child, &status, 0);
      if (status != 0) _exit(3);
    }
    end_task(outer, TaskStatus::kFinished);
    stop = true;
    for (std::thread& thread : threads) thread.join();
    const CaptureCounters counters = Recorder::get()->counters();
    if (counters.dropped != 0) _exit(4);
    stop_capture(TaskStatus::kFinished);
  });
  EXPECT_EQ(left.exit_status, 0);
  EXPECT_TRUE(left.rings.empty());
  const Recorded::Task* outer = left.recorded.task("outer");
  ASSERT_NE(outer, nullptr);
  int children = 0;
  std::set<std::string> ids;
  for (const Recorded::Task& task : left.recorded.tasks) {
    EXPECT_TRUE(ids.insert(task.id).second);
    if (task.activity != "child") continue;
    ++children;
    EXPECT_EQ(task.parent, outer->id);
  }
  EXPECT_EQ(children, kForks * kTasks);
}

}  // namespace
}  // namespace headrace::capture
