#include "cli/accounting.h"

#include <algorithm>
#include <map>

#include "collect/ring_reader.h"
#include "query/units.h"
#include "spool/segment_reader.h"

namespace headrace::cli {
namespace {

// How many records of a running process wait in its ring: those above what is stored.
int64_t waiting_in_ring(const std::string& path, const std::map<uint32_t, uint64_t>& stored) {
  Result<FileBytes> bytes = FileBytes::open(path);
  if (!bytes.ok()) return 0;
  const Result<collect::RingContents> ring = collect::parse_ring(bytes->view());
  if (!ring.ok()) return 0;
  std::map<uint32_t, uint64_t> past;
  for (const collect::RingChunk& chunk : ring->chunks) {
    past[chunk.ring] = std::max(past[chunk.ring], chunk.past());
  }
  int64_t waiting = 0;
  for (const auto& [index, number] : past) {
    const auto known = stored.find(index);
    const uint64_t from = known == stored.end() ? 0 : known->second;
    if (number > from) waiting += static_cast<int64_t>(number - from);
  }
  return waiting;
}

std::string plural(int64_t n, const char* one, const char* many) {
  return query::grouped(static_cast<uint64_t>(n)) + " " + (n == 1 ? one : many);
}

}  // namespace

Result<std::vector<Account>> accounts(const query::Session& session) {
  auto rows = session.rows(
      "SELECT a.producer, coalesce(a.hostname, '?') || ' ' || coalesce(a.pid::VARCHAR, '?'), "
      "a.state, a.accepted, a.stored, a.spooled, a.quarantined, a.dropped, a.missing, a.newer, "
      "coalesce(greatest(s.stored - s.row_count, 0), 0)::BIGINT, a.dropped_by, "
      "p.facts->>'$.ring' FROM accounting a "
      "LEFT JOIN stored_rows s ON s.producer = a.producer "
      "LEFT JOIN producer p ON p.producer = a.producer "
      "ORDER BY a.missing + a.dropped + a.quarantined DESC, a.accepted DESC, a.producer");
  if (!rows.ok()) return rows.status();
  std::map<std::string, std::map<uint32_t, uint64_t>> stored;
  const auto marks = session.rows(
      "SELECT printf('%015x', p.uid), w.ring, max(w.past) FROM watermark w JOIN producer_row p ON "
      "p.producer = w.producer WHERE p.state = 'running' GROUP BY ALL");
  if (!marks.ok()) return marks.status();
  for (const auto& mark : *marks) {
    stored[mark[0].text][static_cast<uint32_t>(mark[1].real)] = static_cast<uint64_t>(mark[2].real);
  }
  std::vector<Account> out;
  for (const auto& row : *rows) {
    const auto number = [&row](size_t column) { return static_cast<int64_t>(row[column].real); };
    Account a;
    a.producer = row[0].text;
    a.process = row[1].text;
    a.state = row[2].text;
    a.accepted = number(3);
    a.stored = number(4);
    a.spooled = number(5);
    a.quarantined = number(6);
    a.dropped = number(7);
    a.missing = number(8);
    a.newer = number(9);
    a.without_row = number(10);
    a.dropped_by = row[11].is_null ? "" : row[11].text;
    if (a.state == "running" && !row[12].is_null) {
      // Some of these may be on their way through a segment, and are counted as spooled already.
      const int64_t more =
          std::max<int64_t>(0, waiting_in_ring(row[12].text, stored[a.producer]) - a.spooled);
      a.accepted += more;
      a.spooled += more;
    }
    out.push_back(std::move(a));
  }
  return out;
}

std::vector<std::string> explain(const Account& a) {
  std::vector<std::string> out;
  if (a.spooled > 0) {
    out.push_back(plural(a.spooled, "record is", "records are") +
                  " not in the store yet: in the process's ring, in a segment, or on the way");
  }
  if (a.quarantined > 0) {
    out.push_back(plural(a.quarantined, "record could", "records could") +
                  " not be read; the bytes are kept in .headrace/quarantine, and "
                  "headrace doctor --redrive tries them again");
  }
  if (a.dropped > 0) {
    out.push_back(plural(a.dropped, "record was", "records were") +
                  " given up by the process itself, which counted them: " + a.dropped_by);
  }
  if (a.newer > 0) {
    out.push_back(plural(a.newer, "record is", "records are") +
                  " of a newer version: stored as bytes, for a newer headrace to read");
  }
  if (a.missing > 0) {
    out.push_back(plural(a.missing, "record is", "records are") +
                  " missing and nothing says why: a segment was deleted or never arrived");
  }
  if (a.without_row > 0) {
    out.push_back(plural(a.without_row, "record counts", "records count") +
                  " as stored and has no row: move .headrace/store.duckdb aside, and it is built "
                  "again from the segments");
  }
  return out;
}

}  // namespace headrace::cli
