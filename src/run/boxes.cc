#include "run/boxes.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

#include "base/run_folder.h"
#include "box/file_class.h"
#include "box/shim_file.h"
#include "capture/process_task.h"
#include "capture/task.h"
#include "run/box_records.h"

namespace headrace::run {
namespace {

namespace fs = std::filesystem;

// A folder of this user's alone below `base`; empty where there can be none.
fs::path private_folder(const fs::path& base, const std::string& name) {
  std::error_code error;
  fs::create_directories(base, error);
  struct stat facts {};
  if (lstat(base.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode) || facts.st_uid != geteuid()) {
    return {};
  }
  const fs::path folder = base / name;
  if (mkdir(folder.c_str(), 0700) != 0) return {};
  return folder;
}

constexpr const char* kRunFile = "run";

// "<pid>-<start time>-<epoch>.box"
struct LogName {
  int32_t pid = 0;
  uint64_t epoch = 0;
};
bool parse_name(const std::string& name, LogName* out) {
  unsigned long long start = 0;
  unsigned long long epoch = 0;
  int used = 0;
  if (std::sscanf(name.c_str(), "%d-%llu-%llu.box%n", &out->pid, &start, &epoch, &used) != 3 ||
      static_cast<size_t>(used) != name.size()) {
    return false;
  }
  out->epoch = epoch;
  return true;
}

// Gone, or a corpse that waits for its parent.
bool is_dead(int32_t pid) {
  if (kill(pid, 0) != 0 && errno == ESRCH) return true;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) return true;
  const char state = text[name_end + 2];
  return state == 'Z' || state == 'X';
}

}  // namespace

Result<std::unique_ptr<Boxes>> Boxes::start(const Directory& directory, const Uuid& workflow,
                                            const Uuid& root) {
  Result<std::string> shim = box::find_shim();
  if (!shim.ok()) return shim.status();
  const std::string name = "box-" + workflow.text() + "-" + std::to_string(getpid());
  fs::path folder = private_folder("/dev/shm/headrace-" + std::to_string(geteuid()), name);
  if (folder.empty()) folder = private_folder(fs::absolute(directory.root) / "box", name);
  if (folder.empty()) {
    return io_error(
        "cannot make a folder for the logs of programs in /dev/shm or " + directory.root.string(),
        errno);
  }
  std::unique_ptr<Boxes> out(new Boxes(directory, workflow, root, *shim, folder));
  // Who would have to know, should this process be killed.
  std::ofstream(folder / kRunFile) << workflow.text() << '\n'
                                   << root.text() << '\n'
                                   << fs::absolute(directory.root).string() << '\n'
                                   << out->first_process_task_ << '\n';
  out->take_left();
  out->thread_ = std::thread([boxes = out.get()] { boxes->watch(); });
  return out;
}

Boxes::Boxes(const Directory& directory, const Uuid& workflow, const Uuid& root, std::string shim,
             fs::path folder)
    : directory_(directory),
      workflow_(workflow),
      root_(root),
      first_process_task_(capture::set_task_numbers_aside(capture::kProcessTaskNumbers)),
      shim_(std::move(shim)),
      folder_(std::move(folder)),
      began_(read_clocks()),
      hashes_(fs::absolute(directory.root) / "hashes") {
  std::error_code error;
  rules_.work_folder = fs::current_path(error).string();
  rules_.own_folders = {fs::absolute(directory.root).string(), folder_.parent_path().string()};
  if (const char* temp = std::getenv("TMPDIR"); temp != nullptr) rules_.temp_folder = temp;
}

Boxes::~Boxes() {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::error_code error;
  fs::remove_all(folder_, error);
}

std::vector<std::string> Boxes::variables() const {
  std::vector<std::string> out = box::shim_variables(shim_, folder_.string());
  for (std::string& variable : process_variables()) out.push_back(std::move(variable));
  return out;
}

std::vector<std::string> Boxes::process_variables() const {
  if (first_process_task_ == 0) return {};
  return {capture::process_tasks_entry(root_, first_process_task_, getpid(), folder_)};
}

void Boxes::program_started(pid_t program) const {
  // Whole or not there: a process waits for it.
  const fs::path made = folder_ / (std::string(kProgramFile) + ".new");
  std::ofstream(made) << program;
  std::error_code error;
  fs::rename(made, folder_ / kProgramFile, error);
}

void Boxes::watch() {
  std::unique_lock lock(mutex_);
  constexpr auto kEvery = std::chrono::milliseconds(100);
  while (!stop_.wait_for(lock, kEvery, [this] { return stops_; })) {
    lock.unlock();
    take_logs(folder_, false);
    announce_processes();
    lock.lock();
  }
}

void Boxes::announce_processes() {
  for (const auto& [number, said] : capture::process_tasks_in(folder_, first_process_task_)) {
    if (!announced_.insert(number).second) continue;
    std::ifstream file("/proc/" + std::to_string(said.pid) + "/comm");
    std::string name = "process";
    std::getline(file, name);
    capture::FinishedTask task;
    task.number = number;
    task.workflow = workflow_;
    task.activity_id = capture::intern_activity(name);
    task.parent = root_;
    task.begin_ticks = ticks();
    capture::announce_task(task);
  }
}

