#include "box/access.h"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <set>
#include <sys/stat.h>

namespace headrace::box {
namespace {

bool reads(uint32_t open_flags) { return (open_flags & O_ACCMODE) != O_WRONLY; }
bool writes(uint32_t open_flags) { return (open_flags & O_ACCMODE) != O_RDONLY; }

Inode inode_of(const FileBody& body) { return {body.dev, body.ino}; }

class ProcessWalk {
 public:
  ProcessWalk(const std::vector<BoxProcess>& all, size_t process, Accesses* out)
      : process_(all[process]), number_(process), folder_(process_.folder), out_(*out) {}

  void run() {
    for (const BoxProcess::Event& at : process_.events) take(*at.event, at.is_before_exec);
    finish();
  }

 private:
  std::string absolute(const std::string& path) const { return absolute_path(folder_, path); }

  void see(const BoxEvent& event) {
    if (event.file.mode == 0 || !S_ISREG(event.file.mode)) return;
    // What an exiting process leaves in its buffers is written after it was looked at.
    if (event.kind == BoxKind::kClose && event.has(kCloseAtExit)) return;
    out_.sightings[inode_of(event.file)].push_back({event.at_ns, state_of(event.file)});
  }

  void take(const BoxEvent& event, bool is_before_exec) {
    see(event);
    switch (event.kind) {
      case BoxKind::kStart:
        if (!event.path2.empty()) folder_ = event.path2;
        break;
      case BoxKind::kChangeFolder: folder_ = event.path; break;
      case BoxKind::kDescriptor:
        // Of a fork child that becomes another program only what is open then counts.
        if (!is_before_exec) inherit(event);
        break;
      case BoxKind::kOpen: open(event); break;
      case BoxKind::kClose: close(event); break;
      case BoxKind::kTruncate: truncate(event); break;
      case BoxKind::kMap:
        if (Access* access = find(inode_of(event.file)); access != nullptr) {
          access->surely_wrote = access->writes = true;
        }
        break;
      case BoxKind::kCopy: copy(event); break;
      case BoxKind::kRename:
      case BoxKind::kLink:
      case BoxKind::kUnlink: rename(event); break;
      case BoxKind::kDirectory:
        if (!event.path.empty()) {
          out_.listings.push_back({number_, event.task, absolute(event.path)});
        }
        break;
      case BoxKind::kPipe: pipe_made(event); break;
      default: break;
    }
  }

  Access* find(const Inode& inode) {
    const auto found = open_.find(inode);
    return found == open_.end() ? nullptr : &out_.files[found->second];
  }

  Access& add(const BoxEvent& event) {
    Access access;
    access.process = number_;
    access.task = event.task;
    access.inode = inode_of(event.file);
    access.begin_ns = event.at_ns;
    access.at_open = state_of(event.file);
    unfinished_[access.inode].push_back(out_.files.size());
    out_.files.push_back(std::move(access));
    return out_.files.back();
  }

  void inherit(const BoxEvent& event) {
    const bool can_write = writes(event.file.open_flags);
    const bool can_read = reads(event.file.open_flags);
    if (S_ISFIFO(event.file.mode)) {
      // Ends that a shell or make leaves open in everyone mean nothing; the standard ones do.
      if (event.result == 0 ? can_read : event.result <= 2 && can_write) {
        add_pipe_end(event, event.result != 0);
      }
      return;
    }
    if (!S_ISREG(event.file.mode)) return;
    const Inode inode = inode_of(event.file);
    positions_[event.result] = {inode, event.file.position};
    if (Access* known = find(inode); known != nullptr) {
      // Opened by the same process before it became this program, or a second descriptor.
      known->reads |= can_read;
      known->writes |= can_write;
      if (event.result <= 2 && known->how == std::string_view("file")) {
        known->how = standard_name(event.result);
      }
      return;
    }
    Access& access = add(event);
    access.path = absolute(event.path);
    access.reads = can_read;
    access.writes = can_write;
    access.keeps_old = false;
    access.is_inherited = true;
    access.how = standard_name(event.result);
    open_[inode] = out_.files.size() - 1;
  }

