// Empties the rings into segments, announces tasks that stay open, and tells what was lost.
//
// Whoever calls holds the recorder's drain lock. What cannot be written stays where it is, in the
// ring file, and is tried again; nothing is consumed before it is in the file.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/description.h"
#include "capture/dictionary.h"
#include "capture/losses.h"
#include "capture/ring_set.h"
#include "capture/task_slots.h"
#include "spool/segment_writer.h"

namespace headrace::capture {

class Drain {
 public:
  static constexpr int64_t kAnnounce_ns = 1'000'000'000;
  // While the spool cannot be written it is tried again after kFirstRetry_ns, then after twice as
  // long each time, up to kLastRetry_ns.
  static constexpr int64_t kFirstRetry_ns = 50'000'000;
  static constexpr int64_t kLastRetry_ns = 1'000'000'000;

  struct Parts {
    Dictionary& dictionary;
    ChunkPool& pool;
    TaskSlots& slots;
    RingSet& rings;
    const Description& description;
    Losses& losses;
  };
  Drain(const Directory& directory, ProducerId producer, const Parts& parts);

  // Everything committed before the call, into the open segment. While failing it tries only when
  // a retry is due, or if `now`. False when it could not be written.
  bool pass(bool now);
  void seal_if_due();
  // Announces every open task, however young.
  void announce_all() { announce(true); }
  // Announces a task that is in no slot.
  void announce(const TaskRecord& record);
  // The last word on this producer, and no segment is open any more.
  void end();
  // Counts what is left as lost: there is nobody who would find it.
  void give_up();

  // From now on the spool's state is also told in this header. Null: in none.
  void use(RingMapping* mapping) { mapping_ = mapping; }
  // Lets go of the last chunk of ring 0, which is drained.
  void release_own() { own_.release(parts_.pool); }
  // The spool cannot be written. Any thread.
  bool failing() const { return failing_.load(std::memory_order_relaxed); }
  uint64_t own_numbers() const { return own_.numbers(); }
  // The first dictionary entry that is in no segment.
  uint32_t next_entry() const { return next_entry_; }
  const SegmentWriter& writer() const { return writer_; }
  // Level 2, see group_sync.h.
  std::optional<SegmentSync> begin_sync() { return writer_.begin_sync(); }
  void finish_sync(const SegmentSync& sync) { writer_.finish_sync(sync); }
  // In a fork child: the files are the parent's.
  void abandon() { writer_.abandon(); }

 private:
  bool drain(Ring& ring);
  bool write(const Ring& ring, uint64_t first_number, uint32_t records, std::string_view bytes);
  void write_preamble();
  void write_new_entries();
  void write_description();
  void write_clock();
  void announce(bool all);
  bool announce_one(const TaskSlot& slot, TaskNumber number, uint64_t now_ticks);
  bool tell_gap(uint32_t ring, uint64_t first, uint64_t count, GapReason reason);
  void tell_shed(GapReason reason, uint64_t* told);
  template <typename Record>
  bool commit_own(const Record& record);
  void failed(const Status& status);
  void worked();

  const Parts parts_;
  SegmentWriter writer_;
  Ring own_{0};  // the drain's own records: announcements, gaps
  RingMapping* mapping_ = nullptr;
  uint32_t next_entry_ = 1;           // first dictionary entry not yet in the open segment
  uint64_t description_version_ = 0;  // in the open segment
  int64_t last_clock_ns_ = 0;
  uint64_t drained_ = 0;
  uint64_t samples_told_ = 0;
  uint64_t elided_told_ = 0;
  uint64_t refused_told_ = 0;
  std::atomic<bool> failing_{false};
  int64_t retry_ns_ = kFirstRetry_ns;
  int64_t next_try_ns_ = 0;
  bool reported_ = false;
};

}  // namespace headrace::capture
