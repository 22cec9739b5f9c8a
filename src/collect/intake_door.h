// What is behind Intake: the notes, the spool, and what is being told.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "collect/intake.h"
#include "collect/intake_notes.h"
#include "collect/intake_recall.h"
#include "collect/intake_spool.h"
#include "collect/told_task.h"

namespace headrace::collect {

class Intake::Door {
 public:
  Door(const Directory& directory, Source source, IntakeNotes notes)
      : directory_(directory), source_(std::move(source)), notes_(std::move(notes)) {}
  // Reads the notes, or asks the store.
  Status begin();

  Status workflow(const WorkflowTold& said);
  Status task(const TaskTold& said);
  Status object(const ObjectTold& said);
  Status row(const RowTold& said);
  Status line(const LineTold& said);
  Status edge(const EdgeTold& told);
  Status quarantine(std::string_view bytes, std::string_view reason);
  Status commit(std::string_view position);
  void close();

  Uuid named(std::string_view what, std::string_view foreign_id) const;
  Uuid result_of(std::string_view task) const { return named("result", task); }
  static TaskNumber number_of(std::string_view foreign_id);
  ProducerId producer() const { return producer_; }
  const std::string& position() const { return position_; }
  const IntakeReport& report() const { return report_; }

 private:
  struct Kept {
    TaskInParts parts;
    uint64_t bytes = 0;
    bool is_changed = true;  // since it was announced
  };
  Status write_ended();
  Status write_task(const TaskTold& whole, bool is_open);
  Status write_edge(std::string_view task, const Uuid& object, bool is_generated, bool is_inferred,
                    std::string_view name, std::string_view workflow);
  Status write_log(const std::string& task, const std::string& workflow, int64_t at_ns,
                   LogStream stream, const ToldCells& cells);
  Status announce();
  Status before_record();
  // Whether it was told before; notes that it is now.
  bool is_known(uint64_t key);
  bool is_known_row(TaskNumber task, const Uuid& workflow, int64_t at_ns, LogStream stream,
                    const ToldCells& cells);
  bool nothing_is_open() const {
    return kept_.empty() && open_workflows_.empty() && open_elsewhere_.empty();
  }
  Status set_aside(std::string_view bytes, std::string_view reason);

  const Directory directory_;
  const Source source_;
  IntakeNotes notes_;
  ProducerId producer_ = 0;
  std::unique_ptr<IntakeSpool> spool_;
  std::string position_;
  IntakeReport report_;
  uint64_t redacted_before_ = 0;  // by earlier processes

  ToldKeys told_;
  std::vector<uint64_t> new_told_;
  std::unordered_map<TaskNumber, Kept> kept_;  // tasks that are not written
  std::vector<TaskNumber> ended_;              // of them, in the order in which they ended
  uint64_t kept_bytes_ = 0;
  std::unordered_set<Uuid> open_workflows_;
  std::unordered_set<TaskNumber> open_elsewhere_;  // announced, and not told again yet
  RowCounts rows_;                                 // in the store, and not told again yet
  bool is_recalled_ = false;  // the notes were gone: what is told may be in the store
  bool has_notes_ = false;    // what was committed last is on disk
  bool is_changed_ = false;   // something was told since the last commit
  uint64_t pieces_ = 0;       // set aside, one file each
  std::string more_pieces_;   // those beyond
};

}  // namespace headrace::collect
