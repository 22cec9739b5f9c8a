// The log of a box: what one process image (from its start or exec to its end or next exec) did
// with files, as the shim inside it, or a supervisor on its behalf, saw it. Layout only; libc
// headers only.
//
//   <log folder>/<pid>-<start time>-<epoch>.box      sparse, mapped shared, no descriptor kept open
//
//   0                256                                               tail            length_bytes
//   +----------------+----------+------------+----------+-- - - --+- - -+--------------- - - ---+
//   | LogHeader      | record   | record     | record   |         |     | hole, not yet real    |
//   +----------------+----------+------------+----------+-- - - --+- - -+--------------- - - ---+
//        tail: atomic, where the next record goes; a writer adds its record's size to it, and the
//        old value is its place. So any thread, signal handler and vfork child may write, without a
//        lock, and a SIGKILL at any instruction leaves the others' records whole.
//        ready_bytes: up to where pages are real (fallocate, MADV_POPULATE_WRITE), so that a full
//        /dev/shm is a lost record and never a SIGBUS. It grows by at most kLogChunkBytes at once.
//
//   record, a multiple of 16 bytes:
//   +-- RecordHeader 48 ----------------------------------------+-- body -----------------+-- pad
//   --+ | mark kind size at_ns tid result task[16] flags len1 len2  | fixed part, path, path2 | 0 |
//   +-----------------------------------------------------------+-------------------------+---------+
//        mark is stored last, with release. A record without it was cut short by a kill: the reader
//        looks for the next one at 16-byte steps up to tail.
//
// Paths are as the program gave them, made absolute by the reader with the working directory (start
// and chdir records); those relative to a directory descriptor are written absolute. Not
// terminated. A path cut at kLongestPath has kPathIsCut.
// Nothing here is trusted by the reader: any process of the user may have scribbled on it.
#pragma once

#include <stddef.h>  // NOLINT(modernize-deprecated-headers): C readers include this too
#include <stdint.h>  // NOLINT(modernize-deprecated-headers)

