#include "collect/fold.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "base/clock.h"
#include "collect/adopt.h"
#include "collect/frame_walk.h"
#include "collect/pending.h"
#include "collect/quarantine.h"
#include "collect/record_fold.h"
#include "collect/redrive.h"
#include "collect/retention.h"

namespace headrace::collect {
namespace {

// Clock records this far apart are enough to date what began long before its segment.
constexpr int64_t kKeptClockEvery_ns = 60'000'000'000;

// What DuckDB may hold while it writes: blocks that are written need not stay in memory.
constexpr const char* kWritingMemory = "SET memory_limit = '320MB'";

// One thread of DuckDB's for the life of this: a row group is appended and compressed by one
// anyway, and while a second does it the first waits spinning.
class OneThread {
 public:
  static Result<OneThread> set(const store::Connection& connection) {
    const Result<int64_t> before = connection.integer("SELECT current_setting('threads')");
    if (!before.ok()) return before.status();
    HEADRACE_RETURN_IF_ERROR(connection.run("SET threads = 1"));
    return OneThread(connection, *before);
  }
  OneThread(OneThread&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), before_(other.before_) {}
  OneThread& operator=(OneThread&&) = delete;
  ~OneThread() {
    if (connection_ == nullptr) return;
    // If it fails, questions take longer.
    static_cast<void>(connection_->run("SET threads = " + std::to_string(before_)));
  }

 private:
  OneThread(const store::Connection& connection, int64_t before)
      : connection_(&connection), before_(before) {}
  const store::Connection* connection_;
  int64_t before_;
};

// Whose dictionaries are held in memory.
constexpr size_t kProducersAtOnce = 256;

class Fold {
 public:
  Fold(const Directory& directory, const store::Connection& connection, store::Writer& writer,
       const FoldOptions& options, FoldReport& report)
      : directory_(directory),
        connection_(connection),
        writer_(writer),
        options_(options),
        report_(report),
        records_(writer),
        quarantine_(directory, writer),
        redrive_(directory, connection, writer, records_, quarantine_) {}

  Status run(Pending pending);

 private:
  // A segment that is being read.
  struct Open {
    PendingSegment* segment;
    std::optional<FileBytes> bytes;
  };
  Status group(std::vector<PendingSegment*> segments);
  void learn(Open& open);
  template <typename See>
  void each_meta_frame(ProducerId uid, See&& see);
  void learn_all_entries(ProducerState& state);
  Status redrive(ProducerId uid);
  ProducerState& producer(ProducerId uid);
  Status remember(const std::string& uids);
  bool is_dead(ProducerId uid);
  void set_gone(uint32_t producer) {
    if (!gone_.insert(producer).second) return;
    writer_.set_gone(producer);
    ++report_.lost_producers;
  }
  Status read(Open& open, bool is_final);
  void frame(const FrameWalk& reader, const Open& open);
  void note_damage(const FrameWalk& reader, const Open& open, size_t* noted);
  void keep_clocks(ProducerState& state);
  bool is_batch_full() const;
  Status next_batch();
  Status commit();

