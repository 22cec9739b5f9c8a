#include "collect/pending.h"

#include <algorithm>

namespace headrace::collect {
namespace {

Result<std::unordered_map<std::string, store::SegmentState>> known_segments(
    const store::Connection& connection) {
  Result<store::QueryResult> rows =
      connection.query("SELECT name, size_bytes, resume_at, sealed FROM segment");
  if (!rows.ok()) return rows.status();
  std::unordered_map<std::string, store::SegmentState> out;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      out[std::string(c.text(0, r))] = {static_cast<uint64_t>(c.integer(1, r)),
                                        static_cast<uint64_t>(c.integer(2, r)), c.boolean(3, r)};
    }
  }
  return out;
}

}  // namespace

Result<Pending> find_pending(const Directory& directory, const store::Connection& connection,
                             const Liveness& liveness) {
  Pending out;
  auto known = known_segments(connection);
  if (!known.ok()) return known.status();
  Result<store::QueryResult> rows = connection.query(
      "SELECT producer, uid, hostname, boot_id, pid, start_time_ticks FROM producer_row "
      "WHERE state = 'running' AND facts IS NOT NULL");
  if (!rows.ok()) return rows.status();
  std::vector<ProducerId> gone;
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      if (!liveness.is_dead(std::string(c.text(2, r)), std::string(c.text(3, r)), c.integer(4, r),
                            c.integer(5, r))) {
        continue;
      }
      out.gone.push_back(static_cast<uint32_t>(c.integer(0, r)));
      gone.push_back(static_cast<ProducerId>(c.integer(1, r)));
    }
  }
  for (SegmentFile& file : list_segments(directory)) {
    PendingSegment segment;
    segment.name = file.path.stem().string();
    const auto found = known->find(segment.name);
    if (found != known->end()) {
      const store::SegmentState& state = found->second;
      segment.resume_at = state.resume_at;
      if (file.size_bytes == state.size_bytes) {
        const bool is_final =
            file.sealed || std::find(gone.begin(), gone.end(), file.producer) != gone.end();
        // Sealing adds nothing unless the end of the file was not understood yet.
        if (state.sealed || !is_final || state.resume_at == file.size_bytes) continue;
      }
      // Another file of that name, or more of one whose end looked like its last.
      segment.again = file.size_bytes < state.resume_at ||
                      (state.sealed && file.size_bytes != state.size_bytes);
      if (segment.again) segment.resume_at = 0;
    }
    segment.file = std::move(file);
    out.segments.push_back(std::move(segment));
  }
  return out;
}

}  // namespace headrace::collect
