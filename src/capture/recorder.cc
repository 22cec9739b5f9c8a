#include "capture/recorder.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <pthread.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "base/signals_blocked.h"
#include "capture/abandoned_rings.h"
#include "capture/current_task.h"
#include "capture/process_task.h"
#include "capture/redaction_rules.h"
#include "capture/ring_directory.h"
#include "capture/shared_word.h"
#include "capture/task.h"
#include "capture/workflow.h"

// The room that samples, where it is linked in: capture does not need it.
extern "C" __attribute__((weak)) void hr_telemetry_install(void);

namespace headrace::capture {

std::atomic<Recorder*> Recorder::g_recorder{nullptr};

namespace {

std::mutex g_create_mutex;
// Set by use_directory before the first event.
std::filesystem::path& g_directory = *new std::filesystem::path;

bool disabled_by_environment() {
  const char* set = std::getenv("HEADRACE_DISABLED");
  return set != nullptr && *set != '\0' && std::strcmp(set, "0") != 0;
}

std::string ring_entry(uint32_t ring) {
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof name);
  std::string out;
  ByteWriter bytes(out);
  bytes.u32(ring);
  bytes.u32(static_cast<uint32_t>(syscall(SYS_gettid)));
  bytes.raw(name, std::strlen(name));
  return out;
}

// Set once by the room that samples; runs when the process's first ring is made.
std::atomic<void (*)()> g_first_event_hook{nullptr};
std::atomic<void (*)()> g_stop_hook{nullptr};

}  // namespace

void set_event_hooks(void (*first_event)(), void (*before_stop)()) {
  g_first_event_hook.store(first_event);
  g_stop_hook.store(before_stop);
}

// How much was withheld from this process's records, for headrace doctor.
static void describe_redactions(Recorder& recorder) {
  const uint64_t by_name = redactions.by_name.load(std::memory_order_relaxed);
  const uint64_t in_text = redactions.in_text.load(std::memory_order_relaxed);
  if (by_name != 0) recorder.describe("redacted_values", std::to_string(by_name));
  if (in_text != 0) recorder.describe("redacted_texts", std::to_string(in_text));
}

void stop_capture(TaskStatus status) {
  if (Recorder::existing() == nullptr) return;
  // Each may run out of memory; then the ring file stays, and a collector takes what is in it.
  const auto attempt = [](auto step) {
    try {
      step();
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): see above
    }
  };
  if (auto* const hook = g_stop_hook.load(); hook != nullptr) attempt(hook);
  attempt([status] { end_process_workflow(status, Fields()); });
  attempt([] { describe_redactions(*Recorder::existing()); });
  attempt([] { Recorder::existing()->stop(); });
}

// A fork child has one thread and copies of memory that other threads were writing: it forgets the
// recorder it inherited, whole, and makes its own at its next event.
class ForkHandler {
 public:
  static void install() {
    static const int once = pthread_atfork(nullptr, nullptr, &in_child);
    (void)once;
  }

 private:
  static void in_child() {
    Recorder* inherited = Recorder::g_recorder.exchange(nullptr);
    if (inherited == nullptr) return;
    // The parent goes on writing through its own descriptor; ours would only keep the file open.
    inherited->drain_.abandon();
    for (const auto& mapping : inherited->mappings_) {
      if (mapping != nullptr) mapping->forget_in_child();
    }
    new (&g_create_mutex) std::mutex;
    thread_state_after_fork();
  }
};

Recorder* Recorder::create() {
  const std::lock_guard lock(g_create_mutex);
  Recorder* recorder = g_recorder.load(std::memory_order_acquire);
  if (recorder != nullptr) return recorder;
  static const bool off = disabled_by_environment();
  if (off) return nullptr;
  std::error_code error;
  std::filesystem::path here = std::filesystem::current_path(error);
  if (error) here = "/";
  Directory directory = g_directory.empty() ? find_directory(here) : Directory{g_directory};
  recorder = new Recorder(std::move(directory), draw_producer());
  if (hr_telemetry_install != nullptr) hr_telemetry_install();
  ForkHandler::install();
  static const int at_exit_once = std::atexit([] { stop_capture(TaskStatus::kFinished); });
  (void)at_exit_once;
  g_recorder.store(recorder, std::memory_order_release);
  tell_preloaded_library();
  return recorder;
}

