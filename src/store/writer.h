// Writes a batch of folded records: rows, the numbers that stand for names in them, and the
// watermarks, in one transaction.
//
//   Result<Writer> writer = Writer::open(connection);
//   HEADRACE_RETURN_IF_ERROR(writer->begin());
//   Appender* tasks = writer->rows(Table::kTask);     // null: writer->error() says why
//   ...
//   HEADRACE_RETURN_IF_ERROR(writer->commit());
//
// Numbers given out (producer(), workflow(), ...) count from 1 and are stored by the next commit.
// After an error the writer is of no further use: what was not committed is not there.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/id.h"
#include "model/sensor.h"
#include "store/appender.h"
#include "store/registry.h"

namespace headrace::store {

enum class Table : uint8_t {
  kTask,
  kPage,
  kOpenTask,
  kWorkflowRecord,
  kObjectRecord,
  kCampaignRecord,
  kValue,
  kEdge,
  kSample,
  kLog,
  kGap,
  kQuarantine,
  kClock,
  kUnknown,
  kEdgeRecord,
  kExposure,
  kCount
};

// Column numbers of task_slots and open_task, and of task_page: slots follow.
namespace task_column {
enum : size_t {
  kProducer,
  kSeq,
  kWorkflow,
  kActivity,
  kSchema,
  kTs,
  kDur,
  kStatus,
  kAttempt,
  kParentProducer,
  kParentSeq,
  kFirstSlot
};
}
namespace page_column {
enum : size_t { kProducer, kSeq, kSchema, kPage, kFirstSlot };
}

// What is known of a process that wrote records.
struct ProducerFacts {
  std::string hostname;
  int64_t pid = 0;
  std::optional<int64_t> rank;
  std::string boot_id;
  int64_t start_time_ticks = 0;
  bool ended = false;  // it said so itself
  bool lost = false;   // it ended without a word, as who recovered its records found
  std::optional<uint64_t> accepted;
  std::optional<uint64_t> dropped;
  uint64_t order = 0;  // of two accounts that say as much, the one of higher order holds
  std::string json;

  // Whether this is the later account of the two: the one that counts more records, then the one
  // that tells the end, then the one of higher order. It does not matter which was read first.
  bool holds_over(const ProducerFacts& other) const { return account() > other.account(); }
  struct Account {
    uint64_t accepted = 0;
    bool tells_end = false;
    uint64_t order = 0;
    auto operator<=>(const Account&) const = default;
  };
  Account account() const { return {accepted.value_or(0), ended || lost, order}; }
};

// Numbers of one ring: [first, past).
struct NumberRange {
  uint64_t first = 0;
  uint64_t past = 0;
};
struct SegmentState {
  uint64_t size_bytes = 0;
  uint64_t resume_at = 0;
  bool sealed = false;  // nothing more will come
};

class Writer {
 public:
  static Result<Writer> open(const Connection& connection);

  uint32_t producer(ProducerId uid);
  uint32_t workflow(const Uuid& id);
  uint32_t activity(std::string_view name, const std::string& facts_json);
  uint32_t sensor(uint32_t producer, uint32_t entry, const Sensor& sensor);
  void campaign(const Uuid& id, std::string_view name);
  void thread(uint32_t producer, uint32_t ring, uint32_t tid, std::string_view name);
  // The schema of a set of fields (see Registry::place) and where its fields stand. Pointers from
  // rows() to tasks are of no use afterwards if it made a column.
  uint32_t schema(std::vector<Field> fields, std::string_view activity = {});
  // How often task tables have got columns; see schema().
  size_t exclusive_columns() const { return stored_exclusive_; }
  const Schema& layout(uint32_t schema) const { return registry_.schemas()[schema - 1]; }
  void note_use(uint32_t schema, uint32_t activity);
  // Of two accounts the later one holds, whichever comes first here.
  void describe(uint32_t producer, ProducerFacts facts);

  Status begin();
  // An appender of this transaction, made at first use.
  Appender* rows(Table table);
  const Status& error() const { return error_; }
  // Workflows, campaigns and objects of which this transaction holds a record.
  void touch_workflow(const Uuid& id) { touched_workflows_.insert(id); }
  void touch_object(const Uuid& id) { touched_objects_.insert(id); }
  void touch_campaign(const Uuid& id) { touched_campaigns_.insert(id); }
  // Replaces what is known of these rings and segments.
  void set_ranges(uint32_t producer, uint32_t ring, std::vector<NumberRange> ranges) {
    ranges_[{producer, ring}] = std::move(ranges);
  }
  void set_segment(const std::string& name, const SegmentState& state) { segments_[name] = state; }
  // These processes are gone: what they left open is lost.
  void set_gone(uint32_t producer) { gone_.push_back(producer); }
  // What is known of numbers of this producer has changed otherwise than by set_ranges.
  void touch_numbers(uint32_t producer) { touched_numbers_.push_back(producer); }
  // Writes everything, refreshes what depends on it, commits.
  Status commit();

 private:
  explicit Writer(const Connection& connection) : connection_(&connection) {}
  Status load();
  Status add_columns();
  Status write_task_view();
  Status write_names();
  Status write_schemas();
  Status write_activity_views();
  Status write_producers();
  Status write_marks();
  Status run(const std::string& sql, const char* doing);

  struct NewThread {
    uint32_t producer;
    uint32_t ring;
    uint32_t tid;
    std::string name;
  };
  struct NewSensor {
    uint32_t id;
    uint32_t producer;
    uint32_t entry;
    Sensor sensor;
  };
  const Connection* connection_;
  std::optional<Transaction> transaction_;
  std::array<std::optional<Appender>, static_cast<size_t>(Table::kCount)> appenders_;
  Status error_;

  Registry registry_;
  size_t stored_schemas_ = 0;
  size_t stored_exclusive_ = 0;
  std::unordered_map<ProducerId, uint32_t> producers_;
  std::unordered_map<Uuid, uint32_t> workflows_;
  uint32_t last_workflow_ = 0;  // removed workflows leave holes
  std::unordered_map<std::string, uint32_t> activities_;
  std::unordered_map<uint64_t, uint32_t> sensors_;  // producer << 32 | entry
  std::unordered_set<uint64_t> threads_;            // producer << 32 | ring
  std::unordered_map<Uuid, std::string> campaigns_;
  std::unordered_set<uint64_t> uses_;  // schema << 32 | activity
  std::unordered_map<uint32_t, ProducerFacts::Account> accounts_;
  bool open_tasks_ = false;
  bool is_view_stale_ = false;  // task tables have got columns in this transaction

  // Since the last commit:
  std::vector<ProducerId> new_producers_;
  std::vector<std::pair<uint32_t, Uuid>> new_workflows_;
  std::vector<Activity> new_activities_;
  std::vector<NewSensor> new_sensors_;
  std::vector<NewThread> new_threads_;
  std::vector<Uuid> new_campaigns_;
  std::vector<std::pair<uint32_t, uint32_t>> new_uses_;
  std::unordered_map<uint32_t, ProducerFacts> facts_;
  std::unordered_set<Uuid> touched_workflows_;
  std::unordered_set<Uuid> touched_objects_;
  std::unordered_set<Uuid> touched_campaigns_;
  std::map<std::pair<uint32_t, uint32_t>, std::vector<NumberRange>> ranges_;
  std::unordered_map<std::string, SegmentState> segments_;
  std::vector<uint32_t> gone_;
  std::vector<uint32_t> touched_numbers_;
};

}  // namespace headrace::store
