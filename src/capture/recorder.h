// The process's capture: its identity, its dictionary, its threads' rings, and the one thread that
// drains them into the spool.
//
// Made at the first event; a fork child makes a new one with a new identity and never touches what
// it inherited. Nothing here throws or reports to the program: failures are counted, said once on
// stderr, and show as gaps.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "capture/drain.h"
#include "capture/fields.h"
#include "capture/group_sync.h"
#include "capture/process_facts.h"
#include "capture/thread_state.h"
#include "spool/directory.h"

namespace headrace::capture {

// What capture itself did and cost, since the process began. All of it is also stored.
struct CaptureCounters {
  uint64_t records = 0;          // accepted: they got a number
  uint64_t dropped = 0;          // of them, lost: dropped_* below
  uint64_t bytes = 0;            // written to the spool
  uint64_t segments = 0;         // begun
  int64_t drain_cpu_ns = 0;      // CPU time of the drain thread
  uint64_t producer_drains = 0;  // a program's thread had to drain because the pool was empty
  uint64_t dropped_write_failed = 0;
  uint64_t dropped_no_memory = 0;
  uint64_t dropped_too_large = 0;
  uint64_t samples_shed = 0;      // not taken, and not among the records
  uint64_t values_elided = 0;     // tasks recorded without their values
  uint64_t names_refused = 0;     // times that there was no room for a name
  uint64_t tasks_without_id = 0;  // not recorded: every ring index or task number was given out
};

// What capture does without while the spool cannot be written and the pool fills.
enum class ShedLevel : uint8_t {
  kNone = 0,
  kThinSamples = 1,  // half of the pool is out: a quarter of the samples
  kElideValues = 2,  // three quarters: no samples, tasks without values
  kDrop = 3,         // all: new records are dropped
};

class Recorder {
 public:
  // How often the drain thread wakes. Where the last pass had little it is a quarter as often,
  // since to wake up costs more than to write a few records.
  static constexpr int64_t kFlush_ns = 50'000'000;
  static constexpr int64_t kSeldomFlush_ns = 4 * kFlush_ns;
  static constexpr uint64_t kLittle_bytes = 32 * 1024;
  // How long a thread that needs a chunk waits for the drain at most, once.
  static constexpr int64_t kStall_ns = 100'000'000;
  // All that capture keeps in memory for a process: what it maps, the dictionary, and for each
  // thread caches of 64 KiB; a thread more than some hundred costs beyond that.
  static constexpr size_t kMaxMemoryBytes = kMappingBytes + Dictionary::kMaxBytes;
  static_assert(kMaxMemoryBytes < size_t{32} * 1024 * 1024);

  // The process's recorder, made on first use. Null when capture is off (HEADRACE_DISABLED).
  static Recorder* get() {
    Recorder* const recorder = g_recorder.load(std::memory_order_acquire);
    return recorder != nullptr ? recorder : create();
  }
  // The recorder if there is one already.
  static Recorder* existing() { return g_recorder.load(std::memory_order_acquire); }
  // Another directory than the one found from the environment and the working folder. Only before
  // the first event; later it is an error.
  static Status use_directory(const std::filesystem::path& root);

  ProducerId producer() const { return producer_; }
  Dictionary& dictionary() { return dictionary_; }
  const Directory& directory() const { return directory_; }
  TaskSlots& slots() { return slots_; }

  // This thread's ring, made on first use. Null only when the thread is at its very end
  // and not the main one, or without memory.
  Ring* ring() {
    Ring* const ring = this_thread().ring;
    return ring != nullptr ? ring : ring_slow();
  }
  // For a thread whose ring has no task number left: that ring is closed, the thread gets a new
  // one. 0: there is none; then the old ring stays for other records, and the task is not recorded.
  TaskNumber number_from_new_ring(ThreadState& thread);
  // A task was begun that cannot be told apart from others, and is not recorded.
  void count_if_out_of_rings();
  // For tests: the index of the next ring.
  void begin_rings_at(uint32_t index) { rings_.begin_at(index); }
  // Room for a record of `bytes` on this thread's ring, to be filled and then committed there.
  // Null: it was dropped, and counted.
  char* reserve(Ring& ring, size_t bytes) {
    char* const to = ring.reserve(bytes);
    return to != nullptr ? to : reserve_slow(ring, bytes);
  }
  // Commits one record: `fixed` (header size and cell count are filled in), then `fields`.
  // Falls back to draining on this thread when no chunk is free; at worst counts a drop.
  template <typename Fixed>
  void commit(Ring& ring, Fixed& fixed, const Fields& fields) {
    // No shape, no values: the dictionary had no room for it.
    if (fixed.shape_id == 0 && !fields.empty()) [[unlikely]]
      return commit(ring, fixed);
    const size_t bytes = sizeof(Fixed) + fields.bytes_after_fixed();
    char* const to = reserve(ring, bytes);
    if (to == nullptr) [[unlikely]]
      return;
    fixed.header.size_bytes = static_cast<uint32_t>(bytes);
    fixed.header.cells = static_cast<uint16_t>(fields.size());
    std::memcpy(to, &fixed, sizeof fixed);
    fields.copy_to(to + sizeof fixed, sizeof fixed);
    ring.commit(bytes);
  }
  template <typename Fixed>
  void commit(Ring& ring, Fixed& fixed) {
    char* const to = reserve(ring, sizeof fixed);
    if (to == nullptr) [[unlikely]]
      return;
    fixed.header.size_bytes = sizeof fixed;
    fixed.header.cells = 0;
    std::memcpy(to, &fixed, sizeof fixed);
    ring.commit(sizeof fixed);
  }

