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
#include "capture/dictionary.h"
#include "capture/fields.h"
#include "capture/ring.h"
#include "spool/directory.h"
#include "spool/segment_writer.h"

namespace headrace::capture {

// What capture itself did and cost, since the process began. All of it is also stored.
struct CaptureCounters {
  uint64_t records = 0;  // accepted: committed to a ring and read from it
  uint64_t dropped = 0;  // of them, lost to a failed write or a lack of memory
  uint64_t bytes = 0;    // written to the spool
  uint64_t segments = 0;
  int64_t drain_cpu_ns = 0;      // CPU time of the drain thread
  uint64_t producer_drains = 0;  // a program's thread had to drain because the pool was empty
};

class Recorder {
 public:
  static constexpr size_t kPoolChunks = 256;  // 16 MiB
  static constexpr int64_t kFlush_ns = 50'000'000;
  static constexpr int64_t kAnnounce_ns = 1'000'000'000;

  // The process's recorder, made on first use. Null when capture is off (HEADRACE_DISABLED).
  static Recorder* get();
  // The recorder if there is one already.
  static Recorder* existing();
  // Another directory than the one found from the environment and the working folder. Only before
  // the first event; later it is an error.
  static Status use_directory(const std::filesystem::path& root);

  ProducerId producer() const { return producer_; }
  Dictionary& dictionary() { return dictionary_; }
  const Directory& directory() const { return directory_; }

  // This thread's ring, made on first use. Null only when the thread is at its very end
  // and not the main one.
  Ring* ring();
  // Commits one record: `fixed` (header size and cell count are filled in), then `fields`.
  // Falls back to draining on this thread when no chunk is free; at worst counts a drop.
  template <typename Fixed>
  void commit(Ring& ring, Fixed& fixed, const Fields& fields) {
    const size_t bytes = sizeof(Fixed) + fields.bytes_after_fixed();
    char* to = reserve(ring, bytes);
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
    static const Fields none;
    commit(ring, fixed, none);
  }

  // Facts about the process for its producer record, each a nested map's key and string value;
  // merged into what is known already. Written again into every later segment.
  void describe(const std::string& key, const std::string& value);

  // Writes everything committed so far. Returns when it is in the file.
  void flush();
  // flush, then close the segment and stop the drain thread; the recorder stays usable and starts
  // again at the next event. Called at exit.
  void stop();
  CaptureCounters counters();

 private:
  friend class ForkHandler;
  Recorder(Directory directory, ProducerId producer);
  static Recorder* create();
  char* reserve(Ring& ring, size_t bytes) {
    char* to = ring.reserve(bytes);
    return to != nullptr ? to : reserve_slow(ring, bytes);
  }
  char* reserve_slow(Ring& ring, size_t bytes);
  void start_thread();
  void run();
  // With drain_mutex_ held:
  void drain_all();
  void drain_ring(Ring& ring);
  void write_new_entries();
  void write_preamble();
  void write_clock();
  void announce_open_tasks(Ring& ring, bool all);
  void write_gap(uint32_t ring, uint64_t first, uint64_t count, GapReason reason);
  void report_once(const Status& status);

  const Directory directory_;
  const ProducerId producer_;
  Dictionary dictionary_;
  ChunkPool pool_;

  std::mutex rings_mutex_;  // guards rings_ and ring counts; taken at thread birth and by the drain
  std::vector<std::unique_ptr<Ring>> rings_;
  uint32_t next_ring_ = 1;
  Ring own_{0};  // the drain's own records: announcements, gaps

  std::mutex drain_mutex_;  // whoever holds it may read the rings and write the segment
  SegmentWriter writer_;
  uint32_t next_entry_ = 1;  // first dictionary entry not yet in the open segment
  int64_t last_clock_ns_ = 0;
  bool failing_ = false;
  bool reported_ = false;
  struct Lost {
    uint32_t ring;
    uint64_t first;
    uint64_t count;
  };
  std::vector<Lost> lost_;  // to be told in gap records once writing works again
  CaptureCounters counters_;
  uint64_t stopped_at_records_ = 0;
  std::string description_;  // pairs, nested; with its count
  uint32_t description_count_ = 0;
  std::mutex description_mutex_;

  std::mutex thread_mutex_;
  std::condition_variable wake_;
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
