// Turns the records of a frame into rows of the store.
//
// A record that makes no sense is refused with a reason and changes nothing; the caller keeps its
// bytes. An error of the store itself shows in Writer::error() at the next commit.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collect/producer_state.h"
#include "encode/sample_block.h"

namespace headrace::collect {

class RecordFold {
 public:
  explicit RecordFold(store::Writer& writer) : writer_(writer) {}

  // Null when the record is taken, else why not (static text).
  const char* take(ProducerState& producer, const RecordView& record, uint32_t ring,
                   uint64_t number);
  // Whether such an answer means only that the dictionary or the clocks have a hole, which another
  // copy of them may fill.
  static bool lacks_entry(const char* why);
  // Ended tasks, ever; and rows of the present transaction.
  uint64_t tasks() const { return tasks_; }
  uint64_t batch_tasks() const { return batch_tasks_; }
  uint64_t batch_rows() const { return rows_; }
  // After a commit: its appenders are gone.
  void next_batch() {
    tasks_rows_ = nullptr;
    batch_tasks_ = 0;
    rows_ = 0;
  }

 private:
  struct Origin {
    ProducerState& producer;
    uint32_t ring;
    uint64_t number;
  };
  void count_edge_record(const Origin& origin);
  // A record of a newer version, `whole` or only its extension unknown: kept as bytes.
  void keep_unknown(const Origin& origin, const RecordView& record, bool whole);
  const char* task(ProducerState& producer, const RecordView& record);
  const char* workflow(const Origin& origin, const RecordView& record);
  const char* campaign(const Origin& origin, const RecordView& record);
  const char* object(const Origin& origin, const RecordView& record);
  const char* log(const Origin& origin, const RecordView& record);
  // Of a log record whose cells are read.
  const char* exposure(const Origin& origin, const LogRecord& fixed, const ShapePlan& shape,
                       uint32_t workflow);
  const char* sample(ProducerState& producer, const RecordView& record);
  const char* samples(ProducerState& producer, const RecordView& record);
  void put_sample(ProducerState& producer, uint32_t sensor, const PlainSample& sample,
                  uint8_t more_flags = 0);
  const char* gap(ProducerState& producer, const RecordView& record);
  const char* edge(ProducerState& producer, const RecordView& record);

  template <typename Fixed>
  const char* read_cells(const RecordView& record, const ShapePlan& shape);
  // Makes the JSON of every cell; null when all are values.
  const char* cells_to_json(const ShapePlan& shape);
  // Rows of value_row from json_, which cells_to_json made.
  void put_values(const Origin& origin, const Uuid& owner, int64_t ts, const ShapePlan& shape);
  struct EdgeEnd {
    uint32_t producer = 0;
    uint64_t task = 0;  // 0: the workflow's
    uint32_t workflow = 0;
    bool inferred = false;
  };
  void put_edges(const ShapePlan& shape, const EdgeEnd& end);
  void put_edge(const Reference& reference, const EdgeEnd& end, const Uuid& object);
  void put_task_values(store::Appender& rows, const ShapePlan& shape, uint32_t producer,
                       uint64_t number, bool is_open);
  bool is_odd(const CellMove& move) const;
  bool has_odd_value(const ShapePlan& shape) const;
  void retype_odd_values(const ShapePlan& from, ShapePlan& own);

  store::Writer& writer_;
  store::Appender* tasks_rows_ = nullptr;
  size_t columns_ = 0;                   // of the tables that it was made for
  std::vector<uint64_t> cells_;          // of the record at hand
  std::vector<std::string_view> tails_;  // where the cell is in the tail
  std::deque<std::string> rewritten_;    // what retype_odd_values points tails_ at
  std::vector<std::string> json_;
  std::string text_;
  std::vector<Uuid> objects_;
  std::vector<PlainSample> samples_;
  uint64_t rows_ = 0;
  uint64_t tasks_ = 0;
  uint64_t batch_tasks_ = 0;
};

}  // namespace headrace::collect
