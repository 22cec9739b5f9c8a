#include "box/notify_supervisor.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <new>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "box/elf.h"
#include "box/notify_filter.h"
#include "box/notify_spawn.h"

namespace headrace::box {
namespace {

// In place of a process's key.
constexpr uint64_t kListener = 0;
constexpr uint64_t kStop = 1;
// Its default is to be ignored, so a late one does no harm.
constexpr int kWake = SIGURG;

void wake(int /*signal*/) {}

int open_process(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
bool is_alive(int handle) {
  return handle < 0 || syscall(SYS_pidfd_send_signal, handle, 0, nullptr, 0) == 0;
}

void block_all_but(int signal) {
  sigset_t set;
  sigfillset(&set);
  if (signal != 0) sigdelset(&set, signal);
  pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace

Supervisor::Supervisor(int listener, std::string folder)
    : listener_(listener), folder_(std::move(folder)) {
  std::array<int, 2> ends{-1, -1};
  void* const shared =
      mmap(nullptr, sizeof *taken_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared != MAP_FAILED) taken_ = new (shared) std::atomic<uint64_t>(0);
  if (taken_ == nullptr || pipe2(ends.data(), O_CLOEXEC) != 0 ||
      start_guard(listener_, ends[0], taken_) < 0) {
    guard_ = io_error("cannot start the guard of supervised programs", errno);
  }
  if (ends[0] >= 0) close(ends[0]);
  guard_channel_ = ends[1];

  struct sigaction action {};
  action.sa_handler = wake;  // without SA_RESTART: it must end a wait
  sigaction(kWake, &action, nullptr);
  ends_ = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  event.data.u64 = kListener;
  epoll_ctl(ends_, EPOLL_CTL_ADD, listener_, &event);
  stopper_ = eventfd(0, EFD_CLOEXEC);
  event.events = EPOLLIN;
  event.data.u64 = kStop;
  epoll_ctl(ends_, EPOLL_CTL_ADD, stopper_, &event);
  // A descriptor for each process that lives.
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  answerer_ = std::thread([this] { answer_all(); });
  watcher_ = std::thread([this] { wait_for_ends(); });
}

void Supervisor::finish(int wait_ms) {
  if (finished_) return;
  finished_ = true;
  for (int i = 0; i < wait_ms && !over_.load(); ++i) usleep(1000);
  counts_.left_behind = !over_.load();
  stop_.store(true);
  eventfd_write(stopper_, 1);
  while (answering_.load()) {
    pthread_kill(answerer_.native_handle(), kWake);
    usleep(200);
  }
  answerer_.join();
  watcher_.join();
  // The guard answers from here on.
  if (guard_channel_ >= 0) close(guard_channel_);
  if (taken_ != nullptr) munmap(taken_, sizeof *taken_);
  const int64_t now_ns = now_monotonic_ns();
  take_ends();
  for (auto& [pid, watched] : processes_) {
    watched.process->gone(now_ns);
    if (watched.handle >= 0) close(watched.handle);
  }
  processes_.clear();
  close(stopper_);
  close(ends_);
  close(listener_);
}

// --- ends ------------------------------------------------------------------------------------

void Supervisor::wait_for_ends() {
  block_all_but(0);
  while (!stop_.load()) {
    std::array<epoll_event, 64> events{};
    const int count = epoll_wait(ends_, events.data(), static_cast<int>(events.size()), -1);
    const int64_t at_ns = now_monotonic_ns();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.u64 == kStop) return;
      if (event.data.u64 == kListener) {
        if ((event.events & EPOLLHUP) == 0) continue;
        over_.store(true);
        return;
      }
      const std::lock_guard lock(ended_mutex_);
      ended_.push_back({event.data.u64, at_ns});
      has_ended_.store(true);
    }
  }
}

void Supervisor::take_ends() {
  if (!has_ended_.load(std::memory_order_relaxed)) return;
  std::vector<End> ended;
  {
    const std::lock_guard lock(ended_mutex_);
    ended.swap(ended_);
    has_ended_.store(false);
  }
  for (const End& end : ended) {
    const auto pid = static_cast<pid_t>(end.process & 0xFFFFFFFF);
    const auto found = processes_.find(pid);
    // The number may be another process's by now.
    if (found != processes_.end() && found->second.key == end.process) remove(pid, end.at_ns);
  }
}

void Supervisor::remove(pid_t pid, int64_t at_ns) {
  const auto found = processes_.find(pid);
  if (found == processes_.end()) return;
  found->second.process->gone(at_ns);
  for (const pid_t tid : found->second.threads) process_of_thread_.erase(tid);
  if (found->second.handle >= 0) close(found->second.handle);
  processes_.erase(found);
}

// --- who it is -------------------------------------------------------------------------------

Supervisor::Watched* Supervisor::find(pid_t tid) {
  const auto known = process_of_thread_.find(tid);
  if (known != process_of_thread_.end()) {
    const auto watched = processes_.find(known->second);
    if (watched != processes_.end() && is_alive(watched->second.handle)) return &watched->second;
    remove(known->second, now_monotonic_ns());
    process_of_thread_.erase(tid);
  }
  const pid_t pid = process_of(tid);
  if (pid == 0) return nullptr;
  const auto watched = processes_.find(pid);
  Watched* found = watched != processes_.end() ? &watched->second : nullptr;
  if (found != nullptr && !is_alive(found->handle)) {
    remove(pid, now_monotonic_ns());
    found = nullptr;
  }
  if (found == nullptr) found = add(pid);
  if (found == nullptr) return nullptr;
  process_of_thread_[tid] = pid;
  found->threads.push_back(tid);
  return found;
}

Supervisor::Watched* Supervisor::add(pid_t pid) {
  const std::optional<ProcStat> facts = read_proc_stat(pid);
  if (!facts) return nullptr;
  ParentImage parent{facts->parent, 0, 0};
  const auto orphan = orphans_.find(pid);
  const auto of_parent = processes_.find(facts->parent);
  if (orphan != orphans_.end()) {
    parent = orphan->second;
    orphans_.erase(orphan);
  } else if (of_parent != processes_.end()) {
    const StoppedCall unknown{facts->parent, now_monotonic_ns(), {}};
    if (!of_parent->second.process->ended()) parent = of_parent->second.process->image(unknown);
  }
  Watched watched;
  watched.process = std::make_unique<SeenProcess>(folder_, pid, *facts, parent);
  watched.key = ++counts_.processes << 32 | static_cast<uint64_t>(pid);
  watched.handle = open_process(pid);
  if (watched.handle >= 0) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLONESHOT;
    event.data.u64 = watched.key;
    epoll_ctl(ends_, EPOLL_CTL_ADD, watched.handle, &event);
  }
  return &(processes_[pid] = std::move(watched));
}

// --- calls -----------------------------------------------------------------------------------

void Supervisor::answer_all() {
  block_all_but(kWake);
  seccomp_notif_sizes sizes{};
  syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);
  std::vector<uint64_t> call_bytes(
      (std::max<size_t>(sizes.seccomp_notif, sizeof(seccomp_notif)) + 7) / 8);
  std::vector<uint64_t> answer_bytes(
      (std::max<size_t>(sizes.seccomp_notif_resp, sizeof(seccomp_notif_resp)) + 7) / 8);
  auto* const call = reinterpret_cast<seccomp_notif*>(call_bytes.data());
  auto* const answer = reinterpret_cast<seccomp_notif_resp*>(answer_bytes.data());
  while (!stop_.load(std::memory_order_relaxed) && !over_.load(std::memory_order_relaxed)) {
    std::fill(call_bytes.begin(), call_bytes.end(), 0);
    // Fails where the caller was killed meanwhile, at our signal and when no program is left.
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, call) != 0) {
      if (errno == ENOENT && !over_.load()) usleep(100);
      continue;
    }
    if (taken_ != nullptr) taken_->store(call->id);
    serve(*call);
    std::fill(answer_bytes.begin(), answer_bytes.end(), 0);
    answer->id = call->id;
    answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener_, SECCOMP_IOCTL_NOTIF_SEND, answer);
  }
  answering_.store(false);
}

