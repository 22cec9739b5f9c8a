#include "capture/recorder.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

#include "capture/current_task.h"
#include "capture/process_facts.h"
#include "capture/redaction_rules.h"
#include "capture/thread_state.h"
#include "capture/workflow.h"
#include "encode/nested.h"

// The room that samples, where it is linked in: capture does not need it.
extern "C" __attribute__((weak)) void hr_telemetry_install(void);

namespace headrace::capture {
namespace {

std::atomic<Recorder*> g_recorder{nullptr};
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
  if (auto* const hook = g_stop_hook.load(); hook != nullptr) hook();
  end_process_workflow(status, Fields());
  describe_redactions(*Recorder::existing());
  Recorder::existing()->stop();
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
    Recorder* inherited = g_recorder.exchange(nullptr);
    if (inherited == nullptr) return;
    // The parent goes on writing through its own descriptor; ours would only keep the file open.
    inherited->writer_.abandon();
    new (&g_create_mutex) std::mutex;
    thread_state_after_fork();
  }
};

Recorder* Recorder::existing() { return g_recorder.load(std::memory_order_acquire); }

Recorder* Recorder::get() {
  Recorder* recorder = g_recorder.load(std::memory_order_acquire);
  if (recorder != nullptr) return recorder;
  return create();
}

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
      pool_(kPoolChunks),
      writer_(directory_, producer, [this] { write_preamble(); }) {
  for (const auto& [key, value] : process_facts()) describe(key, value);
}

Ring* Recorder::ring() {
  ThreadState& thread = this_thread();
  if (thread.ring != nullptr && thread.recorder == this) return thread.ring;
  // exit() ends the main thread's locals before it calls its handlers, one of which ends the
  // process's workflow; any other thread says nothing more.
  if (thread.ended && getpid() != static_cast<pid_t>(syscall(SYS_gettid))) return nullptr;
  Ring* ring = nullptr;
  {
    const std::lock_guard lock(rings_mutex_);
    rings_.push_back(std::make_unique<Ring>(next_ring_++));
    ring = rings_.back().get();
  }
  dictionary_.intern(EntryKind::kRing, ring_entry(ring->index()));
  thread.ring = ring;
  thread.recorder = this;
  if (!running_.load(std::memory_order_acquire)) {
    start_thread();
    if (auto* const hook = g_first_event_hook.load(); hook != nullptr) hook();
  }
  return ring;
}

char* Recorder::reserve_slow(Ring& ring, size_t bytes) {
  if (bytes <= kMaxRecordBytes) {
    Chunk* chunk = pool_.take(false);
    if (chunk == nullptr) {
      // The drain thread is behind: this thread writes, which takes a bounded while and loses
      // nothing.
      {
        const std::lock_guard lock(drain_mutex_);
        ++counters_.producer_drains;
        drain_all();
      }
      chunk = pool_.take(true);
    }
    if (chunk != nullptr) {
      ring.give_chunk(chunk);
      if (pool_.more_than_half_out()) wake_.notify_one();
      return ring.reserve(bytes);
    }
  }
  const std::lock_guard lock(drain_mutex_);
  ++counters_.dropped;
  return nullptr;
}

void Recorder::describe(const std::string& key, const std::string& value) {
  const std::lock_guard lock(description_mutex_);
  NestedWriter pairs(description_);
  pairs.string(key);
  pairs.string(std::string_view(value).substr(0, 8192));
  ++description_count_;
}

void Recorder::start_thread() {
  const std::lock_guard lock(thread_mutex_);
  if (running_.load()) return;
  if (thread_.joinable()) thread_.join();
  stopping_ = false;
  // A process that cannot have a thread still records: full chunks are drained by their producers.
  // The program's signals are for the program's threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([this] { run(); });
    running_.store(true, std::memory_order_release);
  } catch (const std::system_error&) {
    running_.store(true, std::memory_order_release);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Recorder::run() {
  pthread_setname_np(pthread_self(), "headrace-drain");
  std::unique_lock lock(thread_mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, std::chrono::nanoseconds(kFlush_ns));
    lock.unlock();
    {
      const std::lock_guard drain(drain_mutex_);
      drain_all();
      counters_.drain_cpu_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
      if (writer_.wants_seal(now_monotonic_ns())) report_once(writer_.seal());
    }
    lock.lock();
  }
}

