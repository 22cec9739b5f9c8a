// A spool that refuses: what is kept, what is shed and in which order, and that all of it is told.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "capture/recorded_for_test.h"
#include "capture/recorder.h"
#include "capture/task.h"
#include "spool/faulty_files_for_test.h"

namespace headrace::capture {
namespace {

// Numbers stored and told as lost, by ring; and what else the gaps say.
struct Accounts {
  std::map<uint32_t, std::set<uint64_t>> stored;
  std::map<uint32_t, std::set<uint64_t>> dropped;
  uint64_t samples_shed = 0;
  uint64_t values_elided = 0;
  uint64_t tasks_elided = 0;
  uint64_t elided_without_object = 0;
  uint64_t repeated = 0;
};

Accounts accounts_of(const std::filesystem::path& root) {
  Accounts out;
  for (const SegmentFile& file : list_segments({root})) {
    Result<FileBytes> bytes = FileBytes::open(file.path);
    if (!bytes.ok()) continue;
    SegmentReader reader(bytes->view(), true);
    while (reader.next()) {
      const FrameHeader header = reader.frame().header;
      if ((header.flags & kFrameIsMeta) != 0) continue;
      for_each_record(reader.frame(), [&](RecordView view, uint64_t number) {
        if (!out.stored[header.ring].insert(number).second) ++out.repeated;
        TaskRecord task;
        if (view.kind() == RecordKind::kTask && view.fixed(&task) &&
            (task.header.flags & kTaskValuesElided) != 0) {
          ++out.tasks_elided;
          if (task.header.cells != 1) ++out.elided_without_object;
        }
        GapRecord gap;
        if (view.kind() != RecordKind::kGap || !view.fixed(&gap)) return;
        const auto reason = static_cast<GapReason>(gap.header.flags);
        if (reason == GapReason::kSamplesShed) out.samples_shed += gap.count;
        if (reason == GapReason::kValuesElided) out.values_elided += gap.count;
        if (!takes_numbers(reason)) return;
        for (uint64_t i = 0; i < gap.count; ++i) {
          out.dropped[gap.ring].insert(gap.first_number + i);
        }
      });
    }
  }
  return out;
}

void expect_no_number_twice_or_missing(const Accounts& accounts) {
  for (const auto& [ring, stored] : accounts.stored) {
    std::set<uint64_t> all = stored;
    if (const auto dropped = accounts.dropped.find(ring); dropped != accounts.dropped.end()) {
      for (const uint64_t number : dropped->second) {
        EXPECT_TRUE(all.insert(number).second) << "both stored and told as lost: " << number;
      }
    }
    EXPECT_EQ(*all.begin(), 0u) << "ring " << ring;
    EXPECT_EQ(*all.rbegin() + 1, all.size()) << "ring " << ring;
  }
}

// A disk that refuses everything while `full`.
class Disk {
 public:
  Disk() {
    files_.fault = [this](std::string_view call, const std::string&) {
      const bool takes = call == "write" || call == "create" || call == "reserve";
      return full && takes ? ENOSPC : 0;
    };
    FileSystem::replace_for_test(&files_);
  }
  std::atomic<bool> full{false};

 private:
  FaultyFiles files_;
};

void record_task(uint32_t activity, uint32_t name, uint32_t object, int i) {
  TaskState* task = begin_task(activity);
  task->fields.add_object(Role::kUsed, object, {7, 7});
  for (int k = 0; k < 4; ++k) task->fields.add_int(Role::kUsed, name, i);
  end_task(task, TaskStatus::kFinished);
}

// Runs `body` in a process of its own, whose spool is then read by `see`.
template <typename Body, typename See>
void in_process(Body&& body, See&& see) {
  const TestFolder folder;
  const std::filesystem::path root = folder.path() / ".headrace";
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", root.c_str(), 1);
    setenv("HEADRACE_RING_DIR", (folder.path() / "rings").c_str(), 1);
    body();
    stop_capture(TaskStatus::kFinished);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  see(accounts_of(root));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() / "rings"));
}

