#include "box/notify_process.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "base/run_folder.h"
#include "box/notify_filter.h"

namespace headrace::box {
namespace {

// More opens than this wait for their descriptor only where most of them failed.
constexpr size_t kMostPending = 2048;
// How long an open may wait for its descriptor to be closed before it is looked for, so that a kill
// leaves little that was not seen: a look costs some 50 us.
constexpr int64_t kLookAfterNs = 10'000'000;

bool writes(uint32_t flags) { return (flags & O_ACCMODE) != O_RDONLY; }

bool same(const FileBody& a, const FileBody& b) {
  return a.ino != 0 && a.dev == b.dev && a.ino == b.ino;
}

bool begins_with(const std::string& text, const char* with) { return text.rfind(with, 0) == 0; }

// `path` where it begins with the folder or file `from`, with `to` in its place.
bool replace_start(std::string& path, const char* from, const std::string& to) {
  const size_t size = std::strlen(from);
  if (path.compare(0, size, from) != 0) return false;
  if (path.size() > size && path[size] != '/') return false;
  path.replace(0, size, to);
  return true;
}

// False in a container or after chroot: then paths must be looked up from the process's root.
bool same_root(pid_t pid) {
  struct stat mine {};
  struct stat theirs {};
  const std::string of_process = "/proc/" + std::to_string(pid);
  for (const char* const name : {"/ns/mnt", "/root"}) {
    if (stat((std::string("/proc/self") + name).c_str(), &mine) != 0 ||
        stat((of_process + name).c_str(), &theirs) != 0 || mine.st_ino != theirs.st_ino ||
        mine.st_dev != theirs.st_dev) {
      return false;
    }
  }
  return true;
}

}  // namespace

SeenProcess::SeenProcess(const std::string& folder, pid_t pid, const ProcStat& facts,
                         ParentImage parent)
    : folder_(folder),
      pid_(pid),
      start_time_ticks_(facts.start_time_ticks),
      parent_(parent),
      own_root_(same_root(pid)) {}

// --- paths -----------------------------------------------------------------------------------

std::string SeenProcess::absolute(pid_t tid, int directory, const std::string& path) const {
  if (!path.empty() && path[0] == '/') return path;
  const std::string of_thread = "/proc/" + std::to_string(tid);
  std::string folder =
      directory == AT_FDCWD ? read_link(of_thread + "/cwd") : descriptor_path(tid, directory);
  if (path.empty()) return folder;
  if (folder.empty() || folder.back() != '/') folder += '/';
  return folder + path;
}

std::string SeenProcess::here(pid_t tid, const std::string& path) const {
  std::string out = path;
  const std::string of_process = "/proc/" + std::to_string(pid_);
  if (replace_start(out, "/proc/self", of_process) ||
      replace_start(out, "/proc/thread-self", of_process + "/task/" + std::to_string(tid)) ||
      replace_start(out, "/dev/fd", of_process + "/fd") ||
      replace_start(out, "/dev/stdin", of_process + "/fd/0") ||
      replace_start(out, "/dev/stdout", of_process + "/fd/1") ||
      replace_start(out, "/dev/stderr", of_process + "/fd/2")) {
    return out;
  }
  return own_root_ ? out : "/proc/" + std::to_string(tid) + "/root" + out;
}

bool SeenProcess::facts_of(pid_t tid, const std::string& path, bool follow, FileBody* out) const {
  struct stat facts {};
  if (fstatat(AT_FDCWD, here(tid, path).c_str(), &facts, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0) {
    *out = FileBody{};
    return false;
  }
  *out = file_body(facts);
  return true;
}

// --- images ----------------------------------------------------------------------------------

void SeenProcess::begin_image(const StoppedCall& call) {
  if (log_ != nullptr) return;
  LogHeader header{};
  header.pid = pid_;
  header.parent_pid = parent_.pid;
  header.start_time_ticks = start_time_ticks_;
  header.monotonic_ns = now_monotonic_ns();
  header.realtime_ns = now_realtime_ns();
  header.epoch = static_cast<uint64_t>(header.monotonic_ns);
  header.parent_start_time_ticks = parent_.start_time_ticks;
  header.parent_epoch = parent_.epoch;
  header.is_fork_child = forked_ ? 1 : 0;
  struct stat facts {};
  const std::string of_process = "/proc/" + std::to_string(pid_);
  if (stat(of_process.c_str(), &facts) == 0) header.uid = facts.st_uid;
  if (stat((of_process + "/ns/pid").c_str(), &facts) == 0) header.pid_namespace = facts.st_ino;
  log_ = std::make_unique<NotifyLog>(folder_, header);

  const std::string words = read_proc_file(pid_, "cmdline");
  const std::string program = read_link(of_process + "/exe");
  const std::string folder = read_link(of_process + "/cwd");
  const StartBody start{static_cast<uint32_t>(std::count(words.begin(), words.end(), '\0')), 0};
  const int64_t at_ns = header.monotonic_ns;
  log_->write(BoxKind::kStart,
              {.at_ns = at_ns, .tid = pid_, .path = program, .path2 = folder, .body = &start});
  log_->write(BoxKind::kArguments, {.at_ns = at_ns, .tid = pid_, .path = words});
  known_.clear();
  open_.clear();
  bool hidden = false;
  for (const Descriptor& one : list_descriptors(call.tid, &hidden)) {
    FileBody body = file_body(one.facts);
    const DescriptorMode mode = read_descriptor_mode(call.tid, one.fd);
    body.open_flags = mode.flags;
    body.position = mode.position;
    const std::string path = descriptor_path(call.tid, one.fd);
    log_->write(BoxKind::kDescriptor,
                {.at_ns = at_ns, .tid = pid_, .result = one.fd, .path = path, .body = &body});
    known_.insert({body.dev, body.ino});
    open_[one.fd] = {{body.dev, body.ino}, writes(mode.flags), true};
    if (path == "anon_inode:[io_uring]") log_->set_flag(kLogIoUring);
  }
  if (hidden) log_->set_flag(kLogNoDescriptors);
}

ParentImage SeenProcess::image(const StoppedCall& call) {
  begin_image(call);
  return {pid_, start_time_ticks_, log_->epoch()};
}

void SeenProcess::exec(const StoppedCall& call, int directory, const std::string& path) {
  const std::string program = absolute(call.tid, directory, path);
  FileBody file;
  // Shells and execvp try each folder of PATH.
  if (!facts_of(call.tid, program, true, &file) || !S_ISREG(file.mode) || (file.mode & 0111) == 0) {
    return;
  }
  if (log_ != nullptr) {
    settle(0);
    // What closes at exec closes without a call.
    close_all(call, 0);
    const ChildBody body{static_cast<uint64_t>(call.at_ns)};
    log_->write(BoxKind::kExec, {.at_ns = call.at_ns,
                                 .tid = call.tid,
                                 .flags = kEnvironmentKept,
                                 .path = program,
                                 .body = &body});
  }
  const std::optional<ProcStat> facts = read_proc_stat(pid_);
  exec_ = facts ? facts->image : std::string();
  exec_at_ns_ = call.at_ns;
}

// See base/run_folder.h.
void SeenProcess::note_exec_again() const {
  const std::string path = folder_ + "/" + std::to_string(pid_) + kExecAgainSuffix;
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd >= 0) ::close(fd);
}

void SeenProcess::check_exec(const StoppedCall& call) {
  if (!exec_) return;
  const std::optional<ProcStat> facts = read_proc_stat(pid_);
  const bool happened = !facts || facts->image.empty() || facts->image != *exec_;
  exec_.reset();
  if (!happened) {
    if (log_ != nullptr) {
      log_->write(BoxKind::kExecFailed, {.at_ns = call.at_ns, .tid = call.tid, .result = ENOEXEC});
    }
    return;
  }
  for (const Pending& pending : pending_) {
    if (log_ != nullptr && pending.at_ns < exec_at_ns_) log_->count(&LogHeader::failed_opens);
  }
  pending_.clear();
  deferred_.clear();
  if (log_ != nullptr) log_->finish();
  log_.reset();
  if (!std::exchange(forked_, false)) note_exec_again();
  begin_image(call);
}

// --- what came of calls ----------------------------------------------------------------------

void SeenProcess::stopped(const StoppedCall& call) {
  settle(call.tid);
  check_exec(call);
  if (!pending_.empty() && pending_.front().at_ns + kLookAfterNs < call.at_ns &&
      looked_at_ns_ + kLookAfterNs < call.at_ns) {
    look(call);
  }
}

void SeenProcess::look(const StoppedCall& call) {
  looked_at_ns_ = call.at_ns;
  observe_all(call.tid, call.at_ns);
  // What has returned, is not there and was not seen closed has failed.
  const auto failed = std::remove_if(pending_.begin(), pending_.end(),
                                     [](const Pending& one) { return one.settled; });
  for (auto at = failed; at != pending_.end(); ++at) log_->count(&LogHeader::failed_opens);
  pending_.erase(failed, pending_.end());
}

void SeenProcess::settle(pid_t tid) {
  const bool all = tid == 0;
  for (Pending& pending : pending_) {
    if (pending.settled || (!all && pending.tid != tid)) continue;
    pending.settled = true;
    if (!pending.existed) find_new(&pending);
  }
  for (size_t i = 0; i < deferred_.size();) {
    if (!all && deferred_[i].tid != tid) {
      ++i;
      continue;
    }
    const Deferred one = std::move(deferred_[i]);
    deferred_.erase(deferred_.begin() + static_cast<ptrdiff_t>(i));
    finish(one);
  }
}

void SeenProcess::find_new(Pending* pending) const {
  if ((pending->flags & O_TMPFILE) == O_TMPFILE) return;  // the path is the folder's
  if (!facts_of(pending->tid, pending->path, true, &pending->file)) return;
  // Something may have been written meanwhile; when it was opened it was empty.
  pending->file.size_bytes = 0;
}

void SeenProcess::finish(const Deferred& one) {
  FileBody after;
  const std::string& last = one.path2.empty() ? one.path : one.path2;
  const bool there = facts_of(one.tid, last, one.kind == BoxKind::kTruncate, &after);
  bool happened = false;
  FileBody body = after;
  switch (one.kind) {
    case BoxKind::kRename: {
      FileBody old;
      happened = (there && same(after, one.before)) || !facts_of(one.tid, one.path, false, &old) ||
                 !same(old, one.before);
      if (!there) body = one.before;
      break;
    }
    case BoxKind::kLink: happened = there && same(after, one.before); break;
    case BoxKind::kSymlink: happened = there && S_ISLNK(after.mode); break;
    case BoxKind::kUnlink:
      happened = !there || !same(after, one.before);
      body = one.before;
      // Its number may soon be another file's.
      known_.erase({body.dev, body.ino});
      break;
    case BoxKind::kMakeDirectory: happened = there && S_ISDIR(after.mode); break;
    case BoxKind::kTruncate: happened = there && after.size_bytes == one.size; break;
    default: return;
  }
  if (!happened) return;
  const void* const fixed = body_bytes(one.kind) == sizeof(FileBody) ? &body : nullptr;
  log_->write(one.kind, {.at_ns = one.at_ns,
                         .tid = one.tid,
                         .flags = one.flags,
                         .path = one.path,
                         .path2 = one.path2,
                         .body = fixed});
}

void SeenProcess::defer(const StoppedCall& call, BoxKind kind, uint32_t flags, std::string path,
                        std::string path2, int64_t size) {
  begin_image(call);
  // Files that are open under their old names come first in the log.
  if (!pending_.empty()) observe_all(call.tid, call.at_ns);
  Deferred one{kind,       call.at_ns,      call.tid,         flags,
               FileBody{}, std::move(path), std::move(path2), size};
  const bool there = facts_of(call.tid, one.path, kind == BoxKind::kTruncate, &one.before);
  const bool needs_file = kind != BoxKind::kSymlink && kind != BoxKind::kMakeDirectory;
  if (needs_file != there && kind != BoxKind::kSymlink) return;  // the call will fail
  FileBody target;
  if (kind == BoxKind::kSymlink && facts_of(call.tid, one.path2, false, &target)) return;
  if (kind == BoxKind::kLink && facts_of(call.tid, one.path2, false, &target)) return;
  deferred_.push_back(std::move(one));
}

void SeenProcess::rename(const StoppedCall& call, int from_directory, const std::string& from,
                         int to_directory, const std::string& to, bool exchange) {
  const std::string old_name = absolute(call.tid, from_directory, from);
  const std::string new_name = absolute(call.tid, to_directory, to);
  const uint32_t flags = exchange ? kExchange : 0;
  defer(call, BoxKind::kRename, flags, old_name, new_name);
  if (exchange) defer(call, BoxKind::kRename, flags, new_name, old_name);
}

void SeenProcess::link(const StoppedCall& call, int from_directory, const std::string& from,
                       int to_directory, const std::string& to) {
  std::string source = absolute(call.tid, from_directory, from);
  // O_TMPFILE gets its name through /proc/self/fd/N or an empty path.
  if (from.empty() || begins_with(source, "/proc/self/fd/")) {
    source = from.empty()
                 ? "/proc/" + std::to_string(pid_) + "/fd/" + std::to_string(from_directory)
                 : here(call.tid, source);
    begin_image(call);
    if (!pending_.empty()) observe_all(call.tid, call.at_ns);
    struct stat facts {};
    if (stat(source.c_str(), &facts) != 0) return;
    deferred_.push_back({BoxKind::kLink, call.at_ns, call.tid, 0, file_body(facts), source,
                         absolute(call.tid, to_directory, to), 0});
    return;
  }
  defer(call, BoxKind::kLink, 0, std::move(source), absolute(call.tid, to_directory, to));
}

void SeenProcess::symlink(const StoppedCall& call, const std::string& text, int directory,
                          const std::string& path) {
  defer(call, BoxKind::kSymlink, 0, text, absolute(call.tid, directory, path));
}

void SeenProcess::unlink(const StoppedCall& call, int directory, const std::string& path,
                         bool is_directory) {
  defer(call, BoxKind::kUnlink, is_directory ? kIsDirectory : 0,
        absolute(call.tid, directory, path), {});
}

void SeenProcess::make_directory(const StoppedCall& call, int directory, const std::string& path) {
  defer(call, BoxKind::kMakeDirectory, 0, absolute(call.tid, directory, path), {});
}

void SeenProcess::truncate(const StoppedCall& call, const std::string& path, int64_t size) {
  defer(call, BoxKind::kTruncate, 0, absolute(call.tid, AT_FDCWD, path), {}, size);
}

// --- descriptors -----------------------------------------------------------------------------

void SeenProcess::open(const StoppedCall& call, int directory, const std::string& path,
                       uint32_t flags) {
  if (path.empty() || (flags & O_PATH) != 0) return;
  begin_image(call);
  Pending one{
      call.at_ns, call.tid, flags, false, false, FileBody{}, absolute(call.tid, directory, path)};
  const bool temporary = (flags & O_TMPFILE) == O_TMPFILE;
  one.existed = !temporary && facts_of(call.tid, one.path, true, &one.file);
  const bool creates = (flags & O_CREAT) != 0;
  if ((!one.existed && !creates && !temporary) ||
      (one.existed && creates && (flags & O_EXCL) != 0)) {
    log_->count(&LogHeader::failed_opens);
    return;
  }
  if ((flags & O_TRUNC) != 0) one.file.size_bytes = 0;
  if (pending_.size() >= kMostPending) look(call);
  pending_.push_back(std::move(one));
}

bool SeenProcess::write_open(const Pending& pending, int fd, const FileBody& file) {
  const mode_t format = file.mode & S_IFMT;
  if ((format != S_IFREG && format != S_IFDIR && format != S_IFIFO) ||
      begins_with(pending.path, "/proc/") || begins_with(pending.path, "/sys/")) {
    log_->count(&LogHeader::kernel_opens);
    return false;
  }
  FileBody body = file;
  body.open_flags = pending.flags;
  const bool listing = S_ISDIR(body.mode);
  log_->write(listing ? BoxKind::kDirectory : BoxKind::kOpen,
              {.at_ns = pending.at_ns,
               .tid = pending.tid,
               .result = fd,
               .flags = (pending.flags & O_TMPFILE) == O_TMPFILE ? kOpenIsTemporary : 0,
               .path = pending.path,
               .body = &body});
  return true;
}

void SeenProcess::observe(pid_t tid, int fd, const struct stat& facts, int64_t at_ns) {
  const File file{facts.st_dev, facts.st_ino};
  // Another thread's call may have made the file already.
  for (Pending& one : pending_) {
    if (!one.settled && !one.existed) find_new(&one);
  }
  const auto pending = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) {
    const bool temporary = (one.flags & O_TMPFILE) == O_TMPFILE;
    return temporary ? facts.st_nlink == 0 && known_.count(file) == 0
                     : one.file.dev == file.first && one.file.ino == file.second;
  });
  const auto open = open_.find(fd);
  if (pending != pending_.end()) {
    // The descriptor may be an older one of the same file, still open while another is opened.
    if (!pending->settled && open != open_.end() && open->second.file == file) return;
    FileBody opened = pending->file;
    if (opened.ino == 0) {  // it had no name to be found by
      opened = file_body(facts);
      opened.size_bytes = 0;
    }
    write_open(*pending, fd, opened);
    open_[fd] = {file, writes(pending->flags), false};
    known_.insert(file);
    pending_.erase(pending);
    return;
  }
  if (known_.count(file) != 0) return;
  known_.insert(file);
  // Nor of a file that has no name is there anything to tell; most often it was removed just now.
  if (S_ISSOCK(facts.st_mode) || (facts.st_mode & S_IFMT) == 0 || facts.st_nlink == 0) return;
  const DescriptorMode mode = read_descriptor_mode(tid, fd);
  const std::string path = descriptor_path(tid, fd);
  // Pipes and files in memory have no place; O_PATH opens nothing.
  if (path.empty() || path[0] != '/' || begins_with(path, "/memfd:") ||
      (mode.flags & O_PATH) != 0) {
    return;
  }
  // Opened in a way that no listed call shows, as by a handle, or sent by another process.
  const Pending found{at_ns, tid, mode.flags, true, true, file_body(facts), path};
  write_open(found, fd, found.file);
  open_[fd] = {file, writes(mode.flags), false};
}

