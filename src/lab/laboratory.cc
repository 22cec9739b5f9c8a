#include "lab/laboratory.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace headrace::lab {
namespace {

constexpr const char* kScenario = "/scenario";
constexpr const char* kClock = "/clock";

// What no scenario tells of is the machine's own.
void link_own(FileTree& proc) {
  for (const char* name : {"stat", "meminfo", "loadavg", "diskstats", "cpuinfo", "self/stat",
                           "self/statm", "self/io", "self/net", "self/task", "self/schedstat"}) {
    proc.link(name, std::string("/proc/") + name);
  }
}

}  // namespace

Result<Stage> Stage::open(const std::string& folder) {
  std::ifstream file(folder + kScenario);
  if (!file) return not_found("no scenario in " + folder + ": start `headrace lab` first");
  std::stringstream text;
  text << file.rdbuf();
  Result<Scenario> scenario = Scenario::parse(text.str());
  if (!scenario.ok()) return scenario.status();
  Result<LabClock> clock = LabClock::open(folder + kClock);
  if (!clock.ok()) return clock.status();
  return Stage{std::move(*scenario), std::move(*clock)};
}

Result<Stage> Stage::from_environment() {
  const char* folder = std::getenv(kFolderVariable);
  if (folder == nullptr || *folder == '\0') {
    return not_found(std::string(kFolderVariable) + " is not set: start `headrace lab` first");
  }
  return open(folder);
}

Laboratory::Laboratory(std::string folder, Stage stage)
    : folder_(std::move(folder)),
      stage_(std::make_unique<Stage>(std::move(stage))),
      sysfs_(std::make_unique<FileTree>(folder_ + "/sys")),
      proc_(std::make_unique<FileTree>(folder_ + "/proc")) {
  for (const auto& make : {powercap_files, cray_files, hwmon_files, amdgpu_files, cgroup_files,
                           pressure_files, lustre_files}) {
    exhibits_.push_back(make(stage_->scenario));
  }
}

Result<Laboratory> Laboratory::create(const std::string& folder, const std::string& scenario,
                                      LabClock::Kind kind) {
  Result<Scenario> parsed = Scenario::parse(scenario);
  if (!parsed.ok()) return parsed.status();
  std::ofstream(folder + kScenario) << scenario;
  Result<LabClock> clock = LabClock::create(folder + kClock, kind);
  if (!clock.ok()) return clock.status();
  Laboratory out(folder, Stage{std::move(*parsed), std::move(*clock)});
  link_own(*out.proc_);
  HEADRACE_RETURN_IF_ERROR(out.show());
  return out;
}

Status Laboratory::show() {
  const int64_t now_ns = stage_->clock.now_ns();
  Trees trees{*sysfs_, *proc_};
  for (Exhibit& exhibit : exhibits_) exhibit(now_ns, trees);
  HEADRACE_RETURN_IF_ERROR(sysfs_->status());
  return proc_->status();
}

Status Laboratory::turn_to(int64_t now_ns) {
  stage_->clock.turn_to(now_ns);
  return show();
}

std::vector<std::string> Laboratory::environment() const {
  return {std::string(kFolderVariable) + "=" + folder_, "HEADRACE_SYSFS_ROOT=" + sysfs(),
          "HEADRACE_PROC_ROOT=" + proc()};
}

}  // namespace headrace::lab