void Recorder::drain_all() {
  std::vector<Ring*> rings;
  {
    const std::lock_guard lock(rings_mutex_);
    rings.reserve(rings_.size());
    for (const auto& ring : rings_) rings.push_back(ring.get());
  }
  for (Ring* ring : rings) {
    announce_open_tasks(*ring, false);
    const bool closed = ring->closed();  // before the last look: nothing is committed after it
    drain_ring(*ring);
    if (!closed) continue;
    const std::lock_guard lock(rings_mutex_);
    ring->release(pool_);
    std::erase_if(rings_, [ring](const auto& one) { return one.get() == ring; });
  }
  drain_ring(own_);
  if (!lost_.empty() && !failing_) {
    const std::vector<Lost> lost = std::move(lost_);
    lost_.clear();
    for (const Lost& one : lost) {
      write_gap(one.ring, one.first, one.count, GapReason::kWriteFailed);
    }
    drain_ring(own_);
  }
}

void Recorder::drain_ring(Ring& ring) {
  while (true) {
    const std::string_view bytes = ring.readable(kMaxPayloadBytes, pool_);
    if (bytes.empty()) return;
    FrameHeader header;
    header.ring = ring.index();
    header.first_number = ring.next_number;
    for (size_t at = 0; at < bytes.size(); at += load_le<uint32_t>(bytes.data() + at)) {
      ++header.records;
    }
    // An open segment first: its preamble holds every entry, and sets next_entry_.
    Status status = writer_.open();
    if (status.ok()) {
      write_new_entries();
      write_clock();
      status = writer_.write(header, bytes);
    }
    counters_.records += header.records;
    ring.next_number += header.records;
    ring.consume(bytes.size());
    failing_ = !status.ok();
    if (failing_) {
      counters_.dropped += header.records;
      report_once(status);
      if (!lost_.empty() && lost_.back().ring == header.ring &&
          lost_.back().first + lost_.back().count == header.first_number) {
        lost_.back().count += header.records;
      } else {
        lost_.push_back({header.ring, header.first_number, header.records});
      }
    }
  }
}

void Recorder::write_new_entries() {
  while (next_entry_ <= dictionary_.size()) {
    std::string payload;
    uint32_t records = 0;
    next_entry_ = dictionary_.write_records(next_entry_, kMaxPayloadBytes, payload, records);
    writer_.write_meta(payload, records);
  }
}