Status Recorder::use_directory(const std::filesystem::path& root) {
  const std::lock_guard lock(g_create_mutex);
  std::error_code error;
  const auto absolute = std::filesystem::absolute(root, error).lexically_normal();
  if (const Recorder* recorder = g_recorder.load(); recorder != nullptr) {
    if (recorder->directory_.root == absolute) return {};
    return invalid_argument("capture already writes to " + recorder->directory_.root.string() +
                            "; choose the directory before the first task");
  }
  g_directory = absolute;
  return {};
}

Recorder::Recorder(Directory directory, ProducerId producer)
    : directory_(std::move(directory)),
      producer_(producer),
      facts_(process_facts()),
      drain_(directory_, producer, {dictionary_, pool_, slots_, rings_, description_, losses_}) {
  for (const auto& [key, value] : facts_) description_.add(key, value);
  mappings_.reserve(16);
  const SpoolPolicy& policy = drain_.writer().policy();
  description_.add("durability", policy.ends_wait ? "2s" : policy.power_safe ? "2" : "1");
  if (policy.power_safe) group_ = std::make_unique<GroupSync>(sync_steps());
}

Ring* Recorder::ring_slow() {
  ThreadState& thread = this_thread();
  // exit() ends the main thread's locals before it calls its handlers, one of which ends the
  // process's workflow; any other thread says nothing more.
  if (thread.ended && getpid() != static_cast<pid_t>(syscall(SYS_gettid))) return nullptr;
  if (out_of_rings_.load(std::memory_order_relaxed) && thread.parked_ring == nullptr) {
    return nullptr;
  }
  bool started = false;
  try {
    {
      const std::lock_guard lock(lifecycle_mutex_);
      if (!has_mapping_) make_mapping();
      if (thread.recorder == this && thread.parked_ring != nullptr) {
        thread.ring = std::exchange(thread.parked_ring, nullptr);
      } else {
        Ring* const ring = add_ring();
        if (ring == nullptr) return nullptr;
        thread.recorder = this;
        thread.producer = producer_;
        find_outer_task();
        thread.root_parent = root_parent(*this);
        thread.ring = ring;
      }
      started = start_thread();
      if (RingMapping* mapping = mappings_.back().get(); started && mapping != nullptr) {
        store_release(mapping->header().state, static_cast<uint32_t>(RingState::kReady));
      }
    }
    if (auto* const hook = g_first_event_hook.load(); started && hook != nullptr) hook();
  } catch (const std::bad_alloc&) {
    return thread.ring;
  }
  return thread.ring;
}

// With lifecycle_mutex_ held, before the first thread has a ring.
void Recorder::find_outer_task() {
  if (std::exchange(has_outer_task_, true)) return;
  outer_task_ = task_of_environment();
  if (outer_task_.is_nil()) return;
  const TaskRef forked_in = reference(this_thread().current);
  const Uuid started_in =
      forked_in.number == 0 ? Uuid{} : task_uuid(forked_in.producer, forked_in.number);
  const Uuid own = take_process_task(outer_task_, started_in);
  if (own.is_nil()) return;
  outer_task_ = own;
  has_process_task_ = true;
}

void Recorder::announce(const TaskRecord& record) {
  const std::lock_guard lock(drain_mutex_);
  drain_.announce(record);
}

// With lifecycle_mutex_ held. Null when the indexes have run out, which is said once.
Ring* Recorder::add_ring() {
  Ring* const ring = rings_.add();
  if (ring != nullptr) {
    dictionary_.intern(EntryKind::kRing, ring_entry(ring->index()));
  } else if (!out_of_rings_.exchange(true)) {
    std::fprintf(stderr,
                 "headrace: this process has had %u threads, and no more can be told apart; what "
                 "new ones do is not recorded\n",
                 RingSet::kPastIndex - 1);
  }
  return ring;
}

