// For tests: runs a body in a process of its own (a process has one recorder) and reads back what
// it recorded, with names in place of numbers and values as JSON.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "capture/recorder.h"
#include "encode/nested.h"
#include "spool/segment_reader.h"

namespace headrace::capture {

struct Recorded {
  using Values = std::map<std::string, std::string>;  // "used.x" -> JSON
  struct Task {
    std::string id, parent, workflow, activity;
    TaskStatus status = TaskStatus::kPending;
    uint64_t ring = 0;
    Values values;
  };
  struct Workflow {
    std::string id, parent, campaign, name;
    TaskStatus status = TaskStatus::kPending;
    Values values;
  };
  struct Object {
    std::string id, kind;
    Values values;
  };
  struct Log {
    std::string workflow;
    uint64_t task = 0;
    LogStream stream = LogStream::kMetric;
    Values values;
  };
  std::vector<Task> tasks;          // ended ones, in the order read
  std::vector<Workflow> workflows;  // begin and end records alike
  std::vector<Object> objects;
  std::vector<Log> logs;
  int exit_status = -1;  // as waitpid gives it

  const Task* task(const std::string& activity) const {
    for (const Task& one : tasks) {
      if (one.activity == activity) return &one;
    }
    return nullptr;
  }
};

class RecordedReader {
 public:
  static Recorded read(const std::filesystem::path& root) {
    RecordedReader reader;
    for (const SegmentFile& file : list_segments({root})) reader.read_segment(file.path);
    return reader.out_;
  }

 private:
  void read_segment(const std::filesystem::path& path) {
    Result<FileBytes> bytes = FileBytes::open(path);
    if (!bytes.ok()) return;
    SegmentReader segment(bytes->view(), true);
    while (segment.next()) {
      const FrameView frame = segment.frame();
      producer_ = frame.header.producer;
      for_each_record(frame, [&](RecordView view, uint64_t) {
        if ((frame.header.flags & kFrameIsMeta) != 0) return add_entry(view);
        add_record(view);
      });
    }
  }
  void add_entry(RecordView view) {
    DictionaryRecord entry;
    if (view.kind() == RecordKind::kDictionary && view.fixed(&entry)) {
      entries_[{producer_, entry.id}] = view.bytes().substr(sizeof entry, entry.length_bytes);
    }
  }
  const std::string& entry(uint32_t id) { return entries_[{producer_, id}]; }
  std::string uuid(uint32_t id) {
    const std::string& bytes = entry(id);
    if (bytes.size() < 16) return {};
    return Uuid::from_bytes(reinterpret_cast<const uint8_t*>(bytes.data())).text();
  }
  template <typename Fixed>
  Recorded::Values values(RecordView view, uint32_t shape_id) {
    Recorded::Values out;
    const std::string shape = entry(shape_id);
    for (size_t i = 0; i < view.header().cells; ++i) {
      const auto cell = load_le<ShapeCell>(shape.data() + i * sizeof(ShapeCell));
      const uint64_t raw = view.cell<Fixed>(i);
      std::string_view tail;
      if (is_in_tail(cell.tag) && !view.tail(raw, &tail)) continue;
      out[std::string(name_of(cell.role)) + "." + entry(cell.name_id)] =
          cell_to_json(cell.tag, raw, tail).value_or("bad");
    }
    return out;
  }
  void add_record(RecordView view) {
    TaskRecord task;
    WorkflowRecord workflow;
    ObjectRecord object;
    LogRecord log;
    if (view.kind() == RecordKind::kTask && view.fixed(&task)) {
      if ((task.header.flags & kTaskIsOpen) != 0) return;
      std::string parent = task.parent == 0 ? "" : task_uuid(producer_, task.parent).text();
      if ((task.header.flags & kTaskParentIsForeign) != 0) {
        parent = uuid(static_cast<uint32_t>(task.parent));
      }
      out_.tasks.push_back({task_uuid(producer_, task.number).text(), parent,
                            uuid(task.workflow_id), activity(entry(task.activity_id)), task.status,
                            task.number >> kTaskCounterBits,
                            values<TaskRecord>(view, task.shape_id)});
    } else if (view.kind() == RecordKind::kWorkflow && view.fixed(&workflow)) {
      const std::string campaign = entry(workflow.campaign_id);
      out_.workflows.push_back({uuid(workflow.workflow_id), uuid(workflow.parent_workflow_id),
                                campaign.empty() ? campaign : campaign.substr(16),
                                entry(workflow.name_id), workflow.status,
                                values<WorkflowRecord>(view, workflow.shape_id)});
    } else if (view.kind() == RecordKind::kObject && view.fixed(&object)) {
      out_.objects.push_back({Uuid::from_bytes(object.object).text(), entry(object.kind_id),
                              values<ObjectRecord>(view, object.shape_id)});
    } else if (view.kind() == RecordKind::kLog && view.fixed(&log)) {
      out_.logs.push_back({uuid(log.workflow_id), log.task,
                           static_cast<LogStream>(log.header.flags),
                           values<LogRecord>(view, log.shape_id)});
    }
  }
  // The name in an activity's entry, whose JSON begins {"name":"...".
  static std::string activity(const std::string& entry) {
    const std::string json = nested_to_json(entry).value_or("");
    const size_t begin = json.find("\"name\":\"") + 8;
    return json.substr(begin, json.find('"', begin) - begin);
  }

  Recorded out_;
  ProducerId producer_ = 0;
  std::map<std::pair<ProducerId, uint32_t>, std::string> entries_;
};

// A folder that is gone again at the end of the test.
class TestFolder {
 public:
  TestFolder() {
    char pattern[] = "/tmp/headrace-test-XXXXXX";
    if (const char* made = mkdtemp(pattern)) path_ = made;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline Recorded record_in_process(const std::function<void()>& body) {
  const TestFolder folder;
  const std::filesystem::path root = folder.path() / ".headrace";
  const pid_t child = fork();
  if (child == 0) {
    setenv("HEADRACE_DIR", root.c_str(), 1);
    body();
    stop_capture(TaskStatus::kFinished);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Recorded out = RecordedReader::read(root);
  out.exit_status = status;
  return out;
}

}  // namespace headrace::capture
