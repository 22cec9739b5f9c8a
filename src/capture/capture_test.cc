// The whole way of a record inside one process: begin, values, end, drain, segment, and back.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "capture/recorder.h"
#include "capture/task.h"
#include "capture/thread_state.h"
#include "capture/workflow.h"
#include "encode/nested.h"
#include "spool/segment_reader.h"

namespace headrace::capture {
namespace {

namespace fs = std::filesystem;

// What a spool holds, decoded far enough to be asked about.
struct Spool {
  struct Task {
    TaskRecord record;
    std::string activity;
    std::map<std::string, std::string> values;  // "used.x" -> JSON
    ProducerId producer;
  };
  std::vector<Task> tasks;
  std::vector<WorkflowRecord> workflows;
  std::map<uint32_t, std::vector<uint64_t>> numbers;  // ring -> record numbers
  std::map<ProducerId, std::string> producers;
  size_t damage = 0;
};

Spool read_spool(const fs::path& root) {
  Spool out;
  std::map<std::pair<ProducerId, uint32_t>, std::string> entries;
  for (const SegmentFile& file : list_segments({root})) {
    Result<FileBytes> bytes = FileBytes::open(file.path);
    if (!bytes.ok()) continue;
    SegmentReader reader(bytes->view(), true);
    while (reader.next()) {
      const FrameView frame = reader.frame();
      for_each_record(frame, [&](RecordView view, uint64_t number) {
        if (frame.header.flags & kFrameIsMeta) {
          DictionaryRecord entry;
          if (view.kind() == RecordKind::kDictionary && view.fixed(&entry)) {
            entries[{frame.header.producer, entry.id}] =
                std::string(view.bytes().substr(sizeof entry, entry.length_bytes));
          }
          ProducerRecord producer;
          if (view.kind() == RecordKind::kProducer && view.fixed(&producer)) {
            out.producers[frame.header.producer] =
                nested_to_json(view.bytes().substr(sizeof producer, producer.length_bytes))
                    .value_or("bad");
          }
          return;
        }
        out.numbers[frame.header.ring].push_back(number);
        Spool::Task task;
        if (view.kind() == RecordKind::kTask && view.fixed(&task.record)) {
          task.producer = frame.header.producer;
          task.activity =
              nested_to_json(entries[{task.producer, task.record.activity_id}]).value_or("bad");
          const std::string shape = entries[{task.producer, task.record.shape_id}];
          for (size_t i = 0; i < task.record.header.cells; ++i) {
            const auto cell = load_le<ShapeCell>(shape.data() + i * sizeof(ShapeCell));
            const uint64_t raw = view.cell<TaskRecord>(i);
            std::string_view tail;
            if (is_in_tail(cell.tag) && !view.tail(raw, &tail)) ++out.damage;
            task.values[std::string(name_of(cell.role)) + "." +
                        entries[{task.producer, cell.name_id}]] =
                cell_to_json(cell.tag, raw, tail).value_or("bad");
          }
          out.tasks.push_back(task);
        }
        WorkflowRecord workflow;
        if (view.kind() == RecordKind::kWorkflow && view.fixed(&workflow)) {
          out.workflows.push_back(workflow);
        }
      });
    }
    out.damage += reader.damage().size();
  }
  return out;
}

// Each case runs in a process of its own, since a process has one recorder.
template <typename Body>
Spool in_process(Body&& body, int expected_exit = 0) {
  char pattern[] = "/tmp/headrace-capture-XXXXXX";
  const fs::path root = fs::path(mkdtemp(pattern)) / ".headrace";
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", root.c_str(), 1);
    body();
    stop_capture(TaskStatus::kFinished);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == expected_exit) << status;
  Spool spool = read_spool(root);
  fs::remove_all(root.parent_path());
  return spool;
}

TEST(Capture, KeepsATaskWithItsValuesAndParent) {
  const Spool spool = in_process([] {
    TaskState* outer = begin_task(intern_activity("outer", "solver.cc", 12));
    TaskState* inner = begin_task(intern_activity("inner"));
    inner->fields.add_float(Role::kUsed, name_id("lr"), 0.125);
    inner->fields.add_int(Role::kUsed, name_id("n"), -7);
    inner->fields.add_string(Role::kUsed, name_id("text"), "a\nb");
    inner->fields.add_bool(Role::kGenerated, name_id("ok"), true);
    end_task(inner, TaskStatus::kFailed);
    end_task(outer, TaskStatus::kFinished);
  });
  ASSERT_EQ(spool.tasks.size(), 2u);
  const Spool::Task& inner = spool.tasks[0];
  const Spool::Task& outer = spool.tasks[1];
  EXPECT_EQ(inner.record.parent, outer.record.number);
  EXPECT_EQ(outer.record.parent, 0u);
  EXPECT_EQ(inner.record.status, TaskStatus::kFailed);
  EXPECT_EQ(outer.activity, R"({"name":"outer","file":"solver.cc","line":12})");
  EXPECT_EQ(inner.values.at("used.lr"), "0.125");
  EXPECT_EQ(inner.values.at("used.n"), "-7");
  EXPECT_EQ(inner.values.at("used.text"), "\"a\\u000ab\"");
  EXPECT_EQ(inner.values.at("generated.ok"), "true");
  EXPECT_LE(outer.record.begin_ticks, inner.record.begin_ticks);
  EXPECT_LE(inner.record.end_ticks, outer.record.end_ticks);
  EXPECT_EQ(spool.damage, 0u);
}

TEST(Capture, TheProcessGetsAWorkflowThatEnds) {
  const Spool spool =
      in_process([] { end_task(begin_task(intern_activity("a")), TaskStatus::kFinished); });
  ASSERT_EQ(spool.workflows.size(), 2u);
  EXPECT_EQ(spool.workflows[0].status, TaskStatus::kRunning);
  EXPECT_EQ(spool.workflows[1].status, TaskStatus::kFinished);
  EXPECT_EQ(spool.workflows[0].workflow_id, spool.workflows[1].workflow_id);
  EXPECT_EQ(spool.tasks[0].record.workflow_id, spool.workflows[0].workflow_id);
  ASSERT_EQ(spool.producers.size(), 1u);
  EXPECT_NE(spool.producers.begin()->second.find("\"ended\":\"clean\""), std::string::npos);
}

TEST(Capture, ManyThreadsLoseNothingAndNumberWithoutHoles) {
  constexpr int kThreads = 4;
  constexpr int kTasks = 20'000;
  const Spool spool = in_process([] {
    const uint32_t activity = intern_activity("work");
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([activity, t] {
        for (int i = 0; i < kTasks; ++i) {
          TaskState* task = begin_task(activity);
          task->fields.add_int(Role::kUsed, name_id("i"), i);
          task->fields.add_int(Role::kUsed, name_id("thread"), t);
          end_task(task, TaskStatus::kFinished);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_EQ(spool.tasks.size(), static_cast<size_t>(kThreads * kTasks));
  std::set<TaskNumber> distinct;
  for (const Spool::Task& task : spool.tasks) distinct.insert(task.record.number);
  EXPECT_EQ(distinct.size(), spool.tasks.size());
  for (const auto& [ring, numbers] : spool.numbers) {
    for (size_t i = 0; i < numbers.size(); ++i) ASSERT_EQ(numbers[i], i) << "ring " << ring;
  }
}

TEST(Capture, AForkChildIsAnotherProducerInTheSameWorkflowUnderTheSameTask) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "gcc's ThreadSanitizer ends a forked child that starts a thread";
#endif
  const Spool spool = in_process([] {
    const uint32_t activity = intern_activity("parent");
    TaskState* outer = begin_task(activity);
    const pid_t child = fork();
    if (child == 0) {
      end_task(begin_task(intern_activity("child")), TaskStatus::kFinished);
      end_task(outer, TaskStatus::kFinished);  // the parent's: leaves no second record
      stop_capture(TaskStatus::kFinished);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    end_task(outer, TaskStatus::kFinished);
  });
  ASSERT_EQ(spool.tasks.size(), 2u);
  EXPECT_NE(spool.tasks[0].producer, spool.tasks[1].producer);
  for (const Spool::Task& task : spool.tasks) {
    const bool is_child = task.activity.find("child") != std::string::npos;
    EXPECT_EQ((task.record.header.flags & kTaskParentIsForeign) != 0, is_child);
  }
  EXPECT_EQ(spool.workflows.size(), 2u) << "one begin and one end, both the parent's";
}

TEST(Capture, AnUnwritableFolderLosesRecordsButNotTheProgram) {
  const Spool spool = in_process([] {
    setenv("HEADRACE_DIR", "/proc/nowhere/.headrace", 1);
    for (int i = 0; i < 1000; ++i)
      end_task(begin_task(intern_activity("a")), TaskStatus::kFinished);
    Recorder::get()->flush();
    // Kept in memory while there is hope, and counted as lost when the process ends.
    const CaptureCounters before = Recorder::get()->counters();
    if (before.records != 1001 || before.dropped != 0) _exit(3);
    stop_capture(TaskStatus::kFinished);
    const CaptureCounters after = Recorder::get()->counters();
    if (after.records != 1002 || after.dropped != 1002) _exit(4);
  });
  EXPECT_TRUE(spool.tasks.empty());
}

TEST(Capture, OffMeansNothingIsMade) {
  const Spool spool = in_process([] {
    setenv("HEADRACE_DISABLED", "1", 1);
    TaskState* task = begin_task(intern_activity("a"));
    if (task != nullptr) _exit(3);
    end_task(task, TaskStatus::kFinished);
  });
  EXPECT_TRUE(spool.tasks.empty());
}

TEST(Capture, ATaskThatStaysOpenIsAnnounced) {
  const Spool spool = in_process([] {
    begin_task(intern_activity("never ends"));
    end_task(begin_task(intern_activity("ends")), TaskStatus::kFinished);
  });
  ASSERT_EQ(spool.tasks.size(), 2u);
  const Spool::Task& open = spool.tasks.back();
  EXPECT_EQ(open.record.header.flags & kTaskIsOpen, kTaskIsOpen);
  EXPECT_EQ(open.record.status, TaskStatus::kRunning);
}

TEST(Capture, AValueBeyondTheBudgetBecomesAPlaceholder) {
  const Spool spool = in_process([] {
    TaskState* task = begin_task(intern_activity("a"));
    task->fields.add_string(Role::kUsed, name_id("long"), std::string(1 << 20, 'x'));
    task->fields.add_int(Role::kUsed, name_id("beside"), 1);
    end_task(task, TaskStatus::kFinished);
  });
  ASSERT_EQ(spool.tasks.size(), 1u);
  EXPECT_NE(spool.tasks[0].values.at("used.long").find("\"length_bytes\":1048576"),
            std::string::npos);
  EXPECT_EQ(spool.tasks[0].values.at("used.beside"), "1");
}

}  // namespace
}  // namespace headrace::capture