void Recorder::write_clock() {
  const int64_t now_ns = now_monotonic_ns();
  if (now_ns - last_clock_ns_ < 1'000'000'000) return;
  last_clock_ns_ = now_ns;
  const ClockReading reading = read_clocks();
  ClockRecord record{};
  record.header = {sizeof record, RecordKind::kClock, static_cast<uint8_t>(tick_source()), 0};
  record.ticks = reading.ticks;
  record.monotonic_ns = reading.monotonic_ns;
  record.realtime_ns = reading.realtime_ns;
  record.uncertainty_ns = reading.uncertainty_ns;
  writer_.write_meta({reinterpret_cast<const char*>(&record), sizeof record}, 1);
}

void Recorder::write_preamble() {
  std::string nested;
  {
    const std::lock_guard lock(description_mutex_);
    NestedWriter map(nested);
    map.begin_map(description_count_);
    nested += description_;
  }
  if (nested.size() > kMaxRecordBytes - 64) nested.clear(), NestedWriter(nested).begin_map(0);
  ProducerRecord record{};
  const size_t size = round_up_8(sizeof record + nested.size());
  record.header = {static_cast<uint32_t>(size), RecordKind::kProducer, 0, 0};
  record.length_bytes = static_cast<uint32_t>(nested.size());
  std::string payload(reinterpret_cast<const char*>(&record), sizeof record);
  payload += nested;
  payload.resize(size, '\0');
  writer_.write_meta(payload, 1);
  last_clock_ns_ = 0;
  write_clock();
  next_entry_ = 1;
  write_new_entries();
}

void Recorder::announce_open_tasks(Ring& ring, bool all) {
  const uint64_t now = ticks();
  const int64_t now_ns = now_monotonic_ns();
  for (OpenTask& open : ring.open_tasks()) {
    const TaskNumber number = open.number.load(std::memory_order_acquire);
    if (number == 0 || number == open.announced) continue;
    if (open.seen != number) {
      open.seen = number;
      open.seen_ns = now_ns;
    }
    if (!all && now_ns - open.seen_ns < kAnnounce_ns) continue;
    TaskRecord record{};
    record.header = {sizeof record, RecordKind::kTask, kTaskIsOpen, 0};
    record.activity_id = open.activity_id.load(std::memory_order_acquire);
    record.workflow_id = open.workflow_id.load(std::memory_order_acquire);
    record.number = number;
    record.parent = open.parent.load(std::memory_order_acquire);
    if (open.parent_is_foreign.load(std::memory_order_acquire)) {
      record.header.flags |= kTaskParentIsForeign;
    }
    record.begin_ticks = open.begin_ticks.load(std::memory_order_acquire);
    record.status = TaskStatus::kRunning;
    record.ring = static_cast<uint16_t>(ring.index());
    // The entry may have been reused while it was read; then this was another task's mixture.
    // The loads above acquire and their stores release, so the number cannot be the older one.
    if (open.number.load(std::memory_order_acquire) != number || record.begin_ticks > now) continue;
    open.announced = number;
    char* to = own_.reserve(sizeof record);
    if (to == nullptr) {
      Chunk* chunk = pool_.take(true);
      if (chunk == nullptr) return;
      own_.give_chunk(chunk);
      to = own_.reserve(sizeof record);
    }
    std::memcpy(to, &record, sizeof record);
    own_.commit(sizeof record);
  }
}

void Recorder::write_gap(uint32_t ring, uint64_t first, uint64_t count, GapReason reason) {
  GapRecord record{};
  record.header = {sizeof record, RecordKind::kGap, static_cast<uint8_t>(reason), 0};
  record.ring = ring;
  record.first_number = first;
  record.count = count;
  record.at_ticks = ticks();
  char* to = own_.reserve(sizeof record);
  if (to == nullptr) {
    Chunk* chunk = pool_.take(true);
    if (chunk == nullptr) return;
    own_.give_chunk(chunk);
    to = own_.reserve(sizeof record);
  }
  std::memcpy(to, &record, sizeof record);
  own_.commit(sizeof record);
}

void Recorder::report_once(const Status& status) {
  if (status.ok() || reported_) return;
  reported_ = true;
  std::fprintf(stderr, "headrace: %s; records are counted as lost until this works again\n",
               status.message().c_str());
}

void Recorder::flush() {
  const std::lock_guard lock(drain_mutex_);
  drain_all();
}

void Recorder::stop() {
  {
    const std::lock_guard lock(thread_mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  running_.store(false, std::memory_order_release);
  const std::lock_guard lock(drain_mutex_);
  {
    const std::lock_guard rings(rings_mutex_);
    for (const auto& ring : rings_) announce_open_tasks(*ring, true);
  }
  drain_all();
  if (counters_.records == stopped_at_records_) return;  // nothing since the last stop
  stopped_at_records_ = counters_.records;
  const auto count = [this](const char* key, auto value) { describe(key, std::to_string(value)); };
  describe("ended", "clean");
  count("ended_ns", now_realtime_ns());
  count("records", counters_.records);
  count("dropped", counters_.dropped);
  count("bytes", writer_.bytes_written());
  count("segments", writer_.segments());
  count("drain_cpu_ns", counters_.drain_cpu_ns);
  count("producer_drains", counters_.producer_drains);
  // The last word on this producer: how it ended and what must be found of it.
  if (writer_.open().ok()) write_preamble();
  report_once(writer_.seal());
}

CaptureCounters Recorder::counters() {
  const std::lock_guard lock(drain_mutex_);
  CaptureCounters out = counters_;
  out.bytes = writer_.bytes_written();
  out.segments = writer_.segments();
  return out;
}

}  // namespace headrace::capture