void SeenProcess::observe_all(pid_t tid, int64_t at_ns) {
  for (const Descriptor& one : list_descriptors(tid)) {
    if (one.fd >= static_cast<int>(kHighestClosed)) log_->count(&LogHeader::lost_records);
    observe(tid, one.fd, one.facts, at_ns);
  }
}

void SeenProcess::write_close(pid_t tid, int fd, const struct stat& facts, int64_t at_ns,
                              uint32_t flags) {
  if (!S_ISREG(facts.st_mode)) return;
  const auto found = open_.find(fd);
  const bool is_known =
      found != open_.end() && found->second.file == File{facts.st_dev, facts.st_ino};
  if (is_known && !found->second.writable && !found->second.inherited) return;
  FileBody body = file_body(facts);
  // A copy of another descriptor, or one whose offset tells whether it was used.
  if (!is_known || found->second.inherited) {
    const DescriptorMode mode = read_descriptor_mode(tid, fd);
    if (!is_known && !writes(mode.flags)) return;
    body.open_flags = mode.flags;
    body.position = mode.position;
  }
  log_->write(BoxKind::kClose,
              {.at_ns = at_ns, .tid = tid, .result = fd, .flags = flags, .body = &body});
}

void SeenProcess::close(const StoppedCall& call, int fd) {
  if (log_ == nullptr) return;
  struct stat facts {};
  if (!stat_descriptor(call.tid, fd, &facts)) return;
  observe(call.tid, fd, facts, call.at_ns);
  write_close(call.tid, fd, facts, call.at_ns, 0);
  open_.erase(fd);
  // Its number may soon be another file's.
  if (facts.st_nlink == 0) known_.erase({facts.st_dev, facts.st_ino});
}

