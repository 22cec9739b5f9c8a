// The lineage of boxes as records: a task for each process, an object for each version of a file,
// edges between them. Used once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "box/lineage.h"
#include "capture/finished_task.h"
#include "capture/process_task.h"
#include "run/file_hashes.h"
#include "run/nested_map.h"
#include "spool/directory.h"

namespace headrace::run {

class BoxRecords {
 public:
  BoxRecords(const Directory& directory, const Uuid& workflow, const box::BoxLineage& lineage,
             FileHashes* hashes, const ClockReading& began)
      : directory_(directory),
        workflow_(workflow),
        lineage_(lineage),
        hashes_(*hashes),
        began_(began),
        now_(read_clocks()) {}

  // `command`: of the program, in case nothing was seen of it.
  // `taken`: the tasks that processes took for themselves; each is recorded, as its process's.
  using Taken = std::map<TaskNumber, capture::ProcessTask>;
  NestedMap write(capture::FinishedTask* root, const Uuid& root_id, pid_t program,
                  const std::vector<std::string>& command, const Taken& taken);
  // Of a run whose `headrace run` was killed: its root task and those that were taken are another
  // producer's, and only what they used and generated is added to them.
  void write_left(const Uuid& root_id, const Taken& taken);

 private:
  struct Edge {
    Uuid task;
    Uuid object;
    bool is_generated = false;
    bool is_exact = true;
    const char* how = "file";
  };

  uint64_t ticks_of(int64_t monotonic_ns) const;
  size_t find_root(pid_t program) const;
  void name_tasks(size_t root, const Uuid& root_id, const Taken& taken);
  void place_taken(size_t root, const Uuid& root_id, const Taken& taken);
  void write_unplaced(const Uuid& root_id);
  void add_facts(const box::BoxProcess& process, size_t number, capture::Fields* fields);
  void write_process(size_t number, const Uuid& root_id);
  Uuid object_of(size_t entity);
  Uuid file_object(const box::Entity& entity);
  std::optional<Uuid> environment_of(size_t process);
  void gather_edges();
  void write_edges();

  const Directory directory_;
  const Uuid workflow_;
  const box::BoxLineage& lineage_;
  FileHashes& hashes_;
  const ClockReading began_;
  const ClockReading now_;
  std::vector<TaskNumber> numbers_;  // by process
  std::vector<Uuid> tasks_;
  std::vector<Uuid> started_in_;           // by process; what it says that it was forked in
  std::map<TaskNumber, size_t> unplaced_;  // taken, and no process's own: with the nearest one
  std::map<size_t, Uuid> objects_;         // by entity
  std::vector<Edge> edges_;
};

}  // namespace headrace::run
