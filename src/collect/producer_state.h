// What the fold knows of one producer: its dictionary, clocks, facts, and which of its records are
// stored. Nothing in it is trusted: every id, length and tag is checked when it is used.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collect/clock_map.h"
#include "collect/seen_numbers.h"
#include "encode/frame.h"
#include "store/writer.h"

namespace headrace::collect {

// A value's way from a record's cell to its slot.
struct CellMove {
  uint16_t cell = 0;
  uint16_t page = 0;
  uint8_t slot = 0;
  ValueTag tag = ValueTag::kNull;
};

// A cell that refers to objects.
struct Reference {
  uint16_t cell = 0;
  bool generated = false;
  bool nested = false;  // somewhere inside a list or map
  bool exact = true;
  std::string name;
};

// A shape, resolved once.
struct ShapePlan {
  struct Cell {
    Role role;
    ValueTag tag;
    bool exact;
    std::string name;
  };
  std::vector<Cell> cells;
  // For tasks, made at first use: its schema, and moves in the order of their pages.
  bool placed = false;
  uint32_t schema = 0;
  std::vector<CellMove> moves;
  size_t columns = 0;  // of the task table when the moves were made
  std::vector<Reference> references;
  uint32_t last_activity = 0;  // whose use of the schema is noted already
};

class ProducerState {
 public:
  ProducerState(ProducerId uid, store::Writer& writer);

  // Takes in a meta frame. `order` grows along the producer's segments.
  void learn(const FrameView& frame, uint64_t order);
  // Takes only the dictionary of one: from segments whose records are stored already. What could
  // not be resolved is tried again.
  void learn_entries(const FrameView& frame);
  // After all meta frames, before the first record.
  void prepare();

  ProducerId uid() const { return uid_; }
  uint32_t id() const { return id_; }
  ClockMap& clocks() { return clocks_; }
  // When, by the monotonic clock, the store has a clock record already.
  std::vector<int64_t>& kept_clocks_ns() { return kept_clocks_ns_; }
  SeenNumbers& seen(uint32_t ring) { return seen_[ring]; }
  std::map<uint32_t, SeenNumbers>& rings() { return seen_; }
  const std::optional<store::ProducerFacts>& facts() const { return facts_; }

  // What a dictionary id stands for. 0, null or nothing for an id that is unknown or of another
  // kind.
  uint32_t activity(uint32_t entry);
  std::string_view activity_name(uint32_t entry) const;
  uint32_t workflow(uint32_t entry);
  std::optional<Uuid> workflow_uuid(uint32_t entry) const;
  std::optional<Uuid> campaign(uint32_t entry);
  uint32_t sensor(uint32_t entry);
  struct ForeignTask {
    uint32_t producer;
    TaskNumber number;
  };
  std::optional<ForeignTask> task(uint32_t entry);
  std::optional<std::string> text(uint32_t entry) const;
  // The empty shape for 0; null for one that is not there or makes no sense.
  ShapePlan* shape(uint32_t entry);
  // shape(), with the task's part made. `activity`: the dictionary's number of the one whose task
  // it is.
  ShapePlan* placed(uint32_t entry, uint32_t activity);
  // The plan of other values than a shape's own, for a record that needs one of its own.
  void place(ShapePlan& plan, uint32_t activity);
  void find_slots(ShapePlan& plan);

 private:
  struct Entry {
    EntryKind kind{};
    uint32_t number = 0;  // of the store, once resolved
    std::string bytes;
    std::string name;  // of an activity, once resolved
    std::unique_ptr<ShapePlan> shape;
    bool bad = false;
  };
  Entry* entry(uint32_t id, EntryKind kind);
  const Entry* entry(uint32_t id, EntryKind kind) const;
  void learn_entry(const RecordView& record);
  void learn_facts(const RecordView& record, uint64_t order);

  ProducerId uid_;
  uint32_t id_;
  store::Writer& writer_;
  std::vector<std::unique_ptr<Entry>> entries_;  // id - 1; ids of a damaged dictionary have holes
  ShapePlan empty_shape_;
  ClockMap clocks_;
  std::vector<int64_t> kept_clocks_ns_;
  std::map<uint32_t, SeenNumbers> seen_;
  std::optional<store::ProducerFacts> facts_;
};

}  // namespace headrace::collect
