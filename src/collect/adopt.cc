#include "collect/adopt.h"

#include <cinttypes>
#include <cstdio>

#include "base/file_system.h"
#include "collect/earlier_segments.h"
#include "collect/quarantine.h"
#include "collect/recovered_segment.h"
#include "collect/ring_files.h"

namespace headrace::collect {
namespace {

Status failed(const std::string& doing, int minus_errno) { return io_error(doing, -minus_errno); }

Status write_synced(const std::string& path, std::string_view bytes) {
  FileSystem& files = FileSystem::current();
  files.unlink(path.c_str());  // of a collector that was killed
  const int fd = files.create(path.c_str());
  if (fd < 0) return failed("cannot create " + path, fd);
  ssize_t n = 0;
  while (!bytes.empty() && (n = files.write(fd, bytes.data(), bytes.size())) >= 0) {
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  const int synced = n < 0 ? static_cast<int>(n) : files.sync(fd);
  files.close(fd);
  if (synced >= 0) return {};
  files.unlink(path.c_str());
  return failed("cannot write " + path, synced);
}

class Adoption {
 public:
  Adoption(const Directory& directory, const AdoptOptions& options, AdoptReport& report)
      : directory_(directory), options_(options), report_(report) {}

  Status adopt(const DeadRing& dead) {
    Result<LockedRing> locked = LockedRing::open(dead.path);
    if (!locked.ok()) return locked.status();
    if (dead.unmade) return remove(dead);
    Result<RingContents> ring = parse_ring(locked->bytes());
    if (!ring.ok() && ring.status().code() != StatusCode::kCorrupt) return ring.status();
    if (ring.ok()) {
      HEADRACE_RETURN_IF_ERROR(keep(*ring));
      for (const RingDamage& damage : ring->damage) {
        HEADRACE_RETURN_IF_ERROR(
            set_aside(dead, damage.offset,
                      locked->bytes().substr(damage.offset, damage.length_bytes), damage.reason));
      }
    } else {
      HEADRACE_RETURN_IF_ERROR(set_aside(dead, 0, locked->bytes(), ring.status().message()));
    }
    HEADRACE_RETURN_IF_ERROR(remove(dead));
    ++report_.rings;
    return {};
  }

 private:
  Status remove(const DeadRing& dead) {
    const int gone = FileSystem::current().unlink(dead.path.c_str());
    return gone < 0 ? failed("cannot remove ring " + dead.path.string(), gone) : Status();
  }

  // Everything that can be understood, as the producer's next segment.
  Status keep(const RingContents& ring) {
    const EarlierSegments earlier = EarlierSegments::read(directory_, ring.owner.producer);
    if (is_recovered(earlier)) return {};  // by a collector that did not come to the unlink
    const std::string ended_by = options_.ended_by ? options_.ended_by(ring.owner.pid) : "";
    const RecoveredSegment segment = make_segment(ring, earlier, ended_by);
    char name[64];
    std::snprintf(name, sizeof name, "%015" PRIx64 "-%06" PRIu64, ring.owner.producer,
                  earlier.next_ordinal());
    const std::string path = (directory_.spool() / name).string();
    HEADRACE_RETURN_IF_ERROR(write_synced(path + ".adopt", segment.bytes));
    FileSystem& files = FileSystem::current();
    const int renamed = files.rename((path + ".adopt").c_str(), (path + ".seg").c_str());
    if (renamed < 0) {
      files.unlink((path + ".adopt").c_str());
      return failed("cannot name segment " + path + ".seg", renamed);
    }
    if (const int synced = files.sync_folder(directory_.spool().c_str()); synced < 0) {
      return failed("cannot sync " + directory_.spool().string(), synced);
    }
    report_.records += segment.records;
    report_.open_tasks += segment.open_tasks;
    report_.waiting_samples += segment.waiting_samples;
    return {};
  }

  Status set_aside(const DeadRing& dead, uint64_t offset, std::string_view bytes,
                   const std::string& reason) {
    // The rest of a chunk after its last record is often zeros.
    const size_t last = bytes.find_last_not_of('\0');
    bytes = bytes.substr(0, last == std::string_view::npos ? 0 : last + 1);
    ++report_.damaged;
    FileSystem& files = FileSystem::current();
    files.make_folder(directory_.quarantine().c_str());
    const std::string path =
        (directory_.quarantine() / aside_name(dead.path.filename().string(), offset)).string();
    HEADRACE_RETURN_IF_ERROR(write_synced(path + ".bin", bytes));
    return write_synced(path + ".reason", reason);
  }

  const Directory& directory_;
  const AdoptOptions& options_;
  AdoptReport& report_;
};

}  // namespace

AdoptReport adopt(const Directory& directory, const Liveness& liveness,
                  const AdoptOptions& options) {
  AdoptReport report;
  Adoption adoption(directory, options, report);
  for (const DeadRing& dead : find_dead_rings(directory, liveness)) {
    // A process that was killed in its first moments left a ring and no folder.
    Status status = dead.unmade ? Status() : create_directory(directory);
    if (status.ok()) status = adoption.adopt(dead);
    // Another collector at the same ring is no problem: it does the same.
    if (status.ok() || status.code() == StatusCode::kUnavailable) continue;
    ++report.left;
    if (report.problem.ok()) report.problem = status;
  }
  return report;
}

bool has_dead_rings(const Directory& directory, const Liveness& liveness) {
  return !find_dead_rings(directory, liveness).empty();
}

}  // namespace headrace::collect