  const Directory& directory_;
  const store::Connection& connection_;
  store::Writer& writer_;
  const FoldOptions& options_;
  FoldReport& report_;
  RecordFold records_;
  Quarantine quarantine_;
  Redrive redrive_;
  std::set<ProducerId> learnt_all_;  // also from segments that were folded before
  std::set<ProducerId> heard_of_;    // by a meta frame, in this fold
  std::set<ProducerId> lacking_;     // records refused in this fold lacked an entry
  Liveness liveness_;
  std::map<ProducerId, std::unique_ptr<ProducerState>> producers_;
  struct Memory {
    std::vector<std::pair<uint32_t, store::NumberRange>> ranges;  // by ring
    std::vector<ClockRecord> clocks;
  };
  std::map<ProducerId, Memory> memory_;
  std::set<std::pair<ProducerId, uint32_t>> changed_rings_;
  std::set<uint32_t> gone_;
  Status error_;
};

ProducerState& Fold::producer(ProducerId uid) {
  std::unique_ptr<ProducerState>& state = producers_[uid];
  if (state == nullptr) {
    state = std::make_unique<ProducerState>(uid, writer_);
    // Remembered ahead for the producers whose segments are here; others are asked for one by one.
    if (!memory_.contains(uid) && error_.ok()) error_ = remember(std::to_string(uid));
    if (const auto memory = memory_.find(uid); memory != memory_.end()) {
      for (const auto& [ring, range] : memory->second.ranges) {
        state->seen(ring).add(range.first, range.past);
      }
      for (const ClockRecord& clock : memory->second.clocks) {
        state->clocks().add(clock);
        state->kept_clocks_ns().push_back(clock.monotonic_ns);
      }
      memory_.erase(memory);
      state->clocks().prepare();  // its segment may hold no description of its own
    }
  }
  return *state;
}

// Reads what the store remembers of these producers: the numbers it has, and some clock readings.
Status Fold::remember(const std::string& uids) {
  const std::string of_these =
      " JOIN producer_row p ON p.producer = m.producer WHERE p.uid IN (" + uids + ")";
  Result<store::QueryResult> rows =
      connection_.query("SELECT p.uid, m.ring, m.first, m.past FROM watermark m" + of_these);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      memory_[static_cast<ProducerId>(c.integer(0, r))].ranges.emplace_back(
          static_cast<uint32_t>(c.integer(1, r)),
          store::NumberRange{static_cast<uint64_t>(c.integer(2, r)),
                             static_cast<uint64_t>(c.integer(3, r))});
    }
  }
  rows = connection_.query(
      "SELECT p.uid, m.ticks, m.source, m.monotonic_ns, m.realtime_ns, m.uncertainty_ns "
      "FROM clock_row m" +
      of_these);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      ClockRecord clock{};
      clock.header.flags = static_cast<uint8_t>(c.integer(2, r));
      clock.ticks = static_cast<uint64_t>(c.integer(1, r));
      clock.monotonic_ns = c.integer(3, r);
      clock.realtime_ns = c.integer(4, r);
      clock.uncertainty_ns = c.integer(5, r);
      memory_[static_cast<ProducerId>(c.integer(0, r))].clocks.push_back(clock);
    }
  }
  return {};
}

void Fold::learn(Open& open) {
  FrameWalk reader(open.bytes->view(), open.segment->file.sealed, 0, open.segment->file.producer);
  while (reader.next()) {
    const FrameView& frame = reader.frame();
    if ((frame.header.flags & kFrameIsMeta) == 0) continue;
    heard_of_.insert(frame.header.producer);
    producer(frame.header.producer)
        .learn(frame, open.segment->file.ordinal << 32 | reader.frame_offset());
  }
}

// Calls `see` with each meta frame of all the producer's segments and its order among them.
template <typename See>
void Fold::each_meta_frame(ProducerId uid, See&& see) {
  for (const SegmentFile& file : list_segments(directory_)) {
    if (file.producer != uid) continue;
    Result<FileBytes> bytes = FileBytes::open(file.path);
    if (!bytes.ok()) continue;
    FrameWalk reader(bytes->view(), file.sealed, 0, uid);
    while (reader.next()) {
      const FrameView& frame = reader.frame();
      if ((frame.header.flags & kFrameIsMeta) == 0 || frame.header.producer != uid) continue;
      see(frame, file.ordinal << 32 | reader.frame_offset());
    }
  }
}

// Whatever any segment of the producer says of names: asked for only when one is missing, since the
// segments may be long. Each segment repeats the dictionary, so a damaged frame of it costs nothing
// while another is there.
void Fold::learn_all_entries(ProducerState& state) {
  if (!learnt_all_.insert(state.uid()).second) return;
  each_meta_frame(state.uid(),
                  [&](const FrameView& frame, uint64_t) { state.learn_entries(frame); });
}

Status Fold::redrive(ProducerId uid) {
  ProducerState& state = producer(uid);
  HEADRACE_RETURN_IF_ERROR(error_);
  // It may have been forgotten meanwhile, or never have been met: clocks are needed too.
  each_meta_frame(uid, [&](const FrameView& frame, uint64_t order) { state.learn(frame, order); });
  learn_all_entries(state);
  state.prepare();
  keep_clocks(state);
  uint64_t taken = 0;
  HEADRACE_RETURN_IF_ERROR(redrive_.run(state, taken));
  report_.redriven += taken;
  report_.records += taken;
  return {};
}