void SeenProcess::close_range(const StoppedCall& call, unsigned first, unsigned last) {
  if (log_ == nullptr) return;
  for (const Descriptor& one : list_descriptors(call.tid)) {
    const auto fd = static_cast<unsigned>(one.fd);
    if (fd < first || fd > last) continue;
    observe(call.tid, one.fd, one.facts, call.at_ns);
    write_close(call.tid, one.fd, one.facts, call.at_ns, 0);
    open_.erase(one.fd);
  }
}

void SeenProcess::close_all(const StoppedCall& call, uint32_t flags) {
  observe_all(call.tid, call.at_ns);
  for (const Descriptor& one : list_descriptors(call.tid)) {
    write_close(call.tid, one.fd, one.facts, call.at_ns, flags);
  }
}

void SeenProcess::map(const StoppedCall& call, int fd) {
  struct stat facts {};
  if (!stat_descriptor(call.tid, fd, &facts) || !S_ISREG(facts.st_mode)) return;
  begin_image(call);
  observe(call.tid, fd, facts, call.at_ns);
  const std::string path = descriptor_path(call.tid, fd);
  const FileBody body = file_body(facts);
  log_->write(BoxKind::kMap,
              {.at_ns = call.at_ns, .tid = call.tid, .result = fd, .path = path, .body = &body});
}