  static const char* standard_name(int fd) {
    switch (fd) {
      case 0: return "stdin";
      case 1: return "stdout";
      case 2: return "stderr";
      default: return "file";
    }
  }

  void open(const BoxEvent& event) {
    if (S_ISFIFO(event.file.mode)) {
      if (reads(event.file.open_flags)) add_pipe_end(event, false);
      if (writes(event.file.open_flags)) add_pipe_end(event, true);
      return;
    }
    if (!S_ISREG(event.file.mode)) return;
    const uint32_t flags = event.file.open_flags;
    Access& access = add(event);
    access.path = absolute(event.path);
    access.fd = event.result;
    access.reads = reads(flags);
    access.writes = writes(flags);
    const bool is_empty = event.file.size_bytes == 0;
    access.makes_new = access.writes && ((flags & O_TRUNC) != 0 || is_empty);
    access.keeps_old = access.writes && !access.makes_new;
    if (event.has(kOpenIsTemporary)) access.how = "temporary";
    if (access.makes_new) end_older(out_.files.size() - 1);
    names_[access.inode] = out_.files.back().path;
    // The latest of a process's descriptors of a file takes what is said of the file.
    open_[access.inode] = out_.files.size() - 1;
  }

  // An inode's number is free again when its file is gone and closed, and soon another file's. The
  // close need not have been seen.
  void end_older(size_t number) {
    const Access& access = out_.files[number];
    const auto name = names_.find(access.inode);
    const bool is_other = name != names_.end() && name->second != access.path;
    const std::vector<Sighting>& seen = out_.sightings[access.inode];
    std::erase_if(unfinished_[access.inode], [&](size_t i) {
      Access& older = out_.files[i];
      if (i != number && older.end_ns == 0 && is_other && seen.size() >= 2) {
        // This open is the last that was seen of it, so that before it the file's last state.
        older.end_ns = seen[seen.size() - 2].at_ns;
        older.at_end = seen[seen.size() - 2].state;
        older.end_is_sure = true;
      }
      return i != number && older.end_ns != 0;
    });
  }

  void close(const BoxEvent& event) {
    const Inode inode = inode_of(event.file);
    const FileState state = state_of(event.file);
    const bool is_sure = !event.has(kCloseAtExit);
    const auto of_file = unfinished_.find(inode);
    if (of_file == unfinished_.end()) return;
    for (const size_t i : closed_by(event.result, of_file->second)) {
      Access& access = out_.files[i];
      access.end_ns = event.at_ns;
      access.at_end = state;
      access.end_is_sure = is_sure;
      if (access.is_inherited) {
        const auto position = positions_.find(event.result);
        if (position == positions_.end() || position->second.first != inode) continue;
        access.moved |= position->second.second != event.file.position;
        was_looked_at_.insert(i);
      }
    }
    // Of a file that is opened and closed a thousand times only the last opening can still be open.
    if (is_sure && of_file->second.size() > kMostOpenings) {
      of_file->second.erase(of_file->second.begin(), of_file->second.end() - 1);
    }
  }

  // What ends with descriptor `fd`, of the openings of one file: the one that got it from open,
  // else what was inherited, else (it is a copy) the last one.
  std::vector<size_t> closed_by(int fd, const std::vector<size_t>& openings) const {
    for (size_t k = openings.size(); k-- > 0;) {
      const Access& access = out_.files[openings[k]];
      if (access.fd == fd && access.end_ns == 0) return {openings[k]};
    }
    std::vector<size_t> out;
    for (const size_t i : openings) {
      if (out_.files[i].is_inherited) out.push_back(i);
    }
    if (out.empty() && !openings.empty()) out.push_back(openings.back());
    return out;
  }