TEST(BackPressure, WhatADiskRefusesForAWhileIsWrittenLater) {
  in_process(
      [] {
        Disk& disk = *new Disk;
        const uint32_t activity = intern_activity("a");
        const uint32_t name = name_id("v");
        record_task(activity, name, name, 0);
        Recorder& recorder = *Recorder::get();
        recorder.flush();
        disk.full = true;
        for (int i = 0; i < 20'000; ++i) record_task(activity, name, name, i);
        recorder.flush();
        if (recorder.counters().dropped != 0) _exit(3);
        if (recorder.shed_level() != ShedLevel::kNone) _exit(4);
        disk.full = false;
        recorder.flush();
      },
      [](const Accounts& accounts) {
        expect_no_number_twice_or_missing(accounts);
        EXPECT_EQ(accounts.repeated, 0u);
        EXPECT_EQ(accounts.stored.at(1).size(), 20'003u) << "and the workflow's two";
        EXPECT_TRUE(accounts.dropped.empty());
      });
}

TEST(BackPressure, SamplesThenValuesThenRecordsAreShedAndTold) {
  in_process(
      [] {
        Disk& disk = *new Disk;
        const uint32_t activity = intern_activity("a");
        const uint32_t name = name_id("v");
        Recorder& recorder = *Recorder::get();
        disk.full = true;
        record_task(activity, name, name, 0);
        recorder.flush();
        auto highest = ShedLevel::kNone;
        for (int i = 0; i < 1'000'000 && recorder.counters().dropped < 1000; ++i) {
          record_task(activity, name, name, i);
          const ShedLevel now = recorder.shed_level();
          if (now < highest) _exit(3);
          if (static_cast<int>(now) > static_cast<int>(highest) + 1) _exit(4);
          highest = now;
        }
        if (highest != ShedLevel::kDrop) _exit(5);
        recorder.count_shed_samples(12);
        disk.full = false;
        recorder.flush();
        if (recorder.shed_level() != ShedLevel::kNone) _exit(6);
        const uint64_t dropped = recorder.counters().dropped;
        for (int i = 0; i < 1000; ++i) record_task(activity, name, name, i);
        if (recorder.counters().dropped != dropped) _exit(7);
        if (recorder.counters().values_elided == 0) _exit(8);
      },
      [](const Accounts& accounts) {
        expect_no_number_twice_or_missing(accounts);
        EXPECT_GE(accounts.dropped.at(1).size(), 1000u);
        EXPECT_EQ(accounts.samples_shed, 12u);
        // Some were dropped after their values had been: told with the others.
        EXPECT_GT(accounts.tasks_elided, 1000u);
        EXPECT_GE(accounts.values_elided, accounts.tasks_elided);
        EXPECT_EQ(accounts.elided_without_object, 0u) << "the edges stay";
      });
}

TEST(BackPressure, WhatFindsNoFirstChunkIsToldInTheRingFile) {
  const TestFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", (folder.path() / ".headrace").c_str(), 1);
    setenv("HEADRACE_RING_DIR", (folder.path() / "rings").c_str(), 1);
    Disk& disk = *new Disk;
    const uint32_t activity = intern_activity("a");
    const uint32_t name = name_id("v");
    Recorder& recorder = *Recorder::get();
    disk.full = true;
    record_task(activity, name, name, 0);
    recorder.flush();
    for (int i = 0; i < 1'000'000 && recorder.counters().dropped < 1000; ++i) {
      record_task(activity, name, name, i);
    }
    std::thread([&] {
      for (int i = 0; i < 3; ++i) record_task(activity, name, name, i);
    }).join();
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  const std::filesystem::directory_iterator ring(folder.path() / "rings");
  Result<FileBytes> file = FileBytes::open(ring->path());
  ASSERT_TRUE(file.ok());
  const auto header = load_le<RingFileHeader>(file->view().data());
  EXPECT_EQ(header.first_drops[0].ring, 2u);
  EXPECT_EQ(header.first_drops[0].dropped, 3u);
  EXPECT_EQ(header.first_drops[0].drained_past, 0u);
  EXPECT_EQ(header.first_drops[0].reason, static_cast<uint32_t>(GapReason::kPoolExhausted));
  EXPECT_EQ(header.first_drops[1].ring, 0u);
}

TEST(BackPressure, ADiskThatStaysFullLeavesTheRingForTheCollector) {
  const TestFolder folder;
  const std::filesystem::path root = folder.path() / ".headrace";
  const std::filesystem::path rings = folder.path() / "rings";
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", root.c_str(), 1);
    setenv("HEADRACE_RING_DIR", rings.c_str(), 1);
    Disk& disk = *new Disk;
    std::filesystem::create_directories(root / "spool");
    disk.full = true;
    end_task(begin_task(intern_activity("a")), TaskStatus::kFinished);
    stop_capture(TaskStatus::kFinished);
    if (Recorder::get()->counters().dropped != 0) _exit(3);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_FALSE(std::filesystem::is_empty(rings));
}

}  // namespace
}  // namespace headrace::capture