void Boxes::take_logs(const fs::path& folder, bool all) {
  std::map<int32_t, std::map<uint64_t, fs::path>> by_pid;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder, error)) {
    LogName name;
    if (parse_name(file.path().filename().string(), &name)) {
      by_pid[name.pid].emplace(name.epoch, file.path());
    }
  }
  for (const auto& [pid, images] : by_pid) {
    for (const auto& [epoch, path] : images) {
      const bool is_last = epoch == images.rbegin()->first;
      if (!all && is_last && !is_dead(pid)) continue;
      Result<box::ImageLog> log = box::read_log(path);
      if (!all && log.ok() && (log->header.flags & box::kLogIsHeld) != 0) continue;
      if (log.ok()) {
        want_hashes(*log);
        logs_.push_back(std::move(*log));
      } else {
        ++unreadable_[path.filename().string()];
      }
      fs::remove(path, error);
    }
  }
}

void Boxes::take_left() {
  std::vector<fs::path> bases = {folder_.parent_path(), fs::absolute(directory_.root) / "box"};
  if (bases[0] == bases[1]) bases.pop_back();
  for (const fs::path& base : bases) {
    std::error_code error;
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(base, error)) folders.push_back(entry.path());
    for (const fs::path& folder : folders) {
      const std::string name = folder.filename().string();
      const size_t dash = name.rfind('-');
      if (!name.starts_with("box-") || folder == folder_) continue;
      const int pid = std::atoi(name.c_str() + dash + 1);
      if (pid > 0 && is_dead(pid)) take_left(folder);
    }
  }
}

void Boxes::take_left(const fs::path& folder) {
  std::ifstream file(folder / kRunFile);
  std::string workflow;
  std::string root;
  std::string directory;
  TaskNumber first = 0;
  if (!std::getline(file, workflow) || !std::getline(file, root) ||
      !std::getline(file, directory)) {
    return;
  }
  std::error_code error;
  if (directory != fs::absolute(directory_.root).string()) {
    // Another's to take, unless that is gone with all that would be told of.
    if (!fs::exists(directory, error) && !error) fs::remove_all(folder, error);
    return;
  }
  file >> first;
  const auto workflow_id = Uuid::parse(workflow);
  const auto root_id = Uuid::parse(root);
  if (!workflow_id || !root_id) return;
  // One of several that start at the same time takes them.
  const fs::path taken = folder.string() + ".taken-" + std::to_string(getpid());
  fs::rename(folder, taken, error);
  if (error) return;
  take_logs(taken, true);
  hashes_.settle();
  const box::BoxLineage lineage = box::lineage_of(logs_, rules_, box::file_system_now());
  BoxRecords(directory_, *workflow_id, lineage, &hashes_, began_)
      .write_left(*root_id, capture::process_tasks_in(taken, first));
  logs_.clear();
  fs::remove_all(taken, error);
}

// Files are hashed as soon as a process that used them has ended, before others change them.
void Boxes::want_hashes(const box::ImageLog& log) {
  std::string folder;
  std::map<std::string, box::FileState> files;
  for (const box::BoxEvent& event : log.events) {
    if (event.kind == box::BoxKind::kStart) folder = event.path2;
    if (event.kind == box::BoxKind::kChangeFolder) folder = event.path;
    const bool names_file =
        event.kind == box::BoxKind::kOpen || event.kind == box::BoxKind::kDescriptor;
    if (event.kind == box::BoxKind::kRename) {
      if ((event.flags & box::kExchange) == 0) files.erase(box::absolute_path(folder, event.path));
      if (!event.path2.empty()) files[box::absolute_path(folder, event.path2)] = {};
    }
    if (!names_file || event.path.empty() || !S_ISREG(event.file.mode)) continue;
    files[box::absolute_path(folder, event.path)] = {};
  }
  const box::FileSystemNow now = box::file_system_now();
  for (const auto& [path, unused] : files) {
    if (!box::is_data(box::class_of(path, rules_))) continue;
    hashes_.want(path, now.state(path));
  }
}

NestedMap Boxes::record(capture::FinishedTask* root, const Uuid& root_id, pid_t program,
                        const std::vector<std::string>& command) {
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  stop_.notify_all();
  thread_.join();
  take_logs(folder_, true);
  hashes_.settle();
  const box::BoxLineage lineage = box::lineage_of(logs_, rules_, box::file_system_now());
  BoxRecords records(directory_, workflow_, lineage, &hashes_, began_);
  NestedMap seen = records.write(root, root_id, program, command,
                                 capture::process_tasks_in(folder_, first_process_task_));
  if (!unreadable_.empty()) seen.add("unreadable_logs", unreadable_.size());
  return seen;
}

}  // namespace headrace::run
