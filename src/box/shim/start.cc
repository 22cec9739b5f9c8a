#include "box/shim/start.h"

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>

#include "box/shim/image.h"
#include "box/shim/next.h"

extern "C" {
__attribute__((weak)) extern char** environ;
}

namespace headrace::box {
namespace {

constexpr int kPopulateWrite = 23;               // MADV_POPULATE_WRITE, Linux 5.14
constexpr uint64_t kFirstReadyBytes = 4 * 1024;  // most images need no more
constexpr char kFolder[] = "HEADRACE_BOX=";
constexpr size_t kMostArguments = 2048;
constexpr int kFormatRegular = 0100000;
constexpr int kFormatPipe = 0010000;
constexpr uint32_t kFormat = 0170000;

constinit Settings g_settings;
uint32_t g_settings_state = 0;  // atomic: 0 unknown, 1 being read, 2 known
int g_arguments = 0;
char** g_argument = nullptr;
char** g_first_environment = nullptr;

// Programs that start others on this and other nodes; what they open is their own.
constexpr char kLaunchers[] =
    "mpirun\0mpiexec\0mpiexec.hydra\0orterun\0prterun\0prte\0orted\0prted\0srun\0aprun\0jsrun\0"
    "flux\0hydra_pmi_proxy\0palsd\0slurmstepd\0";

bool is_launcher(const char* executable) {
  const char* name = executable;
  for (const char* at = executable; *at != '\0'; ++at) {
    if (*at == '/') name = at + 1;
  }
  for (const char* at = kLaunchers; *at != '\0'; at += length_of(at) + 1) {
    if (same_text(name, at)) return true;
  }
  return false;
}

long read_file(const char* path, char* out, size_t size) {
  const long fd = raw(__NR_openat, AT_FDCWD, raw_pointer(path), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const long n = raw(__NR_read, fd, raw_pointer(out), static_cast<long>(size));
  raw(__NR_close, fd);
  return n;
}

using LogPath = Text<640, false>;
void add_log_path(int32_t pid, uint64_t epoch, LogPath* to) {
  to->add(g_settings.folder_entry.bytes + length_of(kFolder));
  to->add("/");
  to->add_number(static_cast<uint64_t>(pid));
  to->add("-0-");  // its start time would cost 7 us; the epoch tells images apart
  to->add_number(epoch);
  to->add(".box");
}

// Growing a file beyond the limit is a signal that ends the program.
uint64_t longest_file() {
  struct {
    uint64_t soft;
    uint64_t hard;
  } limit{};
  if (raw(__NR_prlimit64, 0, RLIMIT_FSIZE, 0, raw_pointer(&limit)) != 0) return 0;
  return limit.soft;
}

// These have large frames, which most images should not touch: a new page of the stack costs 1 us.
__attribute__((noinline)) void write_inherited_file(int fd, bool is_copy, FileBody* body) {
  constexpr int kFromHere = 1;  // SEEK_CUR
  body->position = raw(__NR_lseek, fd, 0, kFromHere);
  PathText path;
  if (!is_copy) path_of(fd, &path);
  watch(fd);
  watch_offset(fd);
  write_event({.kind = BoxKind::kDescriptor,
               .result = fd,
               .body = body,
               .path = path.bytes,
               .at_ns = began_ns()});
}

void write_descriptors() {
  constexpr int kMost = 64;
  struct Poll {
    int fd;
    short asked;
    short got;
  } polls[kMost];
  constexpr short kNotOpen = 0x20;  // POLLNVAL
  int count = kMost;
  for (int i = 0; i < count; ++i) polls[i] = {i, 0, 0};
  timespec no_wait{};
  long polled = raw(__NR_ppoll, raw_pointer(polls), count, raw_pointer(&no_wait), 0, 8);
  struct {
    uint64_t soft;
    uint64_t hard;
  } limit{};
  // Refused where more are asked for than there may be.
  if (polled < 0 && raw(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, raw_pointer(&limit)) == 0 &&
      limit.soft < kMost) {
    count = static_cast<int>(limit.soft);
    polled = raw(__NR_ppoll, raw_pointer(polls), count, raw_pointer(&no_wait), 0, 8);
  }
  if (polled < 0) {
    set_flag(kLogNoDescriptors);
    return;
  }
  uint64_t named_ino = 0;
  uint64_t named_dev = 0;
  for (int i = 0; i < count; ++i) {
    if ((polls[i].got & kNotOpen) != 0) continue;
    FileBody body{};
    if (!facts_of(i, &body)) continue;
    const uint32_t format = body.mode & kFormat;
    if (format != kFormatRegular && format != kFormatPipe) continue;
    body.open_flags = static_cast<uint32_t>(raw(__NR_fcntl, i, F_GETFL));
    if (format == kFormatRegular) {
      // The path is that of the descriptor before; asking /proc costs 5 to 15 us.
      const bool is_copy = body.ino == named_ino && body.dev == named_dev;
      named_ino = body.ino;
      named_dev = body.dev;
      write_inherited_file(i, is_copy, &body);
    } else {
      write_event({.kind = BoxKind::kDescriptor, .result = i, .body = &body, .at_ns = began_ns()});
    }
  }
}

// As it was given to exec, which the kernel leaves behind the environment; null where that is not
// known: asking /proc costs 10 us in a young process.
const char* given_executable() {
  if (g_first_environment == nullptr) return nullptr;
  char** at = g_first_environment;
  while (*at != nullptr) ++at;
  struct Auxiliary {
    uint64_t type;
    uint64_t value;
  };
  constexpr uint64_t kExecutedFile = 31;  // AT_EXECFN
  for (auto* one = reinterpret_cast<Auxiliary*>(at + 1); one->type != 0; ++one) {
    if (one->type == kExecutedFile) return reinterpret_cast<const char*>(one->value);
  }
  return nullptr;
}

const char* asked_executable(char* space, size_t size) {
  const long n = raw(__NR_readlinkat, AT_FDCWD, raw_pointer("/proc/self/exe"), raw_pointer(space),
                     static_cast<long>(size - 1));
  space[n > 0 ? n : 0] = '\0';
  return space;
}

uint32_t preload_position() {
  const char* entry = find_entry(environ, "LD_PRELOAD=");
  if (entry == nullptr) return 0;
  uint32_t position = 0;
  for (; *entry != '\0' && !begins_with(entry, "libheadrace_box"); ++entry) {
    if (*entry == ':' || *entry == ' ') ++position;
  }
  return position;
}

// False where the working directory's name takes more than `kSpace`.
template <size_t kSpace>
__attribute__((noinline)) bool write_start_record() {
  char folder[kSpace];
  const long n = raw(__NR_getcwd, raw_pointer(folder), kSpace);
  constexpr long kTooLong = -34;  // ERANGE
  if (n == kTooLong && kSpace < kLongestPath) return false;
  if (n <= 0) folder[0] = '\0';
  const char* executable = given_executable();
  Text<kSpace, false> space;
  if (executable == nullptr) {
    if (kSpace < kLongestPath) return false;
    executable = asked_executable(space.bytes, kSpace);
  }
  if (is_launcher(executable) ||
      (g_argument != nullptr && g_arguments > 0 && is_launcher(g_argument[0]))) {
    set_flag(kLogPassive);
  }
  const StartBody body{static_cast<uint32_t>(g_arguments), preload_position()};
  write_event({.kind = BoxKind::kStart,
               .body = &body,
               .path = executable,
               .path2 = folder,
               .at_ns = began_ns()});
  return true;
}

template <size_t kSpace>
__attribute__((noinline)) bool write_arguments() {
  char space[kSpace];
  long n = 0;
  if (g_argument != nullptr) {
    for (int i = 0; i < g_arguments && g_argument[i] != nullptr; ++i) {
      for (const char* at = g_argument[i];; ++at) {
        if (n == sizeof space) {
          if (kSpace < kMostArguments) return false;
          break;
        }
        space[n++] = *at;
        if (*at == '\0') break;
      }
    }
  } else {
    if (kSpace < kMostArguments) return false;
    n = read_file("/proc/self/cmdline", space, sizeof space);
  }
  if (n > static_cast<long>(kLongestPath)) n = kLongestPath;
  if (n > 0) {
    write_event({.kind = BoxKind::kArguments,
                 .path = space,
                 .path_bytes = static_cast<size_t>(n),
                 .at_ns = began_ns()});
  }
  return true;
}

struct NameList {
  size_t size = 0;
  char bytes[kLongestPath];
};

void flush_names(NameList* list) {
  if (list->size == 0) return;
  write_event({.kind = BoxKind::kLibraries, .path = list->bytes, .path_bytes = list->size});
  list->size = 0;
}

void add_name(void* context, const char* name) {
  auto* list = static_cast<NameList*>(context);
  const size_t n = length_of(name) + 1;
  if (n > sizeof list->bytes) return;
  if (list->size + n > sizeof list->bytes) flush_names(list);
  for (size_t i = 0; i < n; ++i) list->bytes[list->size + i] = name[i];
  list->size += n;
}

// "name: 123\n" of /proc/self/io.
int64_t io_number(const char* text, const char* name) {
  for (; *text != '\0'; ++text) {
    if (!begins_with(text, name)) {
      while (*text != '\0' && *text != '\n') ++text;
      if (*text == '\0') break;
      continue;
    }
    text += length_of(name);
    int64_t value = 0;
    for (; *text >= '0' && *text <= '9'; ++text) value = value * 10 + (*text - '0');
    return value;
  }
  return -1;
}

}  // namespace

void keep_arguments(int count, char** arguments, char** environment) {
  g_arguments = count;
  g_argument = arguments;
  g_first_environment = environment;
}

const char* find_entry(char* const* environment, const char* name) {
  if (environment == nullptr) return nullptr;
  for (; *environment != nullptr; ++environment) {
    if (begins_with(*environment, name)) return *environment + length_of(name);
  }
  return nullptr;
}

const Settings* find_settings() {
  const uint32_t state = __atomic_load_n(&g_settings_state, __ATOMIC_ACQUIRE);
  if (state == 2) return &g_settings;
  char** environment = g_first_environment;
  if (environment == nullptr && &environ != nullptr) environment = environ;
  if (environment == nullptr) return nullptr;
  uint32_t expected = 0;
  if (!__atomic_compare_exchange_n(&g_settings_state, &expected, 1u, false, __ATOMIC_ACQ_REL,
                                   __ATOMIC_ACQUIRE)) {
    return nullptr;
  }
  const char* folder = find_entry(environment, kFolder);
  const char* own = own_path();
  if (folder != nullptr && folder[0] == '/' && own[0] == '/' && length_of(folder) < 400) {
    g_settings.folder_entry.add(kFolder);
    g_settings.folder_entry.add(folder);
  }
  __atomic_store_n(&g_settings_state, 2u, __ATOMIC_RELEASE);
  return &g_settings;
}

const char* folder_entry() { return g_settings.folder_entry.bytes; }

char* map_again(LogHeader* log, uint64_t bytes) {
  // Of nothing old, which makes it another mapping of what is shared; without a path, since the
  // program may have changed its root.
  const long base = raw(__NR_mremap, raw_pointer(log), 0, static_cast<long>(bytes), MREMAP_MAYMOVE);
  return base < 0 && base > -4096 ? nullptr : reinterpret_cast<char*>(base);
}

bool populate(const LogHeader& log, char* address, uint64_t offset, uint64_t bytes) {
  const long done =
      raw(__NR_madvise, raw_pointer(address), static_cast<long>(bytes), kPopulateWrite);
  if (done == 0) return true;
  constexpr long kInvalid = -22;
  if (done != kInvalid) return false;
  LogPath path;
  add_log_path(log.pid, log.epoch, &path);
  const long fd =
      raw(__NR_openat, AT_FDCWD, raw_pointer(path.bytes), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const long made = raw(__NR_fallocate, fd, 0, static_cast<long>(offset), static_cast<long>(bytes));
  raw(__NR_close, fd);
  return made == 0;
}

LogHeader* create_log(const LogHeader& parent) {
  LogHeader header{};
  header.version = kLogVersion;
  header.mechanism = Mechanism::kShim;
  header.length_bytes = kLogLengthBytes;
  if (const uint64_t longest = longest_file(); longest < kLogLengthBytes) {
    header.length_bytes = longest / kLogChunkBytes * kLogChunkBytes;
  }
  if (header.length_bytes < kLogChunkBytes) return nullptr;
  header.tail = kLogHeaderBytes;
  header.ready_bytes = kFirstReadyBytes;
  header.pid = static_cast<int32_t>(raw(__NR_getpid));
  header.parent_pid = static_cast<int32_t>(raw(__NR_getppid));
  header.monotonic_ns = now_ns();
  header.epoch = static_cast<uint64_t>(header.monotonic_ns);
  header.realtime_ns = realtime_ns();
  header.uid = static_cast<uint32_t>(raw(__NR_getuid));
  if (parent.magic == kLogMagic) {
    header.is_fork_child = 1;
    header.parent_pid = parent.pid;
    header.parent_start_time_ticks = parent.start_time_ticks;
    header.parent_epoch = parent.epoch;
    header.flags = parent.flags & kLogPassive;
  }

  LogPath path;
  add_log_path(header.pid, header.epoch, &path);
  const long fd = raw(__NR_openat, AT_FDCWD, raw_pointer(path.bytes),
                      O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return nullptr;
  long base = -1;
  bool is_real = false;
  if (raw(__NR_ftruncate, fd, static_cast<long>(header.length_bytes)) == 0) {
    // A quarter of what MADV_POPULATE_WRITE costs.
    is_real = raw(__NR_fallocate, fd, 0, 0, kFirstReadyBytes) == 0;
    base = raw(__NR_mmap, 0, kLogChunkBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd,
               0);
  }
  raw(__NR_close, fd);
  auto* log = base < 0 && base > -4096 ? nullptr : reinterpret_cast<LogHeader*>(base);
  if (log != nullptr && !is_real &&
      !populate(header, reinterpret_cast<char*>(log), 0, kFirstReadyBytes)) {
    raw(__NR_munmap, base, kLogChunkBytes);
    log = nullptr;
  }
  if (log == nullptr) {
    raw(__NR_unlinkat, AT_FDCWD, raw_pointer(path.bytes), 0);
    return nullptr;
  }
  *log = header;
  __atomic_store_n(&log->magic, kLogMagic, __ATOMIC_RELEASE);
  return log;
}

void write_start(bool is_fork_child, bool before_exec) {
  if (is_fork_child && before_exec) return;
  if (!write_start_record<256>()) write_start_record<kLongestPath>();
  if (!is_fork_child && !write_arguments<256>()) write_arguments<kMostArguments>();
  if (!is_passive()) write_descriptors();
}

void write_end(int code) {
  if (!is_passive()) {
    NameList list;
    for_each_object(add_name, &list);
    flush_names(&list);
  }
  ExitBody body{-1, -1, -1, -1, -1, -1, -1};
  // Asking the kernel for these costs 20 us: too much of a process that was there for less than
  // this.
  constexpr int64_t kLongEnough_ns = 10'000'000;
  char io[512];
  const long n =
      now_ns() - began_ns() < kLongEnough_ns ? 0 : read_file("/proc/self/io", io, sizeof io - 1);
  if (n > 0) {
    io[n] = '\0';
    body.read_bytes = io_number(io, "rchar: ");
    body.written_bytes = io_number(io, "wchar: ");
    body.storage_read_bytes = io_number(io, "read_bytes: ");
    body.storage_written_bytes = io_number(io, "write_bytes: ");
  }
  struct {
    struct {
      int64_t seconds;
      int64_t microseconds;
    } user, system;
    int64_t max_rss_kib;
    int64_t memory[5];
    int64_t blocks_read;  // of 512 bytes, from storage
    int64_t blocks_written;
    int64_t rest[5];
  } usage{};
  if (raw(__NR_getrusage, 0, raw_pointer(&usage)) == 0) {
    body.user_us = usage.user.seconds * 1'000'000 + usage.user.microseconds;
    body.system_us = usage.system.seconds * 1'000'000 + usage.system.microseconds;
    body.max_rss_bytes = usage.max_rss_kib * 1024;
    if (body.storage_read_bytes < 0) body.storage_read_bytes = usage.blocks_read * 512;
    if (body.storage_written_bytes < 0) body.storage_written_bytes = usage.blocks_written * 512;
  }
  write_event({.kind = BoxKind::kExit, .result = code, .body = &body});
}

}  // namespace headrace::box