bool Fold::is_dead(ProducerId uid) {
  const auto found = producers_.find(uid);
  if (found == producers_.end() || !found->second->facts()) return false;
  const store::ProducerFacts& facts = *found->second->facts();
  if (facts.lost) return true;
  return liveness_.is_dead(facts.hostname, facts.boot_id, facts.pid, facts.start_time_ticks);
}

Status Fold::run(Pending pending) {
  HEADRACE_RETURN_IF_ERROR(writer_.begin());
  const Result<uint64_t> aside = quarantine_.take_in_aside(connection_);
  if (!aside.ok()) return aside.status();
  report_.quarantined += *aside;
  HEADRACE_RETURN_IF_ERROR(redrive_.load());
  for (const uint32_t gone : pending.gone) set_gone(gone);
  std::string uids;
  for (const PendingSegment& segment : pending.segments) {
    if (!memory_.try_emplace(segment.file.producer).second) continue;
    uids += (uids.empty() ? "" : ", ") + std::to_string(segment.file.producer);
  }
  if (!uids.empty()) HEADRACE_RETURN_IF_ERROR(remember(uids));
  for (size_t i = 0; i < pending.segments.size();) {
    std::vector<PendingSegment*> segments;
    const ProducerId uid = pending.segments[i].file.producer;
    for (; i < pending.segments.size() && pending.segments[i].file.producer == uid; ++i) {
      segments.push_back(&pending.segments[i]);
    }
    HEADRACE_RETURN_IF_ERROR(group(std::move(segments)));
    learnt_all_.erase(uid);
  }
  // Of producers that have said more, what was refused for want of an entry may be good now; also
  // what was refused just now, when the entry came later on.
  std::set<ProducerId> again;
  for (const ProducerId uid : redrive_.producers()) {
    if (options_.redrive || heard_of_.contains(uid)) again.insert(uid);
  }
  if (!lacking_.empty()) {
    HEADRACE_RETURN_IF_ERROR(next_batch());  // so that their rows are there
    again.insert(lacking_.begin(), lacking_.end());
  }
  for (const ProducerId uid : again) HEADRACE_RETURN_IF_ERROR(redrive(uid));
  HEADRACE_RETURN_IF_ERROR(commit());
  quarantine_.forget_aside();
  return {};
}

// All segments of one producer: first everything that describes, then everything described, so that
// the order of frames does not matter.
Status Fold::group(std::vector<PendingSegment*> segments) {
  if (producers_.size() > kProducersAtOnce) {
    HEADRACE_RETURN_IF_ERROR(next_batch());
    producers_.clear();
    learnt_all_.clear();
  }
  std::vector<Open> opened;
  for (PendingSegment* segment : segments) {
    Result<FileBytes> bytes = FileBytes::open(segment->file.path);
    if (!bytes.ok()) {
      ++report_.quarantined;
      continue;
    }
    opened.push_back({segment, std::move(*bytes)});
    learn(opened.back());
    // A producer may have written more than fits in memory. What is sealed stays as it is.
    if (segment->file.sealed) opened.back().bytes.reset();
  }
  const ProducerId uid = segments.front()->file.producer;
  const bool dead = is_dead(uid);
  for (Open& open : opened) {
    if (open.segment->file.sealed || !dead) continue;
    // It may have written between our look at the file and its end: look once more.
    Result<FileBytes> again = FileBytes::open(open.segment->file.path);
    if (again.ok() && again->view().size() != open.bytes->view().size()) {
      open.bytes.emplace(std::move(*again));
      learn(open);
    }
  }
  HEADRACE_RETURN_IF_ERROR(error_);
  for (auto& [id, state] : producers_) {
    state->prepare();
    keep_clocks(*state);
    if (id == uid && dead && !state->facts()->ended) {
      set_gone(state->id());
    }
  }
  for (Open& open : opened) {
    if (!open.bytes) {
      Result<FileBytes> again = FileBytes::open(open.segment->file.path);
      if (!again.ok()) {
        ++report_.quarantined;
        continue;
      }
      open.bytes.emplace(std::move(*again));
    }
    HEADRACE_RETURN_IF_ERROR(read(open, open.segment->file.sealed || dead));
    open.bytes.reset();
  }
  return {};
}