  // Where samples wait that a kill must not lose, see waiting_place.h; null: there is no place now.
  WaitingSamples* waiting() const { return waiting_.load(std::memory_order_acquire); }

  // Writes an announcement (kTaskIsOpen) of a task that is in no slot. Any thread.
  void announce(const TaskRecord& record);
  // The task under which those of this process's threads begin that have none of their own: of this
  // process under `headrace run`, else of HEADRACE_PARENT. Nil: none. Once the process has a ring.
  const Uuid& outer_task() const { return outer_task_; }
  // Whether that is this process's own, which knows what it was forked from.
  bool has_process_task() const { return has_process_task_; }

  // How hard the spool presses back. Any thread, one load.
  ShedLevel shed_level() const { return shed_level_.load(std::memory_order_relaxed); }
  void count_shed_samples(uint64_t count) { losses_.count(GapReason::kSamplesShed, count); }
  void count_elided_values() { losses_.count(GapReason::kValuesElided, 1); }

  // Facts about the process for its producer record, each a nested map's key and string value;
  // merged into what is known already. Written again into every later segment.
  void describe(const std::string& key, const std::string& value);

  // Writes everything committed so far. Returns when it is in the file, or the file cannot be
  // written: then it is tried again later.
  void flush();
  // Durability level 2 (HEADRACE_DURABILITY): what was recorded before this moment, in ns since the
  // epoch, survives a power cut. 0 at level 1, and before the first sync.
  int64_t durable_until_ns() const { return group_ != nullptr ? group_->until_ns() : 0; }
  // Returns when everything recorded before the call does. Errors: kUnsupported at level 1,
  // kUnavailable when the medium does not take it; it is tried further.
  Status wait_durable();
  // Level 2s: the same, and a failure is left at that. Called where something ends that a later run
  // may build upon: a workflow, a checkpoint, a model.
  void settle();
  // flush, then close the segment and stop the drain thread; the ring file is gone unless another
  // thread could still record, or the spool cannot be written just now. The recorder stays usable
  // and starts again at the next event. Called at exit.
  void stop();
  CaptureCounters counters();

 private:
  friend class ForkHandler;
  static std::atomic<Recorder*> g_recorder;

  Recorder(Directory directory, ProducerId producer);
  static Recorder* create();
  char* reserve_slow(Ring& ring, size_t bytes);
  bool find_chunk(Ring& ring);
  Ring* ring_slow();
  Ring* add_ring();
  void make_mapping();
  void find_outer_task();
  bool start_thread();
  void run();
  static void tidy();
  bool drain_now();
  GroupSync::Steps sync_steps();
  void update_shed_level();
  void leave_ring_file(bool written);
  CaptureCounters counters_locked() const;

  const Directory directory_;
  const ProducerId producer_;
  const ProcessFacts facts_;
  Description description_;
  Losses losses_;
  ChunkPool pool_;
  TaskSlots slots_{pool_};
  Dictionary dictionary_{pool_, losses_};
  RingSet rings_;
  // The last is in use. Earlier ones stay, unlinked: open tasks may have their values there.
  std::vector<std::unique_ptr<RingMapping>> mappings_;

  std::atomic<WaitingSamples*> waiting_{nullptr};

  std::mutex drain_mutex_;  // whoever holds it may read the rings and write the segment
  Drain drain_;
  std::unique_ptr<GroupSync> group_;  // at level 2
  uint64_t sync_target_ = 0;          // frames that the round under way is about
  int64_t watermark_told_ns_ = 0;
  int64_t drain_cpu_ns_ = 0;
  uint64_t stopped_at_records_ = 0;
  std::atomic<uint64_t> producer_drains_{0};
  std::atomic<uint64_t> tasks_without_id_{0};
  std::atomic<bool> out_of_rings_{false};
  std::atomic<ShedLevel> shed_level_{ShedLevel::kNone};
  std::atomic<bool> stalled_{false};  // a thread waited in vain since the last pass

  std::mutex lifecycle_mutex_;  // mapping and thread come and go under it; before drain_mutex_
  bool has_mapping_ = false;
  bool has_outer_task_ = false;  // it was looked for
  bool has_process_task_ = false;
  Uuid outer_task_;
  std::mutex thread_mutex_;  // guards stopping_; inside it no other
  std::condition_variable wake_;
  std::atomic<bool> wake_asked_{false};
  std::thread thread_;
  bool stopping_ = false;
  std::atomic<bool> running_{false};
};

// Ends the process's own workflow with `status` and stops the recorder: everything committed is in
// sealed segments when it returns. Safe to call again; registered with atexit (status finished).
void stop_capture(TaskStatus status);

// For the room that samples: `first_event` runs when capture starts in a process (again in a fork
// child), on the thread that made the first event; `before_stop` runs at the start of stop_capture.
void set_event_hooks(void (*first_event)(), void (*before_stop)());

}  // namespace headrace::capture
