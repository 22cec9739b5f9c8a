#include "capture/stable_names.h"

#include <mutex>
#include <pthread.h>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"
#include "capture/dictionary.h"
#include "capture/recorder.h"
#include "capture/secrets.h"
#include "capture/task.h"
#include "capture/thread_state.h"

namespace headrace::capture {
namespace {

// A key is 'n' and the name, or 'a', the line, the length of the name, the name and the file.
// Never destroyed: static objects of the program may call late.
struct Table {
  std::mutex mutex;
  std::vector<const std::string*> keys;  // number - 1
  std::unordered_map<std::string, uint32_t> numbers;
};

Table& table() {
  static Table& one = *[] {
    auto* made = new Table;
    // Held across a fork, so that the child finds the table whole and unlocked.
    pthread_atfork([] { table().mutex.lock(); }, [] { table().mutex.unlock(); },
                   [] { table().mutex.unlock(); });
    return made;
  }();
  return one;
}

// What one thread knows of the table, so that it needs the lock only for what is new to it.
struct ThreadCache {
  IdCache numbers;
};
thread_local ThreadCache* t_cache = nullptr;
thread_local bool t_ended = false;

// A key and not a thread_local with a destructor: see thread_state.cc.
void delete_at_end(ThreadCache* cache) {
  static const struct Key {
    Key()
        : made(pthread_key_create(&key, [](void* ending) {
                 t_ended = true;
                 t_cache = nullptr;
                 delete static_cast<ThreadCache*>(ending);
               }) == 0) {}
    pthread_key_t key{};
    bool made;
  } once;
  if (once.made) static_cast<void>(pthread_setspecific(once.key, cache));
}

// Null when the thread's own objects are being destroyed already.
ThreadCache* cache() {
  if (t_cache == nullptr && !t_ended) {
    t_cache = new ThreadCache;
    delete_at_end(t_cache);
  }
  return t_cache;
}

uint32_t number_of(std::string_view key) {
  ThreadCache* const known = cache();
  const uint64_t hash = hash_bytes(key.data(), key.size());
  if (known != nullptr) {
    if (const uint32_t number = known->numbers.find(key, hash); number != 0) return number;
  }
  uint32_t number = 0;
  {
    const std::lock_guard lock(table().mutex);
    Table& all = table();
    if (all.keys.size() >= Dictionary::kMaxEntries) return 0;
    const auto [at, is_new] =
        all.numbers.emplace(std::string(key), static_cast<uint32_t>(all.keys.size() + 1));
    if (is_new) all.keys.push_back(&at->first);
    number = at->second;
  }
  if (known != nullptr) known->numbers.put(key, hash, number);
  return number;
}

uint32_t intern(Recorder& recorder, uint32_t number) {
  std::string key;
  {
    const std::lock_guard lock(table().mutex);
    if (number == 0 || number > table().keys.size()) return 0;
    key = *table().keys[number - 1];
  }
  const std::string_view rest = std::string_view(key).substr(1);
  if (key[0] == 'n') return recorder.dictionary().string(without_secrets(rest));
  ByteReader read(rest);
  const auto line = static_cast<int>(read.u32());
  const std::string_view name = read.text();
  return intern_activity(name, read.raw(read.remaining()), line);
}

// An activity's name hides no value.
Secrecy secrecy_of_number(uint32_t number) {
  std::string key;
  {
    const std::lock_guard lock(table().mutex);
    if (number == 0 || number > table().keys.size()) return Secrecy::kNone;
    key = *table().keys[number - 1];
  }
  return key[0] == 'n' ? secrecy_of_name(std::string_view(key).substr(1)) : Secrecy::kNone;
}

}  // namespace

uint32_t stable_name(std::string_view name) {
  // Usual names need no memory for their key.
  char buffer[64];
  if (name.size() < sizeof buffer) {
    buffer[0] = 'n';
    std::memcpy(buffer + 1, name.data(), name.size());
    return number_of({buffer, name.size() + 1});
  }
  return number_of("n" + std::string(name));
}

uint32_t stable_activity(std::string_view name, std::string_view file, int line) {
  std::string key = "a";
  ByteWriter write(key);
  write.u32(static_cast<uint32_t>(line));
  write.text(name);
  write.raw(file.data(), file.size());
  return number_of(key);
}

namespace detail {

KnownName look_up_name(Recorder& recorder, uint32_t stable) {
  const KnownName name{intern(recorder, stable), secrecy_of_number(stable)};
  // The cache goes with the thread's ring: it is emptied where a fork child gets another recorder.
  ThreadState& thread = this_thread();
  if (name.id != 0 && thread.ring != nullptr && thread.recorder == &recorder) {
    if (thread.stable_names.size() < stable) thread.stable_names.resize(stable);
    thread.stable_names[stable - 1] = uint64_t{name.id} | static_cast<uint64_t>(name.secrecy) << 32;
  }
  return name;
}

}  // namespace detail
}  // namespace headrace::capture
