#include "box/shim/image.h"

#include <asm/stat.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>

#include "box/shim/next.h"
#include "box/shim/start.h"

extern "C" {
int* __errno_location() noexcept;
__attribute__((weak)) int clock_gettime(int clock, timespec* out) noexcept;
}

namespace headrace::box {
namespace {

constexpr uint64_t kPage = 4096;
constexpr int kWipeOnFork = 18;  // MADV_WIPEONFORK, Linux 4.14

enum : uint32_t { kNew, kBeginning, kOn, kOff, kSilent };

// This image; a fork child's is another, whose log is to be begun.
struct Image {
  uint32_t state;  // atomic: kNew ...
  int32_t pid;
  LogHeader* log;   // its first kLogChunkBytes
  uintptr_t whole;  // atomic: where all of it lies, once more was needed; kIsShort or'ed in
  uint32_t exit_is_written;
};
// At first here, and a fork child is told by its pid, which costs 0.1 us an event. One that has
// more to say pays 7 us once for a page that the kernel wipes in children, however they are forked.
Image g_first_image;
Image* g_image = &g_first_image;  // atomic
constexpr uint32_t kEventsBeforePage = 16;
uint32_t g_events = 0;     // atomic: without that page
uint32_t g_has_moved = 0;  // atomic

// Of the image before, in a fork child; kept over the fork.
constinit LogHeader g_parent{};

// Bits of watched descriptors; a fork child inherits them with the descriptors.
uint64_t g_watched[kWatchedDescriptors / 64];
// Of the first of them: whose offset matters.
uint64_t g_offset_matters = 0;

// Files read again and again, by identity.
struct Seen {
  uint64_t hash;
};
Seen g_seen[64];

CurrentTask g_current_task = nullptr;

#define HEADRACE_THREAD static thread_local __attribute__((tls_model("initial-exec")))
HEADRACE_THREAD int t_tid = 0;
HEADRACE_THREAD int t_tid_of = 0;  // the process that t_tid was asked in
HEADRACE_THREAD bool t_vfork = false;

Image* image() { return __atomic_load_n(&g_image, __ATOMIC_ACQUIRE); }

// Where the log lies mapped, and how much of it.
struct View {
  char* base;  // null where there is no room for it
  uint64_t bytes;
};
constexpr uintptr_t kIsShort = 1;  // as `ulimit -v` makes it
constexpr uint64_t kShortBytes = kLogChunkBytes * 16;

// The first chunk, or, beyond it, a second view of the same pages: others may be writing through
// the first.
View view_to(LogHeader* log, uint64_t past) {
  if (past <= kLogChunkBytes) return {reinterpret_cast<char*>(log), kLogChunkBytes};
  uintptr_t whole = __atomic_load_n(&image()->whole, __ATOMIC_ACQUIRE);
  if (whole == 0) {
    uintptr_t made = reinterpret_cast<uintptr_t>(map_again(log, log->length_bytes));
    if (made == 0 && log->length_bytes > kShortBytes) {
      made = reinterpret_cast<uintptr_t>(map_again(log, kShortBytes));
      if (made != 0) made |= kIsShort;
    }
    if (made == 0) return {nullptr, 0};
    if (__atomic_compare_exchange_n(&image()->whole, &whole, made, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE)) {
      whole = made;
    } else {
      raw(__NR_munmap, static_cast<long>(made & ~kIsShort),
          static_cast<long>((made & kIsShort) != 0 ? kShortBytes : log->length_bytes));
    }
  }
  return {reinterpret_cast<char*>(whole & ~kIsShort),
          (whole & kIsShort) != 0 ? kShortBytes : log->length_bytes};
}

// Makes pages real from `ready` to at least `past`, so that writing to them cannot fail.
bool make_ready(LogHeader* log, uint64_t ready, uint64_t past) {
  if (past > log->length_bytes) return false;
  // Twice what was, as most images write little, but never more than a chunk at once.
  uint64_t to = (past + kPage - 1) / kPage * kPage;
  if (to < ready * 2) to = ready * 2;
  if (to > ready + kLogChunkBytes) {
    to = (past + kLogChunkBytes - 1) / kLogChunkBytes * kLogChunkBytes;
  }
  if (to > log->length_bytes) to = log->length_bytes;
  const View view = view_to(log, to);
  if (view.base == nullptr || past > view.bytes) return false;
  if (to > view.bytes) to = view.bytes;
  if (!populate(*log, view.base + ready, ready, to - ready)) return false;
  while (ready < to && !__atomic_compare_exchange_n(&log->ready_bytes, &ready, to, false,
                                                    __ATOMIC_RELEASE, __ATOMIC_ACQUIRE)) {
  }
  return true;
}

bool begin(bool before_exec) {
  uint32_t expected = kNew;
  if (!__atomic_compare_exchange_n(&image()->state, &expected, uint32_t{kBeginning}, false,
                                   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
    return false;  // another thread is at it, or a signal came in between
  }
  const Settings* settings = find_settings();
  if (settings == nullptr) {
    // libc may not be ready yet; asked again at the next event.
    __atomic_store_n(&image()->state, uint32_t{kNew}, __ATOMIC_RELEASE);
    return false;
  }
  if (settings->folder_entry.bytes[0] == '\0') {
    __atomic_store_n(&image()->state, uint32_t{kOff}, __ATOMIC_RELEASE);
    return false;
  }
  image()->pid = static_cast<int32_t>(raw(__NR_getpid));
  image()->log = create_log(g_parent);
  if (image()->log == nullptr) {
    __atomic_store_n(&image()->state, uint32_t{kOff}, __ATOMIC_RELEASE);
    return false;
  }
  g_parent = *image()->log;
  __atomic_store_n(&image()->state, uint32_t{kOn}, __ATOMIC_RELEASE);
  write_start(g_parent.is_fork_child != 0, before_exec);
  return true;
}

// From here on this image lies in a page that fork children find empty.
void move_to_page() {
  if (__atomic_exchange_n(&g_has_moved, 1u, __ATOMIC_ACQ_REL) != 0) return;
  const long page =
      raw(__NR_mmap, 0, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page < 0 && page > -4096) return;
  if (raw(__NR_madvise, page, kPage, kWipeOnFork) != 0) {
    raw(__NR_munmap, page, kPage);
    return;
  }
  auto* wiped = reinterpret_cast<Image*>(page);
  *wiped = g_first_image;
  __atomic_store_n(&g_image, wiped, __ATOMIC_SEQ_CST);
  // Another thread may have fallen silent meanwhile.
  if (__atomic_load_n(&g_first_image.state, __ATOMIC_SEQ_CST) == kSilent) {
    __atomic_store_n(&wiped->state, uint32_t{kSilent}, __ATOMIC_SEQ_CST);
  }
}

__attribute__((noinline)) void look_at_pid() {
  const uint32_t state = __atomic_load_n(&g_first_image.state, __ATOMIC_ACQUIRE);
  if (g_first_image.pid == 0 || state == kSilent || t_vfork) return;
  if (g_first_image.pid != static_cast<int32_t>(raw(__NR_getpid))) {
    g_first_image = {};
    return;
  }
  if (state == kOn &&
      __atomic_fetch_add(&g_events, 1u, __ATOMIC_RELAXED) + 1 == kEventsBeforePage) {
    move_to_page();
  }
}

bool ensure(bool before_exec) {
  if (image() == &g_first_image) [[unlikely]]
    look_at_pid();
  switch (__atomic_load_n(&image()->state, __ATOMIC_ACQUIRE)) {
    case kOn: return true;
    case kNew: return begin(before_exec);
    default: return false;
  }
}

void set_facts(const struct stat& from, FileBody* out) {
  out->dev = from.st_dev;  // NOLINT(clang-analyzer-core.uninitialized.Assign): by the kernel
  out->ino = from.st_ino;
  out->size_bytes = from.st_size;
  out->mtime_ns = static_cast<int64_t>(from.st_mtime) * 1'000'000'000 +
                  static_cast<int64_t>(from.st_mtime_nsec);
  out->ctime_ns = static_cast<int64_t>(from.st_ctime) * 1'000'000'000 +
                  static_cast<int64_t>(from.st_ctime_nsec);
  out->mode = from.st_mode;
  out->links = from.st_nlink;
}

}  // namespace

KeptErrno::KeptErrno() : errno_(*__errno_location()) {}
KeptErrno::~KeptErrno() { *__errno_location() = errno_; }

bool is_watched() { return ensure(false); }
bool is_watched_before_exec() { return ensure(true); }
void stop_watching() {
  __atomic_store_n(&g_first_image.state, uint32_t{kSilent}, __ATOMIC_SEQ_CST);
  __atomic_store_n(&image()->state, uint32_t{kSilent}, __ATOMIC_SEQ_CST);
}

bool is_fork_child() { return g_parent.is_fork_child != 0; }

bool is_passive() { return image()->log != nullptr && (image()->log->flags & kLogPassive) != 0; }

namespace {
int64_t clock_ns(int clock) {
  timespec t{};
  // The kernel's page of the time and libc's function cost a young image more than a few calls.
  if (&clock_gettime != nullptr && image() != &g_first_image) {
    clock_gettime(clock, &t);
  } else {
    raw(__NR_clock_gettime, clock, raw_pointer(&t));
  }
  return static_cast<int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}
}  // namespace

int64_t now_ns() { return clock_ns(1); }
int64_t realtime_ns() { return clock_ns(0); }

int64_t began_ns() { return g_parent.monotonic_ns; }

void expect_vfork_child() {
  expect_sharing_child();
  t_vfork = true;
}

void expect_sharing_child() {
  if (image() == &g_first_image) move_to_page();
}

bool in_vfork_child() {
  if (!t_vfork) [[likely]]
    return false;
  if (image()->pid != 0 && raw(__NR_getpid) != image()->pid) return true;
  t_vfork = false;  // the child is gone, and this is the parent
  return false;
}

int current_tid() {
  if (t_vfork) return static_cast<int>(raw(__NR_gettid));
  if (t_tid == 0 || t_tid_of != image()->pid) {
    t_tid = static_cast<int>(raw(__NR_gettid));
    t_tid_of = image()->pid;
  }
  return t_tid;
}

bool current_task(uint8_t task[16], uint8_t workflow[16]) {
  const CurrentTask ask = __atomic_load_n(&g_current_task, __ATOMIC_ACQUIRE);
  if (ask == nullptr) return false;
  ask(task, workflow);
  for (int i = 0; i < 16; ++i) {
    if (task[i] != 0) return true;
  }
  return false;
}

void write_event(const Event& event) {
  LogHeader* log = image()->log;
  if (log == nullptr) return;
  const uint32_t body = body_bytes(event.kind);
  size_t path = event.path == nullptr          ? 0
                : event.path_bytes != SIZE_MAX ? event.path_bytes
                                               : length_of(event.path);
  size_t path2 = event.path2 == nullptr ? 0 : length_of(event.path2);
  uint32_t flags = event.flags;
  if (path > kLongestPath) {
    path = kLongestPath;
    flags |= kPathIsCut;
  }
  if (path2 > kLongestPath) {
    path2 = kLongestPath;
    flags |= kPathIsCut;
  }
  const size_t used = sizeof(RecordHeader) + body + path + path2;
  const uint64_t size = (used + kRecordStep - 1) / kRecordStep * kRecordStep;
  const uint64_t at = __atomic_fetch_add(&log->tail, size, __ATOMIC_RELAXED);
  const uint64_t ready = __atomic_load_n(&log->ready_bytes, __ATOMIC_ACQUIRE);
  if (at + size > ready && !make_ready(log, ready, at + size)) {
    count(&LogHeader::lost_records);
    return;
  }
  char* to = view_to(log, at + size).base;
  if (to == nullptr) {
    count(&LogHeader::lost_records);
    return;
  }
  to += at;
  auto* header = reinterpret_cast<RecordHeader*>(to);
  header->kind = event.kind;
  header->size_bytes = static_cast<uint16_t>(size);
  header->at_ns = event.at_ns != 0 ? event.at_ns : now_ns();
  header->tid = current_tid();
  header->result = event.result;
  uint8_t workflow[16];
  if (!current_task(header->task, workflow)) {
    for (uint8_t& byte : header->task) byte = 0;
  }
  header->flags = flags | (in_vfork_child() ? kFromVforkChild : 0);
  header->path_bytes = static_cast<uint16_t>(path);
  header->path2_bytes = static_cast<uint16_t>(path2);
  to += sizeof(RecordHeader);
  if (event.body != nullptr) copy_bytes(to, event.body, body);
  to += body;
  copy_bytes(to, event.path, path);
  copy_bytes(to + path, event.path2, path2);
  __atomic_store_n(&header->mark, kRecordMark, __ATOMIC_RELEASE);
}

void count(uint64_t LogHeader::*what) {
  if (image()->log != nullptr) {
    __atomic_fetch_add(&(image()->log->*what), uint64_t{1}, __ATOMIC_RELAXED);
  }
}

void set_flag(uint64_t flag) {
  if (image()->log != nullptr) __atomic_fetch_or(&image()->log->flags, flag, __ATOMIC_RELAXED);
}

bool facts_of(int fd, FileBody* out) {
  struct stat facts;  // not zeroed: the kernel fills it
  out->position = -1;
  if (raw(__NR_fstat, fd, raw_pointer(&facts)) != 0) return false;
  set_facts(facts, out);
  return true;
}

bool facts_at(int folder, const char* path, bool follow, FileBody* out) {
  struct stat facts;
  out->position = -1;
  const long flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
  if (path == nullptr ||
      raw(__NR_newfstatat, folder, raw_pointer(path), raw_pointer(&facts), flags) != 0) {
    return false;
  }
  set_facts(facts, out);
  return true;
}

const char* path_of(int fd, PathText* space) {
  Text<48> link;
  link.add("/proc/self/fd/");
  link.add_number(static_cast<uint64_t>(fd));
  space->clear();
  const long n = raw(__NR_readlinkat, AT_FDCWD, raw_pointer(link.bytes), raw_pointer(space->bytes),
                     kLongestPath - 1);
  space->size = n > 0 ? static_cast<size_t>(n) : 0;
  space->bytes[space->size] = '\0';
  return space->bytes;
}

const char* path_at(int folder, const char* path, PathText* space) {
  if (folder == AT_FDCWD || path == nullptr || path[0] == '/') return path;
  path_of(folder, space);
  if (space->bytes[0] != '/') return path;
  if (path[0] != '\0') {
    space->add("/");
    space->add(path);
  }
  return space->bytes;
}

namespace {
uint64_t* word_of(int fd) {
  return fd < 0 || fd >= kWatchedDescriptors ? nullptr : &g_watched[fd / 64];
}
uint64_t bit_of(int fd) { return uint64_t{1} << (fd % 64); }
}  // namespace

void watch(int fd) {
  if (uint64_t* word = word_of(fd); word != nullptr && !in_vfork_child()) {
    __atomic_fetch_or(word, bit_of(fd), __ATOMIC_RELAXED);
  }
}

void watch_offset(int fd) {
  if (fd < 64) __atomic_fetch_or(&g_offset_matters, bit_of(fd), __ATOMIC_RELAXED);
}

void unwatch(int fd) {
  if (uint64_t* word = word_of(fd); word != nullptr && !in_vfork_child()) {
    __atomic_fetch_and(word, ~bit_of(fd), __ATOMIC_RELAXED);
  }
}

bool is_watching(int fd) {
  const uint64_t* word = word_of(fd);
  return word != nullptr && (__atomic_load_n(word, __ATOMIC_RELAXED) & bit_of(fd)) != 0;
}

void note_close(int fd, uint32_t flags) {
  FileBody body{};
  if (!facts_of(fd, &body)) return;
  if (fd < 64 && (__atomic_load_n(&g_offset_matters, __ATOMIC_RELAXED) & bit_of(fd)) != 0) {
    constexpr int kFromHere = 1;  // SEEK_CUR
    body.position = raw(__NR_lseek, fd, 0, kFromHere);
  }
  write_event({.kind = BoxKind::kClose, .result = fd, .flags = flags, .body = &body});
}

void note_exit(int code) {
  if (in_vfork_child()) return;
  if (__atomic_exchange_n(&image()->exit_is_written, 1u, __ATOMIC_ACQ_REL) != 0) return;
  for (int i = 0; i < kWatchedDescriptors / 64; ++i) {
    uint64_t bits = __atomic_load_n(&g_watched[i], __ATOMIC_RELAXED);
    for (; bits != 0; bits &= bits - 1) {
      note_close(i * 64 + __builtin_ctzll(bits), kCloseAtExit);
    }
  }
  write_end(code);
}

bool is_repeated_read(const FileBody& file) {
  uint64_t hash = file.ino * 0x9E3779B97F4A7C15ull ^ file.dev;
  hash = (hash ^ static_cast<uint64_t>(file.mtime_ns)) * 0xFF51AFD7ED558CCDull;
  hash = (hash ^ static_cast<uint64_t>(file.size_bytes)) * 0xFF51AFD7ED558CCDull;
  uint8_t task[16] = {};
  uint8_t workflow[16];
  if (current_task(task, workflow)) {
    for (const uint8_t byte : task) hash = (hash ^ byte) * 0x100000001B3ull;
  }
  hash ^= static_cast<uint64_t>(image()->pid) << 32;
  hash |= 1;
  Seen& seen = g_seen[hash >> 58];
  if (__atomic_load_n(&seen.hash, __ATOMIC_RELAXED) == hash) return true;
  return __atomic_exchange_n(&seen.hash, hash, __ATOMIC_RELAXED) == hash;
}

}  // namespace headrace::box

// Called by a library that has tasks, once; see box/log.h.
extern "C" __attribute__((visibility("default"))) void headrace_box_set_current_task(
    headrace::box::CurrentTask function) {
  __atomic_store_n(&headrace::box::g_current_task, function, __ATOMIC_RELEASE);
}