  void truncate(const BoxEvent& event) {
    const Inode inode = inode_of(event.file);
    if (event.path.empty()) {
      if (Access* access = find(inode); access != nullptr && access->writes) {
        access->surely_wrote = true;
      }
      return;
    }
    if (!S_ISREG(event.file.mode)) return;
    Access& access = add(event);
    access.path = absolute(event.path);
    access.writes = access.surely_wrote = true;
    // The record tells the state after it; what was there before it nobody saw.
    access.end_ns = event.at_ns;
    access.at_end = access.at_open;
    access.at_open = {};
    access.end_is_sure = true;
  }

  void copy(const BoxEvent& event) {
    if (Access* to = find(inode_of(event.file)); to != nullptr && to->writes) {
      to->surely_wrote = true;
    }
    if (Access* from = find(inode_of(event.from)); from != nullptr && from->reads) {
      from->moved = true;
    }
  }

  void rename(const BoxEvent& event) {
    if (event.file.mode != 0 && !S_ISREG(event.file.mode)) return;
    NameChange change;
    change.process = number_;
    change.task = event.task;
    change.kind = event.kind == BoxKind::kRename ? NameChange::kRename
                  : event.kind == BoxKind::kLink ? NameChange::kLink
                                                 : NameChange::kUnlink;
    change.inode = inode_of(event.file);
    change.state = state_of(event.file);
    change.from = absolute(event.path);
    if (change.kind != NameChange::kUnlink) change.to = absolute(event.path2);
    change.at_ns = event.at_ns;
    change.links = event.file.links;
    if (change.kind == NameChange::kRename) names_[change.inode] = change.to;
    if (change.kind == NameChange::kUnlink && change.links <= 1) names_[change.inode].clear();
    out_.names.push_back(std::move(change));
  }

  void add_pipe_end(const BoxEvent& event, bool writes_it) {
    out_.pipes[inode_of(event.file)].push_back({number_, event.task, writes_it, false});
  }

  void pipe_made(const BoxEvent& event) {
    out_.pipes[{event.pipe.dev, event.pipe.ino}].push_back({number_, event.task, false, true});
  }

  void finish() {
    for (size_t i = first_file_; i < out_.files.size(); ++i) {
      Access& access = out_.files[i];
      if (access.end_ns == 0) access.end_ns = std::max(process_.ended_ns, access.begin_ns);
      // Of a descriptor that was never looked at again nobody can tell.
      if (access.is_inherited && !was_looked_at_.contains(i)) access.moved = true;
    }
  }

  const BoxProcess& process_;
  const size_t number_;
  std::string folder_;
  Accesses& out_;
  const size_t first_file_ = out_.files.size();
  static constexpr size_t kMostOpenings = 64;
  std::map<Inode, size_t> open_;
  std::map<Inode, std::vector<size_t>> unfinished_;  // whose ends may still be seen
  std::map<int, std::pair<Inode, int64_t>> positions_;
  std::set<size_t> was_looked_at_;
  std::map<Inode, std::string> names_;  // the latest of each; empty: removed
};

// The program itself, where a user made it: what is run is an input.
void add_executable(const BoxProcess& process, size_t number, Accesses* out) {
  if (process.is_fork || process.executable.empty() || process.executable[0] != '/') return;
  Access access;
  access.process = number;
  access.path = process.executable;
  access.reads = true;
  access.begin_ns = access.end_ns = process.began_ns;
  access.how = "executable";
  out->files.push_back(std::move(access));
}

}  // namespace

FileState state_of(const FileBody& body) {
  FileState out;
  out.dev = body.dev;
  out.ino = body.ino;
  out.size_bytes = body.size_bytes;
  out.mtime_ns = body.mtime_ns;
  out.ctime_ns = body.ctime_ns;
  out.is_known = body.mode != 0;
  return out;
}

Accesses accesses_of(const std::vector<BoxProcess>& processes) {
  Accesses out;
  for (size_t i = 0; i < processes.size(); ++i) {
    add_executable(processes[i], i, &out);
    ProcessWalk(processes, i, &out).run();
  }
  const auto by_time = [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; };
  std::stable_sort(out.names.begin(), out.names.end(), by_time);
  for (auto& [inode, seen] : out.sightings) std::stable_sort(seen.begin(), seen.end(), by_time);
  return out;
}

}  // namespace headrace::box
