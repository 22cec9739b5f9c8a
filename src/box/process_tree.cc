#include "box/process_tree.h"

#include <algorithm>
#include <map>
#include <optional>

#include "box/elf.h"
#include "box/file_class.h"

namespace headrace::box {
namespace {

std::vector<std::string> words_of(const std::string& joined) {
  std::vector<std::string> out;
  for (size_t at = 0; at < joined.size();) {
    const size_t end = std::min(joined.find('\0', at), joined.size());
    out.push_back(joined.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

// The exec that replaced the image; null where none did. `tid` 0: the image's own threads; else a
// vfork child's.
const BoxEvent* successful_exec(const ImageLog& image, int32_t vfork_child) {
  const BoxEvent* exec = nullptr;
  for (const BoxEvent& event : image.events) {
    const bool is_of_child = event.is_of_vfork_child();
    if (is_of_child != (vfork_child != 0) || (is_of_child && event.tid != vfork_child)) continue;
    if (event.kind == BoxKind::kExec) exec = &event;
    if (event.kind == BoxKind::kExecFailed) exec = nullptr;
    if (event.kind == BoxKind::kExit && vfork_child == 0) exec = nullptr;
  }
  return exec;
}

void add_blind(BoxProcess* process, uint32_t bits) {
  for (uint32_t bit = 1; bit != 0; bit <<= 1) {
    if ((bits & bit) == 0) continue;
    const char* name = bit == kSeenIoUring         ? "io_uring"
                       : bit == kSeenSandbox       ? "sandbox"
                       : bit == kSeenNoEnvironment ? "environment"
                                                   : blind_spot_name(bit);
    if (name != nullptr) process->blind.emplace_back(name);
  }
}

class Tree {
 public:
  explicit Tree(const std::vector<ImageLog>& logs) : logs_(logs) {
    for (size_t i = 0; i < logs.size(); ++i) order_.push_back(i);
    std::sort(order_.begin(), order_.end(),
              [&](size_t a, size_t b) { return logs[a].header.epoch < logs[b].header.epoch; });
    process_of_.assign(logs.size(), kNoProcess);
    for (const size_t image : order_) {
      by_epoch_[{logs[image].header.pid, logs[image].header.epoch}] = image;
      for (const BoxEvent& event : logs[image].events) {
        if (event.kind == BoxKind::kExec && event.is_of_vfork_child()) {
          starts_[event.tid].push_back({image, &event});
        } else if ((event.kind == BoxKind::kSpawn || event.kind == BoxKind::kFork) &&
                   event.result > 0) {
          starts_[event.result].push_back({image, &event});
        }
      }
    }
  }

  std::vector<BoxProcess> build() {
    for (const size_t image : order_) place(image);
    for (const size_t image : order_) finish(image);
    for (const size_t image : order_) find_silent(image);
    return by_begin();
  }

 private:
  const LogHeader& header(size_t image) const { return logs_[image].header; }

  void place(size_t image) {
    const LogHeader& h = header(image);
    const std::optional<size_t> before = before_of(image);
    if (before && h.is_fork_child == 0 && successful_exec(logs_[*before], 0) != nullptr) {
      const size_t owner = process_of_[*before];
      const bool merges = header(*before).is_fork_child != 0 && images_[owner].size() == 1;
      if (merges) {
        process_of_[image] = owner;
        images_[owner].push_back(image);
        out_[owner].is_fork = false;
      } else {
        const size_t made = add(image);
        out_[made].parent = owner;
        out_[owner].is_replaced = true;
        out_[made].parent_task = successful_exec(logs_[*before], 0)->task;
      }
    } else {
      const size_t made = add(image);
      find_parent(made, image);
    }
    latest_[h.pid] = image;
    images_of_pid_[h.pid].push_back(image);
  }

  std::optional<size_t> before_of(size_t image) const {
    const auto found = latest_.find(header(image).pid);
    if (found == latest_.end()) return std::nullopt;
    return found->second;
  }

  size_t add(size_t image) {
    const LogHeader& h = header(image);
    BoxProcess process;
    process.pid = h.pid;
    process.began_ns = static_cast<int64_t>(h.epoch);
    process.is_fork = h.is_fork_child != 0;
    out_.push_back(std::move(process));
    images_.push_back({image});
    process_of_[image] = out_.size() - 1;
    return out_.size() - 1;
  }

  void find_parent(size_t process, size_t image) {
    const LogHeader& h = header(image);
    if (h.is_fork_child != 0) {
      if (const auto found = by_epoch_.find({h.parent_pid, h.parent_epoch});
          found != by_epoch_.end()) {
        set_parent(process, found->second, fork_of(found->second, h.pid));
        return;
      }
    }
    // vfork and exec: the parent's log has what the child did before; else posix_spawn.
    const int64_t began_ns = out_[process].began_ns;
    if (const auto found = starts_.find(h.pid); found != starts_.end()) {
      for (const auto& [other, event] : found->second) {
        if (event->kind == BoxKind::kFork) continue;
        const bool is_vfork = event->kind == BoxKind::kExec;
        const int64_t at_ns = is_vfork ? event->at_ns : static_cast<int64_t>(event->child.began_ns);
        if (at_ns > began_ns || process_of_[other] == kNoProcess) continue;
        if (is_vfork) take_vfork_events(process, other);
        set_parent(process, other, event);
      }
    }
    if (out_[process].parent != kNoProcess) return;
    if (const auto nearest = latest_.find(h.parent_pid); nearest != latest_.end()) {
      set_parent(process, nearest->second, shell_call_of(nearest->second, began_ns));
    }
  }

  void set_parent(size_t process, size_t image, const BoxEvent* by) {
    out_[process].parent = process_of_[image];
    if (by != nullptr) out_[process].parent_task = by->task;
  }

  const BoxEvent* fork_of(size_t image, int32_t child) const {
    const auto starts = starts_.find(child);
    if (starts == starts_.end()) return nullptr;
    for (const auto& [other, event] : starts->second) {
      if (other == image && event->kind == BoxKind::kFork) return event;
    }
    return nullptr;
  }

  // system and popen do not know the child's pid: the call that lasted when it began, or the last.
  const BoxEvent* shell_call_of(size_t image, int64_t at_ns) const {
    const BoxEvent* found = nullptr;
    for (const BoxEvent& event : logs_[image].events) {
      if (event.kind == BoxKind::kSpawn && event.result == 0 &&
          static_cast<int64_t>(event.child.began_ns) <= at_ns) {
        found = &event;
      }
      if (event.kind == BoxKind::kFork && event.has(kVfork) && event.at_ns <= at_ns) found = &event;
    }
    return found;
  }

  void take_vfork_events(size_t process, size_t image) {
    for (const BoxEvent& event : logs_[image].events) {
      if (event.is_of_vfork_child() && event.tid == out_[process].pid &&
          event.at_ns <= out_[process].began_ns) {
        vfork_events_[process].push_back(&event);
      }
    }
  }

  // What the images of a process say of it.
  void finish(size_t image) {
    const size_t owner = process_of_[image];
    BoxProcess& process = out_[owner];
    const ImageLog& log = logs_[image];
    const bool is_last = images_[owner].back() == image;
    const bool is_first = images_[owner].front() == image;
    if (is_first) {
      for (const BoxEvent* event : vfork_events_[owner]) process.events.push_back({event, true});
      if (process.parent != kNoProcess && log.header.is_fork_child != 0) {
        // Until it execs it is its parent, under another number.
        process.executable = out_[process.parent].executable;
        process.arguments = out_[process.parent].arguments;
        process.folder = out_[process.parent].folder;
      }
    }
    for (const BoxEvent& event : log.events) {
      if (event.is_of_vfork_child()) continue;
      process.events.push_back({&event, !is_last});
      process.ended_ns = std::max(process.ended_ns, event.at_ns);
      switch (event.kind) {
        case BoxKind::kStart:
          process.executable = event.path.find('/') == std::string::npos
                                   ? event.path
                                   : absolute_path(event.path2, event.path);
          if (is_first || process.folder.empty()) process.folder = event.path2;
          break;
        case BoxKind::kArguments: process.arguments = words_of(event.path); break;
        case BoxKind::kLibraries: {
          std::vector<std::string> more = words_of(event.path);
          process.libraries.insert(process.libraries.end(), more.begin(), more.end());
          break;
        }
        case BoxKind::kExit:
          process.has_exit = true;
          process.exit_code = event.result;
          process.totals = event.exit;
          break;
        case BoxKind::kBlindSpot:
          if (event.path.empty()) add_blind(&process, event.flags);
          break;
        default: break;
      }
    }
    process.failed_opens += log.header.failed_opens;
    process.kernel_opens += log.header.kernel_opens;
    process.repeated_opens += log.header.repeated_opens;
    process.lost_records += log.header.lost_records;
    process.damaged_records += log.damaged_records;
    const bool is_notify = log.header.mechanism == Mechanism::kNotify;
    process.mechanism = is_notify ? "notify" : "shim";
    process.completeness = is_notify ? Completeness::kFull : Completeness::kPaths;
    const bool is_short = process.lost_records > 0 || !process.blind.empty() ||
                          (log.header.flags & (kLogIoUring | kLogNoDescriptors)) != 0;
    if (is_short) process.completeness = Completeness::kPartial;
    process.ended_ns = std::max(process.ended_ns, process.began_ns);
  }

  bool has_image(int32_t pid, int64_t after_ns) const {
    const auto found = images_of_pid_.find(pid);
    if (found == images_of_pid_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](size_t image) {
      return static_cast<int64_t>(header(image).epoch) >= after_ns;
    });
  }

  // Programs that were started and never spoke.
  void find_silent(size_t image) {
    const ImageLog& log = logs_[image];
    const size_t owner = process_of_[image];
    if (const BoxEvent* exec = successful_exec(log, 0);
        exec != nullptr && !has_image(log.header.pid, exec->at_ns)) {
      if (log.header.is_fork_child != 0 && images_[owner].size() == 1) {
        make_silent(owner, *exec);
      } else {
        out_[owner].is_replaced = true;
        add_silent(owner, log.header.pid, *exec);
      }
    }
    for (const BoxEvent& event : log.events) {
      if (event.kind == BoxKind::kExec && event.is_of_vfork_child() &&
          !has_image(event.tid, event.at_ns) && successful_exec(log, event.tid) == &event) {
        add_silent(owner, event.tid, event);
      } else if (event.kind == BoxKind::kSpawn && event.result > 0 &&
                 !has_image(event.result, static_cast<int64_t>(event.child.began_ns))) {
        add_silent(owner, event.result, event);
      } else if (event.kind == BoxKind::kFork && event.result > 0 &&
                 !images_of_pid_.contains(event.result)) {
        ++out_[owner].unseen_children;
      }
    }
  }

  void add_silent(size_t parent, int32_t pid, const BoxEvent& by) {
    BoxProcess process;
    process.pid = pid;
    process.parent = parent;
    process.parent_task = by.task;
    process.folder = out_[parent].folder;
    process.began_ns = by.at_ns;
    process.ended_ns = by.at_ns;
    out_.push_back(std::move(process));
    images_.emplace_back();
    make_silent(out_.size() - 1, by);
  }

  static void mark_silent(BoxProcess* process, const BoxEvent& by) {
    process->executable = by.path;
    process->arguments = {by.path};
    process->is_fork = false;
    process->has_exit = false;
    if (by.has(kWatchedElsewhere)) {
      process->is_elsewhere = true;
      process->mechanism = "elsewhere";
    } else {
      process->mechanism = "proc";
      if (!by.has(kEnvironmentKept)) process->blind.emplace_back("environment");
    }
    process->completeness = Completeness::kNone;
  }
  void make_silent(size_t process, const BoxEvent& by) { mark_silent(&out_[process], by); }

  std::vector<BoxProcess> by_begin() {
    std::vector<size_t> order(out_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return out_[a].began_ns < out_[b].began_ns; });
    std::vector<size_t> place(out_.size());
    for (size_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    std::vector<BoxProcess> sorted;
    sorted.reserve(out_.size());
    for (const size_t i : order) {
      sorted.push_back(std::move(out_[i]));
      if (sorted.back().parent != kNoProcess) sorted.back().parent = place[sorted.back().parent];
    }
    return sorted;
  }

  const std::vector<ImageLog>& logs_;
  std::vector<size_t> order_;       // images by epoch
  std::vector<size_t> process_of_;  // by image
  std::vector<BoxProcess> out_;
  std::vector<std::vector<size_t>> images_;  // by process
  std::map<std::pair<int32_t, uint64_t>, size_t> by_epoch_;
  std::map<int32_t, std::vector<std::pair<size_t, const BoxEvent*>>> starts_;  // by child's pid
  std::map<int32_t, size_t> latest_;                                           // image by pid
  std::map<int32_t, std::vector<size_t>> images_of_pid_;
  std::map<size_t, std::vector<const BoxEvent*>> vfork_events_;
};

}  // namespace

const char* name_of(Completeness completeness) {
  switch (completeness) {
    case Completeness::kNone: return "none";
    case Completeness::kPartial: return "partial";
    case Completeness::kPaths: return "paths";
    case Completeness::kFull: return "full";
  }
  return "none";
}

std::string BoxProcess::name() const {
  const std::string& from = arguments.empty() || arguments[0].empty() ? executable : arguments[0];
  std::string out = from.substr(from.rfind('/') + 1);
  constexpr std::string_view kDeleted = " (deleted)";
  if (out.ends_with(kDeleted)) out.resize(out.size() - kDeleted.size());
  return out.empty() ? "process" : out;
}

std::vector<BoxProcess> processes_of(const std::vector<ImageLog>& logs) {
  return Tree(logs).build();
}

}  // namespace headrace::box