void Supervisor::serve(const seccomp_notif& call) {
  ++counts_.calls;
  take_ends();
  const auto tid = static_cast<pid_t>(call.pid);
  Watched* const watched = find(tid);
  if (watched == nullptr || watched->process->ended()) return;
  dispatch(*watched->process, call);
}

void Supervisor::dispatch(SeenProcess& process, const seccomp_notif& notice) {
  StoppedCall call;
  call.tid = static_cast<pid_t>(notice.pid);
  call.at_ns = now_monotonic_ns();
  std::memcpy(call.arguments.data(), notice.data.args, sizeof notice.data.args);
  const auto& argument = call.arguments;
  const auto number = [&](size_t i) { return static_cast<int>(argument[i]); };
  const auto bits = [&](size_t i) { return static_cast<uint32_t>(argument[i]); };
  const Call kind =
      call_of(this_machine(), notice.data.arch, static_cast<uint32_t>(notice.data.nr));

  // Texts are read while the thread waits; then it must still be the one that stopped.
  std::array<std::string, 2> texts;
  bool readable = true;
  bool hidden = false;
  const auto read = [&](size_t place, size_t from) {
    if (argument[from] == 0) return;
    std::optional<std::string> text = read_text(call.tid, argument[from]);
    if (text) texts[place] = std::move(*text);
    if (!text) {
      readable = false;
      hidden = hidden || errno != EFAULT;  // a bad address the kernel refuses as well
    }
  };
  open_how how{};
  switch (kind) {
    case Call::kOpen:
    case Call::kCreat:
    case Call::kExec:
    case Call::kUnlink:
    case Call::kTruncate:
    case Call::kMakeDirectory:
    case Call::kRemoveDirectory: read(0, 0); break;
    case Call::kOpenAt:
    case Call::kExecAt:
    case Call::kUnlinkAt:
    case Call::kMakeDirectoryAt: read(0, 1); break;
    case Call::kOpenAt2:
      read(0, 1);
      readable = readable && read_memory(call.tid, argument[2], &how, sizeof how);
      break;
    case Call::kRename:
    case Call::kLink:
    case Call::kSymlink:
      read(0, 0);
      read(1, 1);
      break;
    case Call::kRenameAt:
    case Call::kLinkAt:
      read(0, 1);
      read(1, 3);
      break;
    case Call::kSymlinkAt:
      read(0, 0);
      read(1, 2);
      break;
    default: break;
  }
  uint64_t id = notice.id;
  if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) != 0) return;

  process.stopped(call);
  if (!readable) {
    if (hidden) process.unseen(call);
    return;
  }
  const std::string& path = texts[0];
  const std::string& path2 = texts[1];
  switch (kind) {
    case Call::kOpen: process.open(call, AT_FDCWD, path, bits(1)); break;
    case Call::kOpenAt: process.open(call, number(0), path, bits(2)); break;
    case Call::kOpenAt2:
      process.open(call, number(0), path, static_cast<uint32_t>(how.flags));
      break;
    case Call::kCreat: process.open(call, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC); break;
    case Call::kExec: process.exec(call, AT_FDCWD, path); break;
    case Call::kExecAt: process.exec(call, number(0), path); break;
    case Call::kRename: process.rename(call, AT_FDCWD, path, AT_FDCWD, path2, false); break;
    case Call::kRenameAt: {
      constexpr uint32_t kRenameExchange = 2;
      // renameat has no flags: what lies there then is not one.
      const bool flagged = notice.data.nr == SYS_renameat2;
      process.rename(call, number(0), path, number(2), path2,
                     flagged && (bits(4) & kRenameExchange) != 0);
      break;
    }
    case Call::kLink: process.link(call, AT_FDCWD, path, AT_FDCWD, path2); break;
    case Call::kLinkAt: process.link(call, number(0), path, number(2), path2); break;
    case Call::kSymlink: process.symlink(call, path, AT_FDCWD, path2); break;
    case Call::kSymlinkAt: process.symlink(call, path, number(1), path2); break;
    case Call::kUnlink: process.unlink(call, AT_FDCWD, path, false); break;
    case Call::kUnlinkAt:
      process.unlink(call, number(0), path, (bits(2) & AT_REMOVEDIR) != 0);
      break;
    case Call::kTruncate: process.truncate(call, path, static_cast<int64_t>(argument[1])); break;
    case Call::kMakeDirectory: process.make_directory(call, AT_FDCWD, path); break;
    case Call::kMakeDirectoryAt: process.make_directory(call, number(0), path); break;
    case Call::kRemoveDirectory: process.unlink(call, AT_FDCWD, path, true); break;
    case Call::kClose: process.close(call, number(0)); break;
    case Call::kCloseRange:
      if ((bits(2) & CLOSE_RANGE_CLOEXEC) == 0) process.close_range(call, bits(0), bits(1));
      break;
    case Call::kDuplicate: process.close(call, number(1)); break;
    case Call::kMap:
      if ((bits(3) & MAP_ANONYMOUS) == 0) process.map(call, number(4));
      break;
    case Call::kCopy: process.copy(call, number(0), number(2)); break;
    case Call::kSend: process.copy(call, number(1), number(0)); break;
    case Call::kIoUring: process.blind(call, kSeenIoUring); break;
    case Call::kForeign: process.blind(call, kBlindMachine); break;
    case Call::kNewRoot: process.new_root(); break;
    case Call::kExitThread: {
      if (thread_count(process.pid()) <= 1) process.exit(call, number(0));
      process_of_thread_.erase(call.tid);
      break;
    }
    case Call::kExit: process.exit(call, number(0)); break;
    case Call::kNone: break;
  }
  if (process.ended()) {
    // Its children will have another parent before they are seen.
    const ParentImage image = process.image(call);
    for (const pid_t child : children_of(process.pid())) {
      if (processes_.count(child) == 0) orphans_[child] = image;
    }
  }
}

}  // namespace headrace::box