namespace headrace::box {

constexpr uint64_t kLogMagic = 0x31474F4C58424852;  // "HRBXLOG1"
constexpr uint32_t kLogVersion = 1;
constexpr uint32_t kLogHeaderBytes = 256;
constexpr uint32_t kLogChunkBytes = 64 * 1024;
constexpr uint64_t kLogLengthBytes = 64 << 20;  // of the sparse file; smaller where a limit says so
constexpr uint32_t kRecordMark = 0x43455242;    // "BREC"
constexpr uint32_t kRecordStep = 16;
constexpr uint32_t kLongestPath = 4096;

enum class Mechanism : uint32_t {
  kShim = 1,    // seen by the preloaded library
  kNotify = 2,  // seen by the seccomp supervisor
};

struct LogHeader {
  uint64_t magic;  // stored last, with release
  uint32_t version;
  Mechanism mechanism;
  uint64_t length_bytes;
  uint64_t tail;         // atomic
  uint64_t ready_bytes;  // atomic; grows
  int32_t pid;
  int32_t parent_pid;  // at the start of the image; 0 not known
  uint64_t
      start_time_ticks;  // field 22 of /proc/PID/stat; 0 where reading it costs too much (shim)
  uint64_t epoch;        // CLOCK_MONOTONIC ns at which the image was first seen: orders images
  uint64_t parent_start_time_ticks;  // of a fork child: its parent image, exactly; 0 not known
  uint64_t parent_epoch;
  int64_t monotonic_ns;  // the same moment on two clocks
  int64_t realtime_ns;
  uint32_t uid;
  uint32_t is_fork_child;  // 1: a fork of its parent's image, not (yet) an exec
  uint64_t pid_namespace;  // inode of /proc/self/ns/pid; 0 not known
  // Atomic counts of what is not written: opens that gave an error; of /proc, /sys and devices; of
  // one file again, unchanged and for reading; and what there was no room for.
  uint64_t failed_opens;
  uint64_t kernel_opens;
  uint64_t repeated_opens;
  uint64_t lost_records;
  uint64_t flags;  // kLog* below, atomic or
};
static_assert(sizeof(LogHeader) <= kLogHeaderBytes);

constexpr uint64_t kLogPassive = 1;  // a launcher (mpirun, srun): its own files are not written
constexpr uint64_t kLogIoUring = 2;  // files may have been used that nobody saw
constexpr uint64_t kLogNoDescriptors = 4;  // /proc/self/fd could not be read at the start
constexpr uint64_t kLogIsHeld = 8;         // a supervisor has more to write, also of a dead process

enum class BoxKind : uint16_t {
  kStart = 1,       // StartBody: path = executable, path2 = working directory
  kArguments = 2,   // path = the words of the command, each ended by a zero byte
  kDescriptor = 3,  // FileBody: result = fd open at the start, path = what /proc/self/fd says;
                    // empty where it is the same file as the descriptor before
  kOpen = 4,        // FileBody: result = fd, path; flags = kOpen*; open_flags as given to open(2)
  kClose = 5,       // FileBody: result = fd of a file that may have been written or was inherited
  kRename = 6,      // FileBody of the file under its new name: path = old, path2 = new
  kLink = 7,        // FileBody: path = existing, path2 = new; result = fd where it was given as one
  kSymlink = 8,     // path = target text, path2 = new
  kUnlink = 9,      // FileBody as it was before: path. flags: kIsDirectory for rmdir
  kTruncate = 10,   // FileBody after it: path, or result = fd
  kMakeDirectory = 11,  // path
  kDirectory = 12,      // FileBody: a listing: result = fd or -1, path
  kCopy = 13,           // CopyBody: bytes moved inside the kernel from one descriptor to another
  kMap = 14,            // FileBody: mapped shared and writable: result = fd
  kChangeFolder = 15,   // path = the new working directory, absolute
  kPipe = 16,           // PipeBody: made here
  kFork = 17,           // result = child's pid (0 not known: vfork, raw clone); flags: kVfork
  kExec = 18,           // about to be replaced: path = as given, ChildBody; flags
  kExecFailed = 19,     // it was not: result = errno
  kSpawn = 20,      // result = child's pid (0: system, popen), path = program as given, ChildBody
  kSpawnOpen = 21,  // a file action of posix_spawn: path, result = fd in the child, OpenBody;
                    // before the kSpawn of the same thread whose child it is for
  kExit = 22,       // ExitBody: result = code given to exit, where known
  kLibraries = 23,  // path = names of the mapped shared objects, each ended by a zero byte
  kBlindSpot = 24,  // flags; of this image, or with path of the program it execs
};

// RecordHeader.flags
constexpr uint32_t kFromVforkChild = 1u << 31;  // tid is the child's pid; memory is the parent's
constexpr uint32_t kPathIsCut = 1u << 30;
constexpr uint32_t kOpenIsStdio = 1;      // fopen, freopen
constexpr uint32_t kOpenIsTemporary = 2;  // mkstemp family, tmpfile
constexpr uint32_t kIsDirectory = 4;
constexpr uint32_t kCloseAtExit = 8;  // still open when the process ended; stdio may be unflushed
constexpr uint32_t kVfork = 16;
constexpr uint32_t kExchange = 32;           // renameat2 swapped the two: two records, one of each
constexpr uint32_t kEnvironmentKept = 64;    // exec, spawn: our variables are in the child's
constexpr uint32_t kWatchedElsewhere = 128;  // they name another log folder (a run inside a run)
// kBlindSpot: the bits of box/elf.h, and these.
constexpr uint32_t kSeenIoUring = 1u << 16;
constexpr uint32_t kSeenSandbox = 1u
                                  << 18;  // it forbade itself system calls; nothing is seen after
constexpr uint32_t kSeenNoEnvironment = 1u << 17;  // the child was started without our variables

struct RecordHeader {
  uint32_t mark;  // kRecordMark, stored last
  BoxKind kind;
  uint16_t size_bytes;  // whole, a multiple of kRecordStep
  int64_t at_ns;        // CLOCK_MONOTONIC, when the call had returned (exec: before)
  int32_t tid;
  int32_t result;
  uint8_t task[16];  // hr_current_task_id of the thread: a task's uuid as printed; zero: none
  uint32_t flags;
  uint16_t path_bytes;
  uint16_t path2_bytes;
};
static_assert(sizeof(RecordHeader) == 48);

// fstat of the file; all zero where it could not be had.
struct FileBody {
  uint64_t dev;
  uint64_t ino;
  int64_t size_bytes;
  int64_t mtime_ns;
  int64_t ctime_ns;
  uint32_t mode;        // st_mode; 0: not known
  uint32_t open_flags;  // open, descriptor: O_* of the descriptor
  int64_t position;     // descriptor, close: the offset; -1 not known
  uint64_t links;       // st_nlink
};
static_assert(sizeof(FileBody) == 64);

struct StartBody {
  uint32_t arguments;         // words of the command
  uint32_t preload_position;  // of the shim in LD_PRELOAD, 0 the first
};
struct CopyBody {
  FileBody from;
  FileBody to;
  int32_t from_fd;
  int32_t to_fd;
  int64_t bytes;
};
struct PipeBody {
  uint64_t dev;
  uint64_t ino;
  int32_t read_fd;
  int32_t write_fd;
};
struct ChildBody {
  uint64_t began_ns;  // spawn: CLOCK_MONOTONIC before the call
};
struct OpenBody {
  uint32_t open_flags;
  uint32_t reserved;
};
// What /proc/self/io and getrusage say; -1 where not known.
struct ExitBody {
  int64_t read_bytes;  // rchar: all that read calls gave
  int64_t written_bytes;
  int64_t storage_read_bytes;
  int64_t storage_written_bytes;
  int64_t user_us;
  int64_t system_us;
  int64_t max_rss_bytes;
};

// What the body of each kind begins with.
constexpr uint32_t body_bytes(BoxKind kind) {
  switch (kind) {
    case BoxKind::kDescriptor:
    case BoxKind::kOpen:
    case BoxKind::kClose:
    case BoxKind::kRename:
    case BoxKind::kLink:
    case BoxKind::kUnlink:
    case BoxKind::kTruncate:
    case BoxKind::kDirectory:
    case BoxKind::kMap: return sizeof(FileBody);
    case BoxKind::kStart: return sizeof(StartBody);
    case BoxKind::kCopy: return sizeof(CopyBody);
    case BoxKind::kPipe: return sizeof(PipeBody);
    case BoxKind::kExec:
    case BoxKind::kSpawn: return sizeof(ChildBody);
    case BoxKind::kSpawnOpen: return sizeof(OpenBody);
    case BoxKind::kExit: return sizeof(ExitBody);
    default: return 0;
  }
}

// What the launcher puts into the environment, beside LD_PRELOAD. An absolute folder of the user's,
// mode 0700.
constexpr const char* kLogFolderVariable = "HEADRACE_BOX";

// What the shim exports beside the wrapped names: a library that has tasks gives it the function
// that writes the uuid of the calling thread's current task (all zero: none) and of its workflow.
// Called in signal handlers and in vfork children: no lock, no memory.
using CurrentTask = void (*)(uint8_t task[16], uint8_t workflow[16]);
constexpr const char* kSetCurrentTask = "headrace_box_set_current_task";

}  // namespace headrace::box
