// The door through which records of other programs come in: importers, followers of a running
// source, adapters that record for somebody else.
//
//   Result<Intake> intake = Intake::open(directory, {.kind = "mlflow", .identity =
//   "/abs/mlflow.db"}); for (each piece of the source after intake->position()) {
//     if (unreadable) intake->quarantine(bytes, "its JSON ends early");
//     else HEADRACE_RETURN_IF_ERROR(intake->task({.id = run, .activity = "train", ...}));
//   }
//   HEADRACE_RETURN_IF_ERROR(intake->commit(new_position));   // as often as wanted: each poll
//
// What is told is encoded and written into the spool, as a producer of its own; `collect` folds it
// like any other. Nothing else is written but notes in `.headrace/imports/<kind>-<hash>/`: the
// position, open tasks, which tasks have ended.
//
// Nothing is stored twice, however often a source is read. commit() keeps the position only once
// everything before it is in the spool. Notes that are gone, or that an import left half done,
// cost one thing: position() is empty, and the source is to be told again from its beginning; the
// store is asked once what it has, and what it has is passed over.
//
// Secrets are taken out of what is told by the rules of live capture, before any of it is kept.
//
// Ids. A task's number is a hash of its foreign id, its producer is drawn when a folder first takes
// in the source and found again ever after. A workflow's or object's id derives from the kind, the
// source and the foreign id, or is the foreign id where that is a UUID already. The foreign id is
// kept as the attribute `foreign_id`.
//
// One process at a time has a source open. Memory: some 30 bytes for each task of the source, and
// what open tasks said (at most kMostOpenBytes). Not shared by threads; a fork's child must not
// touch it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "collect/told.h"
#include "spool/directory.h"

namespace headrace::collect {

struct Source {
  std::string kind;      // tensorboard, mlflow, flowcept, ...: letters, digits, - and _
  std::string identity;  // which one: the absolute real path, an address and channel, ...
  // False for what is gone once read (a channel): then position() is kept in any case, and rows
  // and lines are taken as they come.
  bool can_be_read_again = true;
};

// Of one Intake, since it was opened.
struct IntakeReport {
  uint64_t tasks = 0;      // that ended
  uint64_t open = 0;       // tasks that go on, now
  uint64_t workflows = 0;  // records about workflows, objects; rows; lines; edges told apart
  uint64_t objects = 0;
  uint64_t rows = 0;
  uint64_t lines = 0;
  uint64_t edges = 0;
  uint64_t known = 0;        // told before, and passed over
  uint64_t quarantined = 0;  // pieces kept aside, late parts of ended tasks among them
  uint64_t shortened = 0;    // records that were too large (60 KiB): their longest values were cut
  uint64_t redacted = 0;     // secrets that were taken out, by name or out of text
  bool is_nothing() const {
    return tasks + workflows + objects + rows + lines + edges + quarantined == 0;
  }
};

class Intake {
 public:
  static constexpr uint64_t kMostOpenBytes = uint64_t{256} << 20;
  static constexpr uint64_t kMostQuarantineBytes = uint64_t{16} << 20;  // of one piece

  // Makes `directory` if there is none. Errors: kInvalidArgument (kind, identity), kUnavailable
  // when another process has the source open (it says which) or the store, kIo.
  static Result<Intake> open(const Directory& directory, const Source& source);
  Intake(Intake&&) noexcept;
  Intake& operator=(Intake&&) noexcept;
  // What was not committed is told again after the next open.
  ~Intake();

  // What the last commit() kept, any bytes; empty: from the beginning.
  const std::string& position() const;

  // Each takes one telling. kInvalidArgument: it says nothing that could be stored (no id, a time
  // out of range, ...), nothing of it was taken, the caller may quarantine it and go on. kIo,
  // kExhausted: the spool does not take more; give up, and nothing is lost.
  Status workflow(const WorkflowTold& told);
  // Parts of a task are gathered until one says that it has ended: then the whole is written, at
  // the latest by commit(). Of two parts the one further on (ended, running, pending) holds, value
  // by value; of equal ones the later. Begin is the earliest told, end the latest. A part that
  // comes when the task has been written is passed over if it was told before, else quarantined.
  // Tasks that go on at a commit() are announced, and stay running until they are told to have
  // ended, even if this process ends.
  Status task(const TaskTold& told);
  Status object(const ObjectTold& told);
  Status row(const RowTold& told);
  Status line(const LineTold& told);
  Status edge(const EdgeTold& told);
  // Keeps bytes that make no sense, with the reason: a row of `quarantine`, the same only once.
  Status quarantine(std::string_view bytes, std::string_view reason);

  // Writes what waits and then keeps `position`. Nothing happens when nothing was told and the
  // position is the same.
  Status commit(std::string_view position);

  Uuid workflow_id(std::string_view foreign_id) const;
  Uuid task_id(std::string_view foreign_id) const;
  Uuid object_id(std::string_view foreign_id) const;
  const IntakeReport& report() const;

 private:
  class Door;
  explicit Intake(std::unique_ptr<Door> door);
  std::unique_ptr<Door> door_;
};

}  // namespace headrace::collect