void Fold::keep_clocks(ProducerState& state) {
  std::vector<int64_t>& kept = state.kept_clocks_ns();
  for (const ClockRecord& clock : state.clocks().readings()) {
    const auto is_near = [&clock](int64_t other) {
      return std::abs(static_cast<double>(other) - static_cast<double>(clock.monotonic_ns)) <
             static_cast<double>(kKeptClockEvery_ns);
    };
    if (std::any_of(kept.begin(), kept.end(), is_near)) continue;
    kept.push_back(clock.monotonic_ns);
    store::Appender* to = writer_.rows(store::Table::kClock);
    if (to == nullptr || !to->next_row().ok()) return;
    to->set(0, state.id());
    to->set(1, clock.ticks);
    to->set(2, clock.header.flags);
    to->set(3, clock.monotonic_ns);
    to->set(4, clock.realtime_ns);
    to->set(5, clock.uncertainty_ns);
  }
}

Status Fold::read(Open& open, bool is_final) {
  const std::string_view bytes = open.bytes->view();
  const uint64_t from = std::min<uint64_t>(open.segment->resume_at, bytes.size());
  if (open.segment->again) {
    HEADRACE_RETURN_IF_ERROR(redrive_.forget_damage(open.segment->name));
  }
  FrameWalk reader(bytes, is_final, from, open.segment->file.producer);
  size_t noted = 0;
  while (reader.next()) {
    if ((reader.frame().header.flags & kFrameIsMeta) == 0) frame(reader, open);
    note_damage(reader, open, &noted);
    HEADRACE_RETURN_IF_ERROR(error_);
  }
  note_damage(reader, open, &noted);
  writer_.set_segment(open.segment->name, {bytes.size(), reader.resume_offset(), is_final});
  ++report_.segments;
  report_.bytes += bytes.size() - from;
  return {};
}

void Fold::frame(const FrameWalk& reader, const Open& open) {
  const FrameView& frame = reader.frame();
  const FrameHeader& header = frame.header;
  if (header.records == 0) return;
  ProducerState& state = producer(header.producer);
  Refused refused;
  refused.segment = open.segment->name;
  refused.ring = header.ring;
  uint64_t offset = reader.frame_offset() + sizeof(FrameHeader);
  const auto keep_refused = [&] {
    if (refused.records > 0) quarantine_.keep(state.id(), refused);
    refused.records = 0;
  };
  const auto refuse = [&](uint64_t at, std::string_view bytes, uint64_t number, const char* why) {
    // Neighbours with one reason are kept together.
    if (refused.records > 0 && refused.reason == why &&
        refused.offset + refused.bytes.size() == at) {
      refused.bytes = {refused.bytes.data(), refused.bytes.size() + bytes.size()};
    } else {
      keep_refused();
      refused.offset = at;
      refused.bytes = bytes;
      refused.reason = why;
      refused.first_number = number;
      ++report_.quarantined;
    }
    ++refused.records;
  };
  const uint64_t past = header.first_number + header.records;
  if (past < header.first_number || past >= uint64_t{1} << 62) {
    refuse(offset, frame.payload, 0, "its record numbers are impossible");
    refused.records = 0;  // they count nowhere
    refused.ring.reset();
    quarantine_.keep(state.id(), refused);
    return;
  }
  SeenNumbers& seen = state.seen(header.ring);
  const SeenNumbers::Overlap overlap = seen.overlap(header.first_number, past);
  if (overlap == SeenNumbers::Overlap::kAll) {
    report_.repeated += header.records;
    return;
  }
  for_each_record(frame, [&](const RecordView& record, uint64_t number) {
    const uint64_t at = offset;
    offset += record.bytes().size();
    if (overlap == SeenNumbers::Overlap::kSome && seen.contains(number)) {
      ++report_.repeated;
      return;
    }
    ++report_.records;
    const char* why = records_.take(state, record, header.ring, number);
    if (RecordFold::lacks_entry(why) && !learnt_all_.contains(state.uid())) {
      learn_all_entries(state);
      why = records_.take(state, record, header.ring, number);
    }
    if (RecordFold::lacks_entry(why)) lacking_.insert(state.uid());
    if (why != nullptr) refuse(at, record.bytes(), number, why);
    if (!is_batch_full() || !error_.ok()) return;
    // In the middle of the frame, so that the rows are exactly one row group: the rest of the frame
    // is known by its numbers when it is read again.
    keep_refused();
    seen.add(header.first_number, number + 1);
    changed_rings_.insert({header.producer, header.ring});
    writer_.set_segment(open.segment->name, {reader.frame_offset(), reader.frame_offset(), false});
    error_ = next_batch();
  });
  keep_refused();
  seen.add(header.first_number, past);
  changed_rings_.insert({header.producer, header.ring});
}