FileBody SeenProcess::body_of(pid_t tid, int fd) const {
  struct stat facts {};
  return stat_descriptor(tid, fd, &facts) ? file_body(facts) : FileBody{};
}

void SeenProcess::copy(const StoppedCall& call, int from, int to) {
  begin_image(call);
  for (const int fd : {from, to}) {
    struct stat facts {};
    if (stat_descriptor(call.tid, fd, &facts)) observe(call.tid, fd, facts, call.at_ns);
  }
  CopyBody body{};
  body.from = body_of(call.tid, from);
  body.to = body_of(call.tid, to);
  body.from_fd = from;
  body.to_fd = to;
  body.bytes = -1;
  log_->write(BoxKind::kCopy, {.at_ns = call.at_ns, .tid = call.tid, .body = &body});
}

// --- ends ------------------------------------------------------------------------------------

void SeenProcess::exit(const StoppedCall& call, int status) {
  if (ended_) return;
  begin_image(call);
  ended_ = true;
  settle(0);
  close_all(call, kCloseAtExit);
  for (size_t i = 0; i < pending_.size(); ++i) log_->count(&LogHeader::failed_opens);
  pending_.clear();
  const ExitBody totals = read_totals(pid_);
  log_->write(BoxKind::kExit,
              {.at_ns = call.at_ns, .tid = call.tid, .result = status & 0xFF, .body = &totals});
  log_->finish();
}

void SeenProcess::gone(int64_t at_ns) {
  if (ended_) return;
  ended_ = true;
  if (log_ == nullptr) return;
  settle(0);
  // Killed between an open and the close that would have shown it: most likely it was opened.
  for (Pending& one : pending_) {
    if (one.file.ino == 0) continue;
    one.at_ns = std::min(one.at_ns, at_ns);
    if (write_open(one, -1, one.file)) log_->count(&LogHeader::lost_records);
  }
  log_->finish();
}

void SeenProcess::unseen(const StoppedCall& call) {
  begin_image(call);
  log_->count(&LogHeader::lost_records);
}

void SeenProcess::blind(const StoppedCall& call, uint32_t spot) {
  begin_image(call);
  if (spot == kSeenIoUring) log_->set_flag(kLogIoUring);
  log_->write(BoxKind::kBlindSpot, {.at_ns = call.at_ns, .tid = call.tid, .flags = spot});
}

}  // namespace headrace::box