TaskNumber Recorder::number_from_new_ring(ThreadState& thread) {
  if (!out_of_rings_.load(std::memory_order_relaxed)) {
    try {
      const std::lock_guard lock(lifecycle_mutex_);
      if (Ring* const ring = add_ring(); ring != nullptr) {
        std::exchange(thread.ring, ring)->close();
        return ring->next_task_number();
      }
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the next task tries again
    }
  }
  count_if_out_of_rings();
  return 0;
}

void Recorder::count_if_out_of_rings() {
  if (out_of_rings_.load(std::memory_order_relaxed)) {
    tasks_without_id_.fetch_add(1, std::memory_order_relaxed);
  }
}

// With lifecycle_mutex_ held.
void Recorder::make_mapping() {
  mappings_.push_back(RingMapping::make(directory_, producer_, facts_));
  RingMapping* const mapping = mappings_.back().get();
  pool_.use(mapping);
  slots_.use(mapping);
  has_mapping_ = true;
  if (mapping == nullptr) return;
  const std::lock_guard lock(drain_mutex_);
  describe("ring", mapping->place());
  store_relaxed(mapping->header().own_records, drain_.own_numbers());
  losses_.mirror(&mapping->header());
  waiting_.store(&mapping->header().waiting, std::memory_order_release);
  drain_.use(mapping);
  dictionary_.begin_tail(drain_.next_entry());
  uint64_t version = 0;
  const std::string record = description_.record(&version);
  dictionary_.add_description(record, version);
}

char* Recorder::reserve_slow(Ring& ring, size_t bytes) {
  if (bytes <= kMaxRecordBytes && find_chunk(ring)) return ring.reserve(bytes);
  const GapReason reason =
      bytes > kMaxRecordBytes ? GapReason::kTooLarge : GapReason::kPoolExhausted;
  if (ring.wants_place()) ring.use_place(losses_.place_for(ring.index()));
  ring.drop(reason);
  losses_.count(reason, 1);
  return nullptr;
}

// A chunk from the pool; else, while the spool can be written, room by draining on this thread,
// which loses nothing and takes a bounded while. A spool that hangs is waited for once.
bool Recorder::find_chunk(Ring& ring) {
  constexpr int64_t kNap_ns = 1'000'000;
  for (int64_t waited_ns = 0;; waited_ns += kNap_ns) {
    ChunkHeader* chunk = pool_.take(ChunkKind::kRecords);
    if (chunk != nullptr) {
      ring.give_chunk(chunk);
      update_shed_level();
      if (2 * pool_.records_out() > kPoolChunks && !wake_asked_.exchange(true)) wake_.notify_one();
      return true;
    }
    if (drain_.failing() || stalled_.load(std::memory_order_relaxed)) break;
    if (drain_mutex_.try_lock()) {
      const std::lock_guard lock(drain_mutex_, std::adopt_lock);
      producer_drains_.fetch_add(1, std::memory_order_relaxed);
      if (drain_now() && ring.rewind()) return true;
      chunk = pool_.take(ChunkKind::kRecords, true);
      if (chunk == nullptr) break;
      ring.give_chunk(chunk);
      return true;
    }
    if (waited_ns >= kStall_ns) {
      stalled_.store(true, std::memory_order_relaxed);
      break;
    }
    const timespec nap{0, kNap_ns};
    nanosleep(&nap, nullptr);
  }
  ring.give_chunk(nullptr);
  update_shed_level();
  return false;
}

void Recorder::update_shed_level() {
  ShedLevel level = ShedLevel::kNone;
  if (drain_.failing() || stalled_.load(std::memory_order_relaxed)) {
    const uint32_t out = pool_.records_out();
    if (out >= kPoolChunks) {
      level = ShedLevel::kDrop;
    } else if (4 * out >= 3 * kPoolChunks) {
      level = ShedLevel::kElideValues;
    } else if (2 * out >= kPoolChunks) {
      level = ShedLevel::kThinSamples;
    }
  }
  shed_level_.store(level, std::memory_order_relaxed);
}

