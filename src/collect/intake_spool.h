// Records of one foreign source on their way into the spool: their dictionary, their clock, their
// numbers, the frames.
//
//   IntakeSpool spool(directory, producer, {{"source_kind", "mlflow"}, ...}, numbers);
//   HEADRACE_RETURN_IF_ERROR(spool.add(IntakeSpool::kRing, record, cells));
//   HEADRACE_RETURN_IF_ERROR(spool.flush(IntakeSpool::Ended::kNo));
//
// A source's producer goes on from one process to the next: the dictionary and the numbers of
// before are taken over. Its ticks are Unix ns.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "collect/told_value.h"
#include "encode/record.h"
#include "spool/segment_writer.h"

namespace headrace::collect {

// One value of a record; name and value are the caller's until add() returns.
struct ToldCell {
  Role role;
  std::string_view name;
  const Value* value;
  bool is_inferred = false;
};
using ToldCells = std::vector<ToldCell>;

class IntakeSpool {
 public:
  // As everywhere: announcements of open tasks go by ring 0, what has a row of its own by another.
  static constexpr uint32_t kAnnouncements = 0;
  static constexpr uint32_t kRing = 1;
  using Numbers = std::array<uint64_t, 2>;
  // What the source's producer is said to be: it has ended as long as nothing is open.
  enum class Ended : uint8_t { kNo, kYes };

  // `numbers`: the next of each ring. Reads the dictionary of what is in the spool already, and
  // gives segments that a killed process left open their final name.
  IntakeSpool(const Directory& directory, ProducerId producer,
              std::vector<std::pair<std::string, std::string>> facts, Numbers numbers);

  // The dictionary's number of an entry, new or known; 0 when it is full.
  uint32_t entry(EntryKind kind, std::string_view bytes);
  uint32_t string(std::string_view text) { return entry(EntryKind::kString, text); }
  uint32_t activity(std::string_view name);
  uint32_t uuid(EntryKind kind, const Uuid& id);
  uint32_t campaign(std::string_view name);

  // The tick of a Unix time.
  uint64_t tick(int64_t unix_ns);

  // Adds one record: `fixed` without its size and shape, which are filled in, and its values. What
  // makes it longer than a record may be is cut, the longest value first. Errors: the spool's.
  template <typename Fixed>
  Status add(uint32_t ring, Fixed fixed, const ToldCells& cells) {
    fixed.header.cells = 0;
    std::string bytes(reinterpret_cast<const char*>(&fixed), sizeof fixed);
    return add(ring, std::move(bytes), offsetof(Fixed, shape_id), cells);
  }

  // Everything added is in the spool when it returns. Errors: the spool's; what is not written yet
  // is tried again by the next call.
  Status flush(Ended ended);
  // Also on the medium, where the spool's policy asks for it.
  Status sync();
  Status seal();

  // Of records that were added, of each ring, past the last.
  Numbers numbers() const;
  bool has_waiting() const { return !waiting_[0].payload.empty() || !waiting_[1].payload.empty(); }
  // How many secrets were taken out, ever: the producer says so from the next flush on.
  void say_redacted(uint64_t redacted) { redacted_ = redacted; }
  uint64_t shortened() const { return shortened_; }
  bool is_power_safe() const { return writer_.policy().power_safe; }

 private:
  struct Waiting {
    std::string payload;
    uint32_t records = 0;
    uint64_t first_number = 0;
  };
  Status add(uint32_t ring, std::string record, size_t shape_at, const ToldCells& cells);
  uint32_t shape(const ToldCells& cells);
  Status write(uint32_t ring, Ended ended);
  void learn(std::string_view meta_record);
  void write_preamble();
  void write_new_entries();
  void write_clocks(bool all);
  std::string description(uint64_t records, Ended ended) const;

  const std::vector<std::pair<std::string, std::string>> facts_;
  std::vector<std::string> entries_;  // id - 1: kind byte + bytes
  std::unordered_map<std::string, uint32_t> ids_;
  size_t entry_bytes_ = 0;
  uint32_t next_entry_ = 1;  // to be written
  std::set<int64_t> clocks_;
  std::vector<int64_t> new_clocks_;
  std::array<Waiting, 2> waiting_;
  std::string said_;  // the description that was written last
  uint64_t shortened_ = 0;
  uint64_t redacted_ = 0;
  SegmentWriter writer_;
};

}  // namespace headrace::collect
