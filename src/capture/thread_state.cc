#include "capture/thread_state.h"

#include "capture/recorder.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::capture {
namespace {

// The state itself is trivially reachable for the whole life of the thread; only this guard has a
// destructor, so events after it (from other thread-local destructors) find `ended` and no ring.
struct EndOfThread {
  ~EndOfThread();
  bool armed = false;
};

// Initial-exec: one load instead of a call. Eight bytes fit the reserve that the loader keeps for
// libraries loaded later.
__attribute__((tls_model("initial-exec"))) thread_local ThreadState* t_state = nullptr;
thread_local EndOfThread t_end;
thread_local bool t_ended = false;

EndOfThread::~EndOfThread() {
  t_ended = true;
  ThreadState* state = t_state;
  t_state = nullptr;
  if (state == nullptr) return;
  // A ring of a recorder that is gone (fork) is not ours to touch.
  if (state->ring != nullptr && state->recorder == Recorder::existing()) state->ring->close();
  while (state->free_tasks != nullptr) {
    TaskState* next = state->free_tasks->next_free;
    delete state->free_tasks;
    state->free_tasks = next;
  }
  delete state;
}

ThreadState& ended_state() {
  static thread_local ThreadState* state = nullptr;
  if (state == nullptr) state = new ThreadState;  // a thread at its end: a few bytes, once
  state->ended = true;
  return *state;
}

}  // namespace

const ThreadState* existing_thread_state() { return t_state; }

ThreadState& this_thread() {
  if (t_state != nullptr) [[likely]]
    return *t_state;
  if (t_ended) return ended_state();
  t_state = new ThreadState;
  t_end.armed = true;  // constructs the guard on this thread
  return *t_state;
}

void thread_state_after_fork() {
  const WorkflowState* workflow = t_state != nullptr ? t_state->workflow : nullptr;
  if (t_state != nullptr) {
    t_state->ring = nullptr;
    t_state->recorder = nullptr;
    t_state->workflow = nullptr;
    t_state->names.clear();
    t_state->shapes.clear();
    t_state->references.clear();
  }
  workflow_after_fork(workflow);
}

void IdCache::put(std::string_view bytes, uint64_t hash, uint32_t id) {
  if (slots_.empty()) slots_.resize(kSlots);
  for (size_t i = hash % kSlots, n = 0; n < 8; ++n, i = (i + 1) % kSlots) {
    if (slots_[i].id != 0) continue;
    slots_[i] = {hash, id, std::string(bytes)};
    return;
  }
  slots_.clear();
}

uint64_t hash_bytes(const void* bytes, size_t length) {
  const auto* p = static_cast<const unsigned char*>(bytes);
  uint64_t h = length * 0x9E3779B97F4A7C15ull;
  for (; length >= 8; length -= 8, p += 8) {
    h = (h ^ load_le<uint64_t>(p)) * 0xFF51AFD7ED558CCDull;
    h ^= h >> 32;
  }
  uint64_t rest = 0;
  std::memcpy(&rest, p, length);
  h = (h ^ rest) * 0xFF51AFD7ED558CCDull;
  return h ^ h >> 29;
}

}  // namespace headrace::capture
