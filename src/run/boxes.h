// The files of every program of a run: the library that is loaded into them, the folder of their
// logs, and, when they have ended, one task for each process with what it used and generated.
//
//   auto boxes = Boxes::start(directory, workflow);     // before the program
//   ... boxes->variables() into its environment ...
//   boxes->record(root, program);                       // after it
#pragma once

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "box/lineage.h"
#include "capture/finished_task.h"
#include "run/file_hashes.h"
#include "run/nested_map.h"
#include "spool/directory.h"

namespace headrace::run {

class Boxes {
 public:
  // Finds the library and makes the folder. `root`: the task of the program itself. Errors:
  // kNotFound, kUnsupported, kIo; the run then goes without.
  static Result<std::unique_ptr<Boxes>> start(const Directory& directory, const Uuid& workflow,
                                              const Uuid& root);
  // Says which process is the program, just after it was started.
  void program_started(pid_t program) const;
  ~Boxes();
  Boxes(const Boxes&) = delete;
  Boxes& operator=(const Boxes&) = delete;

  // "NAME=value" for the program's environment: those of the library, and the one by which a
  // process that records itself learns its task.
  std::vector<std::string> variables() const;
  std::vector<std::string> process_variables() const;
  const std::filesystem::path& log_folder() const { return folder_; }

  // When the program has ended: reads what is left, waits for the hashes, and records processes,
  // files and edges. `root`: the task of the program itself; what is known of it is added to its
  // fields, and it is for the caller to record. Returns how many processes were seen how well.
  NestedMap record(capture::FinishedTask* root, const Uuid& root_id, pid_t program,
                   const std::vector<std::string>& command);

 private:
  Boxes(const Directory& directory, const Uuid& workflow, const Uuid& root, std::string shim,
        std::filesystem::path folder);
  void watch();
  // Records what runs of this directory left that were killed before they could.
  void take_left();
  void take_left(const std::filesystem::path& folder);
  // Logs of images that have ended; all of them where `all`.
  void take_logs(const std::filesystem::path& folder, bool all);
  void want_hashes(const box::ImageLog& log);
  // Tells of processes that have taken a task of their own, in case this one is killed.
  void announce_processes();

  const Directory directory_;
  const Uuid workflow_;
  const Uuid root_;
  const TaskNumber first_process_task_;
  const std::string shim_;
  const std::filesystem::path folder_;
  const ClockReading began_;
  box::ClassRules rules_;
  FileHashes hashes_;
  std::mutex mutex_;  // guards stops_
  std::condition_variable stop_;
  bool stops_ = false;
  std::vector<box::ImageLog> logs_;        // of the watching thread until it is joined
  std::set<TaskNumber> announced_;         // the same
  std::map<std::string, int> unreadable_;  // logs that could not be read, by name
  std::thread thread_;
};

}  // namespace headrace::run