void Recorder::describe(const std::string& key, const std::string& value) {
  description_.add(key, value);
  uint64_t version = 0;
  const std::string record = description_.record(&version);
  dictionary_.add_description(record, version);
}

// With lifecycle_mutex_ held. True when it was not running.
bool Recorder::start_thread() {
  if (running_.load()) return false;
  if (thread_.joinable()) thread_.join();
  {
    const std::lock_guard lock(thread_mutex_);
    stopping_ = false;
  }
  // A process that cannot have a thread still records: full chunks are drained by their producers.
  try {
    const SignalsBlocked blocked;
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {  // NOLINT(bugprone-empty-catch): see above
  }
  running_.store(true, std::memory_order_release);
  if (group_ != nullptr) group_->start();
  return true;
}

// With drain_mutex_ held: one pass of the drain thread, or of a thread that needs room.
bool Recorder::drain_now() {
  bool written = false;
  try {
    written = drain_.pass(false);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the next pass tries again
  }
  stalled_.store(false, std::memory_order_relaxed);
  update_shed_level();
  return written;
}

// Once, when the first records are safe: what others left that nobody will come for.
void Recorder::tidy() {
  try {
    remove_abandoned_rings(ring_directory());
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): the next process tries again
  }
}

void Recorder::run() {
  pthread_setname_np(pthread_self(), "headrace-drain");
  int64_t clock_stored_ns = 0;
  bool has_tidied = false;
  bool was_little = false;
  std::unique_lock lock(thread_mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, std::chrono::nanoseconds(was_little ? kSeldomFlush_ns : kFlush_ns));
    lock.unlock();
    wake_asked_.store(false);
    try {
      const std::lock_guard drain(drain_mutex_);
      const uint64_t before_bytes = drain_.writer().bytes_written();
      drain_now();
      was_little = drain_.writer().bytes_written() - before_bytes < kLittle_bytes;
      drain_cpu_ns_ = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
      drain_.seal_if_due();
      if (RingMapping* mapping = mappings_.back().get(); mapping != nullptr) {
        const int64_t now_ns = now_monotonic_ns();
        if (now_ns - clock_stored_ns >= 1'000'000'000) {
          clock_stored_ns = now_ns;
          mapping->store_clock();
          mapping->name_folder(directory_);
        }
      }
    } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the next round tries again
    }
    if (!std::exchange(has_tidied, true)) tidy();
    lock.lock();
  }
}

// One round of level 2: everything in the rings goes into segments, and these to the medium.
GroupSync::Steps Recorder::sync_steps() {
  GroupSync::Steps steps;
  steps.begin = [this] {
    const std::lock_guard lock(drain_mutex_);
    GroupSync::Steps::Begun begun;
    begun.drained = drain_.pass(false);
    update_shed_level();
    sync_target_ = drain_.writer().durability().written;
    begun.sync = drain_.begin_sync();
    return begun;
  };
  steps.finish = [this](const std::optional<SegmentSync>& sync) {
    const std::lock_guard lock(drain_mutex_);
    if (sync) drain_.finish_sync(*sync);
    if (drain_.writer().durability().durable < sync_target_) return false;
    // For who reads the segments: the watermark as of a second ago, while there is something new.
    const int64_t now_ns = now_monotonic_ns();
    if (sync && now_ns - watermark_told_ns_ >= 1'000'000'000) {
      watermark_told_ns_ = now_ns;
      describe("durable_until_ns", std::to_string(group_->until_ns()));
    }
    return true;
  };
  return steps;
}

Status Recorder::wait_durable() {
  constexpr int64_t kPatience_ns = 30'000'000'000;
  if (group_ == nullptr) {
    return unsupported("nothing is synced at durability level 1; set HEADRACE_DURABILITY=2");
  }
  return group_->wait(kPatience_ns);
}

void Recorder::settle() {
  if (drain_.writer().policy().ends_wait) static_cast<void>(wait_durable());
}

void Recorder::flush() {
  const std::lock_guard lock(drain_mutex_);
  try {
    drain_.pass(true);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the next pass tries again
  }
  update_shed_level();
}

