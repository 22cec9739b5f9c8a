#include "collect/redrive.h"

#include <system_error>

#include "spool/segment_reader.h"

namespace headrace::collect {

Status Redrive::load() {
  Result<store::QueryResult> rows = connection_.query(
      "SELECT DISTINCT p.uid FROM quarantine_row q JOIN producer_row p ON p.producer = q.producer "
      "WHERE q.ring IS NOT NULL AND q.kept_as IS NOT NULL");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) {
      producers_.insert(static_cast<ProducerId>(rows->chunk().integer(0, r)));
    }
  }
  return {};
}

Status Redrive::rows_of(uint32_t producer, std::vector<Row>& out) const {
  Result<store::QueryResult> rows = connection_.query(
      "SELECT rowid, ring, number, records, file, \"offset\", kept_as FROM quarantine_row "
      "WHERE ring IS NOT NULL AND kept_as IS NOT NULL AND producer = " +
      std::to_string(producer));
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const store::Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      out.push_back({c.integer(0, r), static_cast<uint32_t>(c.integer(1, r)),
                     static_cast<uint64_t>(c.integer(2, r)), static_cast<uint64_t>(c.integer(3, r)),
                     std::string(c.text(4, r)), static_cast<uint64_t>(c.integer(5, r)),
                     std::string(c.text(6, r))});
    }
  }
  return {};
}

Status Redrive::run(ProducerState& producer, uint64_t& taken) {
  std::vector<Row> rows;
  HEADRACE_RETURN_IF_ERROR(rows_of(producer.id(), rows));
  std::string gone;  // rowids
  for (const Row& row : rows) {
    const auto path = directory_.quarantine() / row.kept_as;
    Result<FileBytes> bytes = FileBytes::open(path);
    if (!bytes.ok()) continue;  // someone took it away; the row still says that it was there
    const uint64_t now = take(producer, row, bytes->view());
    if (now == 0) continue;
    gone += (gone.empty() ? "" : ", ") + std::to_string(row.rowid);
    if (now == row.records) done_.push_back(path);
    taken += now;
  }
  if (gone.empty()) return {};
  writer_.touch_numbers(producer.id());  // a gap may be among them
  return connection_.run("DELETE FROM quarantine_row WHERE rowid IN (" + gone + ")");
}

Status Redrive::forget_damage(const std::string& segment) {
  const std::string these = "FROM quarantine_row WHERE ring IS NULL AND file = '" + segment + "'";
  Result<store::QueryResult> rows = connection_.query("SELECT kept_as " + these);
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    for (size_t r = 0; r < rows->chunk().rows(); ++r) {
      if (rows->chunk().is_null(0, r)) continue;
      done_.push_back(directory_.quarantine() / std::string(rows->chunk().text(0, r)));
    }
  }
  return connection_.run("DELETE " + these);
}

// How many of the row's records are taken now. If any is, those that are not get rows of their own.
uint64_t Redrive::take(ProducerState& producer, const Row& row, std::string_view bytes) {
  uint64_t taken = 0;
  std::vector<Refused> left;
  uint64_t at = 0;
  for (uint64_t i = 0; i < row.records; ++i) {
    // Written by us, but a file all the same.
    if (bytes.size() - at < sizeof(RecordHeader)) break;
    const auto header = load_le<RecordHeader>(bytes.data() + at);
    if (header.size_bytes < sizeof(RecordHeader) || header.size_bytes > bytes.size() - at) break;
    const RecordView record(bytes.substr(at, header.size_bytes));
    const char* why = records_.take(producer, record, row.ring, row.number + i);
    if (why == nullptr) {
      ++taken;
    } else {
      Refused refused;
      refused.segment = row.segment;
      refused.offset = row.offset + at;
      refused.bytes = record.bytes();
      refused.reason = why;
      refused.ring = row.ring;
      refused.first_number = row.number + i;
      refused.records = 1;
      left.push_back(refused);
    }
    at += header.size_bytes;
  }
  if (taken == 0) return 0;
  // What could not even be read stays counted.
  const uint64_t read = taken + left.size();
  if (read < row.records) {
    Refused refused;
    refused.segment = row.segment;
    refused.offset = row.offset + at;
    refused.bytes = bytes.substr(at);
    refused.reason = "its kept bytes are no record";
    refused.ring = row.ring;
    refused.first_number = row.number + read;
    refused.records = row.records - read;
    left.push_back(refused);
  }
  // The bytes at the row's own place are in its file already, which stays: written again before the
  // commit they could be lost.
  for (const Refused& refused : left) {
    if (refused.offset == row.offset)
      quarantine_.row(producer.id(), refused, refused.bytes.size(), row.kept_as);
    else
      quarantine_.keep(producer.id(), refused);
  }
  return taken;
}

void Redrive::committed() {
  for (const std::filesystem::path& path : done_) {
    std::error_code error;
    std::filesystem::remove(path, error);
  }
  done_.clear();
}

}  // namespace headrace::collect
