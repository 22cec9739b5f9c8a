#include "capture/thread_state.h"

#include <new>
#include <pthread.h>
#include <utility>

#include "capture/recorder.h"
#include "capture/task.h"
#include "capture/workflow.h"

namespace headrace::capture {

namespace detail {
constinit __attribute__((tls_model("initial-exec"))) thread_local ThreadState* t_state = nullptr;
}  // namespace detail

namespace {

// A key and not a thread_local with a destructor: to note one of those glibc needs memory, and ends
// the program when there is none. Keys' destructors run after the locals', so these may still
// record; what runs after this one finds `ended` and no ring. The main thread's state stays to the
// end.
thread_local bool t_ended = false;

void end_of_thread(void* ending) {
  t_ended = true;
  detail::t_state = nullptr;
  auto* const state = static_cast<ThreadState*>(ending);
  drop_free_tasks(*state);
  // A ring of a recorder that is gone (fork) is not ours to touch.
  Ring* const ring = state->ring != nullptr ? state->ring : state->parked_ring;
  if (ring != nullptr && state->recorder == Recorder::existing()) ring->close();
  delete state;
}

// Without a key, of which a process has 1024, the state outlives its thread.
void call_at_end(ThreadState* state) {
  static const struct Key {
    Key() : made(pthread_key_create(&key, &end_of_thread) == 0) {}
    pthread_key_t key{};
    bool made;
  } once;
  if (once.made) static_cast<void>(pthread_setspecific(once.key, state));
}

ThreadState& ended_state() {
  static thread_local ThreadState* state = nullptr;
  if (state == nullptr) state = new ThreadState;  // a thread at its end: a few bytes, once
  state->ended = true;
  return *state;
}

}  // namespace

ThreadState& make_thread_state() {
  if (t_ended) return ended_state();
  detail::t_state = new ThreadState;
  call_at_end(detail::t_state);
  return *detail::t_state;
}

void thread_state_after_fork() {
  ThreadState* const state = detail::t_state;
  const WorkflowState* workflow = state != nullptr ? state->workflow : nullptr;
  if (state != nullptr) {
    state->ring = nullptr;
    state->parked_ring = nullptr;
    state->recorder = nullptr;
    state->producer = 0;
    state->workflow = nullptr;
    state->names.clear();
    state->stable_names.clear();
    state->shapes.clear();
    state->references.clear();
    state->last_shapes.clear();
    // Their slots were the parent's.
    while (state->free_tasks != nullptr)
      delete std::exchange(state->free_tasks, state->free_tasks->next_free);
    state->free_count = 0;
  }
  workflow_after_fork(workflow);
}

void IdCache::put(std::string_view bytes, uint64_t hash, uint32_t id) noexcept {
  try {
    if (slots_.empty()) slots_.resize(kSlots);
    for (size_t i = hash % kSlots, n = 0; n < 8; ++n, i = (i + 1) % kSlots) {
      if (slots_[i].id != 0) continue;
      slots_[i] = {hash, id, std::string(bytes)};
      return;
    }
    slots_.clear();
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): asked for again, put again
  }
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