void Recorder::stop() {
  const std::lock_guard lifecycle(lifecycle_mutex_);
  {
    const std::lock_guard lock(thread_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  if (group_ != nullptr) group_->stop();
  running_.store(false, std::memory_order_release);
  const std::lock_guard lock(drain_mutex_);
  if (!has_mapping_) return;
  drain_.announce_all();
  bool written = drain_.pass(true);
  const CaptureCounters now = counters_locked();
  if (now.records != stopped_at_records_) {
    stopped_at_records_ = now.records;
    const auto count = [this](const char* key, auto value) {
      describe(key, std::to_string(value));
    };
    describe("ended", "clean");
    count("ended_ns", now_realtime_ns());
    count("records", now.records);
    count("dropped", now.dropped);
    count("dropped_write_failed", now.dropped_write_failed);
    count("dropped_no_memory", now.dropped_no_memory);
    count("dropped_too_large", now.dropped_too_large);
    count("samples_shed", now.samples_shed);
    count("values_elided", now.values_elided);
    if (now.names_refused != 0) count("names_refused", now.names_refused);
    if (now.tasks_without_id != 0) count("tasks_without_id", now.tasks_without_id);
    count("bytes", now.bytes);
    count("segments", now.segments);
    count("drain_cpu_ns", now.drain_cpu_ns);
    count("producer_drains", now.producer_drains);
    // The last word on this producer: how it ended and what must be found of it.
    drain_.end();
  }
  leave_ring_file(written && !drain_.failing());
}

// With both locks held. The file goes when nothing in it is new and nothing new can come.
void Recorder::leave_ring_file(bool written) {
  RingMapping* const mapping = mappings_.back().get();
  ThreadState& thread = this_thread();
  Ring* const mine = thread.recorder == this ? thread.ring : nullptr;
  if (mine != nullptr) thread.parked_ring = std::exchange(thread.ring, nullptr);
  if (!written) {
    std::error_code error;
    const bool someone_may_adopt = mapping != nullptr && mapping->is_file() &&
                                   std::filesystem::is_directory(directory_.spool(), error);
    if (!someone_may_adopt) {
      drain_.give_up();
      written = true;
    }
  }
  if (mapping == nullptr) return;
  // What is known of tasks that are still open lies only here: who adopts the file tells it.
  bool open = false;
  slots_.for_each_open([&open](const TaskSlot&, const TaskSlots::Notes&) { open = true; });
  if (!written || open || rings_.others_live(mine)) {
    store_release(mapping->header().state, static_cast<uint32_t>(RingState::kStopped));
    return;
  }
  for (Ring* ring : rings_.all()) ring->release(pool_);
  drain_.release_own();
  drain_.use(nullptr);
  losses_.mirror(nullptr);
  waiting_.store(nullptr, std::memory_order_release);
  drop_free_tasks(thread);
  mapping->unlink();
  has_mapping_ = false;
}

CaptureCounters Recorder::counters_locked() const {
  CaptureCounters out;
  out.records = rings_.numbers() + drain_.own_numbers();
  out.dropped = losses_.dropped();
  out.bytes = drain_.writer().bytes_written();
  out.segments = drain_.writer().segments();
  out.drain_cpu_ns = drain_cpu_ns_;
  out.producer_drains = producer_drains_.load(std::memory_order_relaxed);
  out.dropped_write_failed = losses_.of(GapReason::kWriteFailed);
  out.dropped_no_memory = losses_.of(GapReason::kPoolExhausted);
  out.dropped_too_large = losses_.of(GapReason::kTooLarge);
  out.samples_shed = losses_.of(GapReason::kSamplesShed);
  out.values_elided = losses_.of(GapReason::kValuesElided);
  out.names_refused = losses_.of(GapReason::kNamesRefused);
  out.tasks_without_id = tasks_without_id_.load(std::memory_order_relaxed);
  return out;
}

CaptureCounters Recorder::counters() {
  const std::lock_guard lock(drain_mutex_);
  return counters_locked();
}

}  // namespace headrace::capture
