#include "capture/ring_mapping.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_system.h"
#include "capture/ring_directory.h"
#include "capture/shared_word.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23  // Linux 5.14
#endif

namespace headrace::capture {
namespace {

// A folder of ours that nobody else can put links into: 0700, not a link. One that the user named
// may be more open.
bool is_safe_folder(const std::string& path, bool named_by_user) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return false;
  struct stat facts {};
  if (lstat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) return false;
  return facts.st_uid == geteuid() && (named_by_user || (facts.st_mode & 077) == 0);
}

// Growing a file beyond this limit is answered with a signal that ends the program.
bool may_grow_to(size_t bytes) {
  rlimit limit{};
  return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
         limit.rlim_cur >= bytes;
}

// For some dozen threads. A ring that cannot grow drops what its threads record.
constexpr uint64_t kRoomBytes = uint64_t{8} << 20;

bool has_room(const std::string& folder) {
  FileSystem::Facts facts;
  return FileSystem::current().facts(folder.c_str(), &facts) < 0 || facts.free_bytes >= kRoomBytes;
}

uint64_t pid_namespace() {
  struct stat facts {};
  return stat("/proc/self/ns/pid", &facts) == 0 ? facts.st_ino : 0;
}

// `to` holds zeros, so what is cut still ends with one.
void copy_text(char* to, size_t size, const std::string& text) { text.copy(to, size - 1); }

}  // namespace

RingMapping::RingMapping(char* base, std::string place, bool linked)
    : base_(base), place_(std::move(place)), linked_(linked) {}

RingMapping::~RingMapping() { munmap(base_, kMappingBytes); }

std::unique_ptr<RingMapping> RingMapping::make_in(const std::string& folder, ProducerId producer) {
  std::string path = folder + "/" + ring_file_name(producer);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return nullptr;
  void* at = MAP_FAILED;
  if (ftruncate(fd, kMappingBytes) == 0) {
    at = mmap(nullptr, kMappingBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
  }
  close(fd);
  if (at != MAP_FAILED) {
    std::unique_ptr<RingMapping> made(new RingMapping(static_cast<char*>(at), path, true));
    // A file system without room for a header and a chunk is not the place.
    if (made->make_real(made->base_, sizeof(RingFileHeader)) && made->make_real(0u)) return made;
  }
  ::unlink(path.c_str());
  return nullptr;
}

std::unique_ptr<RingMapping> RingMapping::make(const Directory& directory, ProducerId producer,
                                               const ProcessFacts& facts) {
  std::unique_ptr<RingMapping> made;
  if (may_grow_to(kMappingBytes)) {
    const std::string named = ring_directory();
    const bool safe = is_safe_folder(named, std::getenv("HEADRACE_RING_DIR") != nullptr);
    if (safe && has_room(named)) made = make_in(named, producer);
    if (made == nullptr && create_directory(directory).ok()) {
      const std::string spool = directory.spool();
      if (!is_on_network(spool.c_str())) made = make_in(spool, producer);
    }
    // Little room is better than none.
    if (made == nullptr && safe) made = make_in(named, producer);
  }
  if (made == nullptr) {
    void* at = mmap(nullptr, kMappingBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) return nullptr;
    made.reset(new RingMapping(static_cast<char*>(at), "private", false));
  }
  made->fill_header(directory, producer, facts);
  return made;
}

void RingMapping::fill_header(const Directory& directory, ProducerId producer,
                              const ProcessFacts& facts) {
  RingFileHeader& to = header();
  std::memcpy(to.magic, kRingMagic, sizeof to.magic);
  to.version = kRingVersion;
  to.header_bytes = kRingHeaderBytes;
  to.chunk_bytes = kChunkBytes;
  to.slot_bytes = sizeof(TaskSlot);
  to.slots_per_chunk = kSlotsPerChunk;
  to.chunks = kMappingChunks;
  to.tick_source = static_cast<uint32_t>(tick_source());
  to.producer = producer;
  for (const auto& [key, value] : facts) {
    if (key == "boot_id") copy_text(to.boot_id, sizeof to.boot_id, value);
    if (key == "host") copy_text(to.hostname, sizeof to.hostname, value);
    if (key == "start_time_ticks") to.start_time_ticks = std::strtoull(value.c_str(), nullptr, 10);
  }
  to.pid_namespace = pid_namespace();
  to.pid = static_cast<uint32_t>(getpid());
  to.uid = getuid();
  const ClockReading now = read_clocks();
  to.clocks[0] = {now.ticks, now.monotonic_ns, now.realtime_ns, now.uncertainty_ns};
  const std::string spool = directory.spool();
  struct stat folder {};
  if (stat(spool.c_str(), &folder) == 0) {
    to.spool_device = folder.st_dev;
    to.spool_inode = folder.st_ino;
  }
  to.spool_path_bytes = static_cast<uint32_t>(std::min(spool.size(), kMaxSpoolPathBytes));
  std::memcpy(to.spool_path, spool.data(), to.spool_path_bytes);
  store_release(to.state, static_cast<uint32_t>(RingState::kReady));
}

bool RingMapping::make_real(char* at, size_t bytes) {
  if (madvise(at, bytes, MADV_POPULATE_WRITE) == 0) return true;
  if (errno != EINVAL) return false;  // EFAULT: a touch would be a SIGBUS
  // A kernel without it. Space is reserved through the file, then the pages are touched.
  if (linked_) {
    const int fd = open(place_.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return false;
    const int failed = posix_fallocate(fd, at - base_, static_cast<off_t>(bytes));
    close(fd);
    if (failed != 0) return false;
  }
  std::memset(at, 0, bytes);
  return true;
}

void RingMapping::unlink() {
  if (linked_) ::unlink(place_.c_str());
  linked_ = false;
}

void RingMapping::name_folder(const Directory& directory) {
  RingFileHeader& to = header();
  struct stat folder {};
  if (to.spool_inode != 0 || stat(directory.spool().c_str(), &folder) != 0) return;
  store_relaxed(to.spool_device, uint64_t{folder.st_dev});
  store_release(to.spool_inode, uint64_t{folder.st_ino});
}

void RingMapping::store_clock() {
  const ClockReading now = read_clocks();
  const uint32_t slot = load_relaxed(header().clock_slot) == 1 ? 2 : 1;
  header().clocks[slot] = {now.ticks, now.monotonic_ns, now.realtime_ns, now.uncertainty_ns};
  store_release(header().clock_slot, slot);
}

void RingMapping::forget_in_child() {
  (void)mmap(base_, kMappingBytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  linked_ = false;
}

}  // namespace headrace::capture