bool Fold::is_batch_full() const {
  return records_.batch_tasks() >= options_.batch_rows ||
         records_.batch_rows() >= 4 * options_.batch_rows;
}

Status Fold::next_batch() {
  HEADRACE_RETURN_IF_ERROR(commit());
  return writer_.begin();
}

void Fold::note_damage(const FrameWalk& reader, const Open& open, size_t* noted) {
  for (; *noted < reader.damage().size(); ++*noted) {
    const Damage& damage = reader.damage()[*noted];
    Refused refused;
    refused.segment = open.segment->name;
    refused.offset = damage.offset;
    refused.bytes = open.bytes->view().substr(damage.offset, damage.length_bytes);
    refused.reason = name_of(damage.reason);
    const uint32_t whose = producer(open.segment->file.producer).id();
    quarantine_.keep(whose, refused);
    writer_.touch_numbers(whose);
    ++report_.quarantined;
  }
}

Status Fold::commit() {
  for (const auto& [uid, ring] : changed_rings_) {
    const auto found = producers_.find(uid);
    if (found == producers_.end()) continue;
    writer_.set_ranges(found->second->id(), ring, found->second->seen(ring).ranges());
  }
  changed_rings_.clear();
  HEADRACE_RETURN_IF_ERROR(writer_.commit());
  redrive_.committed();
  records_.next_batch();
  report_.tasks = records_.tasks();
  return {};
}

Status explained(Status status) {
  status = status.with_context("cannot fold the spool");
  if (status.code() != StatusCode::kIo) return status;
  return {StatusCode::kIo, status.message() +
                               "; nothing is lost: what is not in the store stays in the spool and "
                               "is taken in when it can be written"};
}

// Cuts off the segments beyond the limit; how many.
size_t leave_for_later(Pending& pending, uint64_t most_bytes) {
  if (most_bytes == 0) return 0;
  uint64_t bytes = 0;
  size_t taken = 0;
  for (const PendingSegment& segment : pending.segments) {
    bytes += segment.file.size_bytes - std::min(segment.resume_at, segment.file.size_bytes);
    if (taken > 0 && bytes > most_bytes) break;
    ++taken;
  }
  const size_t left = pending.segments.size() - taken;
  pending.segments.resize(taken);
  return left;
}

}  // namespace

Result<bool> nothing_new(const Directory& directory, const store::Store& store) {
  const Liveness liveness;
  if (has_dead_rings(directory, liveness)) return false;
  Result<Pending> pending = find_pending(directory, store.connection(), liveness);
  if (!pending.ok()) return pending.status();
  return pending->empty();
}

Result<FoldReport> fold(const Directory& directory, store::Store& store,
                        const FoldOptions& options) {
  const int64_t begin_ns = now_monotonic_ns();
  FoldReport report;
  const Liveness liveness;
  report.adopted = adopt(directory, liveness);
  Result<Pending> pending = find_pending(directory, store.connection(), liveness);
  if (!pending.ok()) return pending.status();
  report.segments_left = leave_for_later(*pending, options.most_bytes);
  if (!pending->empty() || has_aside(directory) || options.redrive) {
    if (!store.file().empty()) {
      HEADRACE_RETURN_IF_ERROR(store.connection().run(kWritingMemory));
    }
    const Result<OneThread> one_thread = OneThread::set(store.connection());
    if (!one_thread.ok()) return one_thread.status();
    Result<store::Writer> writer = store::Writer::open(store.connection());
    if (!writer.ok()) return writer.status();
    Fold run(directory, store.connection(), *writer, options, report);
    HEADRACE_RETURN_IF_ERROR(explained(run.run(std::move(*pending))));
    if (options.may_delete_segments) {
      report.segments_deleted =
          delete_old_segments(directory, store.connection(), options.kept_bytes);
    }
  }
  report.elapsed_ns = now_monotonic_ns() - begin_ns;
  return report;
}

}  // namespace headrace::collect
