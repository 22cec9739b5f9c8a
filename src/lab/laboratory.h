// The emulated laboratory: a folder in which a machine of a scenario stands, with its clock, its
// trees of sysfs and /proc, and what the stand-ins of the vendors' libraries read.
//
//   Result<Laboratory> lab = Laboratory::create(folder, text, LabClock::Kind::kTurned);
//   lab->turn_to(2'500'000'000);     // every file is now as it would be after 2.5 s
//   lab->scenario().traces.at("cpu-0").energy_uj(2'500'000'000);  // and this is the truth
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lab/exhibit.h"
#include "lab/lab_clock.h"
#include "lab/scenario.h"

namespace headrace::lab {

// Where the stand-in libraries find the laboratory's folder.
constexpr const char* kFolderVariable = "HEADRACE_LAB";

// What a stand-in library needs: the scenario and its time.
struct Stage {
  Scenario scenario;
  LabClock clock;

  // Of the folder; of kFolderVariable. Errors: kNotFound, kIo, kInvalidArgument, kCorrupt.
  static Result<Stage> open(const std::string& folder);
  static Result<Stage> from_environment();
};

class Laboratory {
 public:
  // `folder` exists and is empty. Files stand as at time 0 when this returns.
  // Errors: kInvalidArgument (the scenario), kIo.
  static Result<Laboratory> create(const std::string& folder, const std::string& scenario,
                                   LabClock::Kind kind);

  // Files as they are now.
  Status show();
  // Of a turned clock: then and there.
  Status turn_to(int64_t now_ns);
  const Scenario& scenario() const { return stage_->scenario; }
  const LabClock& clock() const { return stage_->clock; }
  std::string sysfs() const { return folder_ + "/sys"; }
  std::string proc() const { return folder_ + "/proc"; }
  // NAME=VALUE, for a program that shall live in it; without the libraries.
  std::vector<std::string> environment() const;

 private:
  Laboratory(std::string folder, Stage stage);

  std::string folder_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<FileTree> sysfs_;
  std::unique_ptr<FileTree> proc_;
  std::vector<Exhibit> exhibits_;
};

}  // namespace headrace::lab
