#include "capture/finished_task.h"

#include <string_view>

#include "base/clock.h"
#include "capture/recorder.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::capture {
namespace {

uint32_t intern(Recorder& recorder, EntryKind kind, const Uuid& id) {
  const auto bytes = id.bytes();
  return recorder.dictionary().intern(kind,
                                      {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

TaskRecord identity_of(Recorder& recorder, const FinishedTask& task) {
  TaskRecord record{};
  record.header.kind = RecordKind::kTask;
  record.activity_id = task.activity_id;
  record.workflow_id = task.workflow.is_nil()
                           ? current_workflow_id(recorder)
                           : intern(recorder, EntryKind::kWorkflow, task.workflow);
  record.number = task.number;
  if (!task.parent.is_nil()) {
    const TaskRef parent = split_task_uuid(task.parent);
    if (parent.producer == recorder.producer()) {
      record.parent = parent.number;
    } else {
      record.parent = intern(recorder, EntryKind::kTaskRef, task.parent);
      if (record.parent != 0) record.header.flags = kTaskParentIsForeign;
    }
  }
  record.begin_ticks = task.begin_ticks;
  return record;
}

}  // namespace

TaskNumber draw_task_number() {
  Recorder* recorder = Recorder::get();
  Ring* ring = recorder == nullptr ? nullptr : recorder->ring();
  if (ring == nullptr) {
    if (recorder != nullptr) recorder->count_if_out_of_rings();
    return 0;
  }
  const TaskNumber number = ring->next_task_number();
  return number != 0 ? number : recorder->number_from_new_ring(this_thread());
}

TaskNumber set_task_numbers_aside(uint64_t count) {
  Recorder* recorder = Recorder::get();
  Ring* ring = recorder == nullptr ? nullptr : recorder->ring();
  return ring == nullptr ? 0 : ring->set_aside(count);
}

void announce_task(const FinishedTask& task) {
  Recorder* recorder = Recorder::existing();
  if (recorder == nullptr || task.number == 0) return;
  TaskRecord record = identity_of(*recorder, task);
  record.header.size_bytes = sizeof record;
  record.header.flags |= kTaskIsOpen;
  record.status = TaskStatus::kRunning;
  record.ring = static_cast<uint16_t>(task.number >> kTaskCounterBits);
  recorder->announce(record);
}

void record_finished_task(const FinishedTask& task) {
  Recorder* recorder = Recorder::get();
  Ring* ring = recorder == nullptr ? nullptr : recorder->ring();
  if (ring == nullptr || task.number == 0) return;
  TaskRecord record = identity_of(*recorder, task);
  record.end_ticks = task.end_ticks;
  record.shape_id = shape_id(*recorder, task.fields);
  record.status = task.status;
  record.attempt = task.attempt;
  record.ring = static_cast<uint16_t>(ring->index());
  recorder->commit(*ring, record, task.fields);
}

void record_edges(const Uuid& task, const Fields& objects, bool inferred) {
  Recorder* recorder = Recorder::get();
  Ring* ring = recorder == nullptr ? nullptr : recorder->ring();
  if (ring == nullptr || task.is_nil() || objects.empty()) return;
  EdgeRecord record{};
  record.header.kind = RecordKind::kEdge;
  record.header.flags = inferred ? kEdgesAreInferred : uint8_t{0};
  record.task_id = intern(*recorder, EntryKind::kTaskRef, task);
  record.workflow_id = current_workflow_id(*recorder);
  record.at_ticks = ticks();
  record.shape_id = shape_id(*recorder, objects);
  recorder->commit(*ring, record, objects);
}

}  // namespace headrace::capture
