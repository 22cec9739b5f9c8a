#include "run/output.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace headrace::run {
namespace {

// Writes all of it, also where the descriptor does not block. False when nobody reads any more.
bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

// Several programs may share the pipe: lines that each wrote whole must arrive whole, which a pipe
// promises up to PIPE_BUF.
bool write_lines(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    size_t n = std::min<size_t>(bytes.size(), PIPE_BUF);
    if (n < bytes.size()) {
      if (const size_t line = bytes.rfind('\n', n - 1); line != std::string_view::npos)
        n = line + 1;
    }
    if (!write_all(fd, bytes.substr(0, n))) return false;
    bytes.remove_prefix(n);
  }
  return true;
}

bool same_file(int a, int b) {
  struct stat one {};
  struct stat other {};
  return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

int open_null() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

struct Route {
  int from;
  int to;
};

// In a process of its own, with no more than system calls: passes on until the last writer is gone.
[[noreturn]] void copy_on(std::array<Route, 2> routes, size_t count) {
  prctl(PR_SET_NAME, "headrace-copy");
  for (int fd = 0; fd < 1024; ++fd) {
    bool needed = false;
    for (size_t i = 0; i < count; ++i) needed |= fd == routes[i].from || fd == routes[i].to;
    if (!needed) close(fd);
  }
  static char buffer[65536];
  for (size_t open = count; open > 0;) {
    std::array<pollfd, 2> ready{};
    for (size_t i = 0; i < count; ++i) ready[i] = {routes[i].from, POLLIN, 0};
    if (poll(ready.data(), count, -1) < 0) continue;
    for (size_t i = 0; i < count; ++i) {
      if (ready[i].revents == 0) continue;
      const ssize_t n = read(routes[i].from, buffer, sizeof buffer);
      if (n < 0 && errno == EINTR) continue;
      if (n > 0 && write_lines(routes[i].to, {buffer, static_cast<size_t>(n)})) continue;
      close(routes[i].from);
      close(routes[i].to);
      routes[i].from = -1;  // poll leaves it out
      --open;
    }
  }
  _exit(0);
}

// The last bytes that were written to a file after `start`.
OutputTail tail_of_file(int fd, off_t start) {
  OutputTail tail;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return tail;
  struct stat facts {};
  fstat(file, &facts);
  std::array<char, 16384> buffer;
  const auto keep = static_cast<off_t>(OutputTail::kBytes);
  for (off_t at = std::max(start, facts.st_size - keep); at < facts.st_size;) {
    const ssize_t n = pread(file, buffer.data(), buffer.size(), at);
    if (n <= 0) break;
    tail.append({buffer.data(), static_cast<size_t>(n)});
    at += n;
  }
  close(file);
  return tail;
}

}  // namespace

Result<std::unique_ptr<Copier>> Copier::start(int to_fd) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return io_error("cannot make a pipe", errno);
  const int stop_fd = eventfd(0, EFD_CLOEXEC);
  if (stop_fd < 0) {
    const int error = errno;
    close(ends[0]);
    close(ends[1]);
    return io_error("cannot make an event", error);
  }
  std::unique_ptr<Copier> copier(new Copier(ends[0], ends[1], stop_fd, to_fd));
  try {
    copier->thread_ = std::thread([raw = copier.get()] { raw->run(); });
  } catch (const std::system_error& error) {
    return io_error("cannot start a thread", error.code().value());
  }
  return copier;
}

Copier::Copier(int read_end, int write_end, int stop_fd, int to_fd)
    : read_end_(read_end), write_end_(write_end), stop_fd_(stop_fd), to_fd_(to_fd) {
  struct stat facts {};
  to_pipe_ = fstat(to_fd, &facts) == 0 && S_ISFIFO(facts.st_mode);
}

Copier::~Copier() {
  if (thread_.joinable()) thread_.join();
  close_write_end();
  close(read_end_);
  close(stop_fd_);
}

void Copier::close_write_end() {
  if (write_end_ >= 0) close(write_end_);
  write_end_ = -1;
}

void Copier::stop() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = write(stop_fd_, &one, sizeof one);
}

OutputTail Copier::tail() const {
  const std::lock_guard lock(mutex_);
  return tail_;
}

// Copies once, at most so much. False at the end of the stream or of who reads it.
bool Copier::copy(size_t most_bytes) {
  std::array<char, 65536> buffer;
  const ssize_t n = read(read_end_, buffer.data(), std::min(buffer.size(), most_bytes));
  if (n < 0 && errno == EINTR) return true;
  if (n <= 0) return false;
  const std::string_view bytes(buffer.data(), static_cast<size_t>(n));
  {
    const std::lock_guard lock(mutex_);
    tail_.append(bytes);
  }
  return to_pipe_ ? write_lines(to_fd_, bytes) : write_all(to_fd_, bytes);
}

void Copier::run() {
  bool open = true;
  while (open) {
    std::array<pollfd, 2> ready = {{{read_end_, POLLIN, 0}, {stop_fd_, POLLIN, 0}}};
    if (poll(ready.data(), ready.size(), -1) < 0) continue;
    if (ready[1].revents != 0) break;
    if (ready[0].revents != 0) open = copy(SIZE_MAX);
  }
  if (open) {
    // The program is gone; what it wrote is in the pipe.
    int left = 0;
    ioctl(read_end_, FIONREAD, &left);
    while (open && left > 0) {
      const uint64_t before = tail_.total_bytes();
      open = copy(static_cast<size_t>(left));
      left -= static_cast<int>(tail_.total_bytes() - before);
    }
    // Only writers left behind keep it from being at its end.
    pollfd ended{read_end_, POLLIN, 0};
    still_open_ = open && !(poll(&ended, 1, 0) == 1 && (ended.revents & POLLIN) == 0);
  }
  if (!still_open_) {
    // Whoever goes on writing learns it as if we were not there.
    const int closed = open_null();
    dup3(closed, read_end_, O_CLOEXEC);
    close(closed);
  }
  done_.store(true, std::memory_order_release);
  kill(getpid(), SIGCHLD);
}

Status Outputs::start() {
  for (int i = 0; i < 2; ++i) {
    Stream& stream = streams_[i];
    stream.fd = i == 0 ? STDOUT_FILENO : STDERR_FILENO;
    struct stat facts {};
    if (fstat(stream.fd, &facts) != 0) {
      stream.how = "closed";
    } else if (isatty(stream.fd) == 1) {
      stream.how = "not kept: a terminal";
    } else if (S_ISREG(facts.st_mode)) {
      stream.how = "file";
      const int flags = fcntl(stream.fd, F_GETFL);
      stream.file_start = (flags & O_APPEND) != 0 ? facts.st_size : lseek(stream.fd, 0, SEEK_CUR);
    } else if (S_ISFIFO(facts.st_mode) || S_ISSOCK(facts.st_mode)) {
      stream.how = "pipe";
    } else {
      stream.how = "not kept: a device";
    }
  }
  Stream& out = streams_[0];
  Stream& err = streams_[1];
  const bool shared = same_file(out.fd, err.fd) && out.how == err.how;
  if (shared && (out.how == "pipe" || out.how == "file")) err.how = "with stdout";
  for (Stream& stream : streams_) {
    if (stream.how != "pipe") continue;
    Result<std::unique_ptr<Copier>> copier = Copier::start(stream.fd);
    if (!copier.ok()) return copier.status();
    stream.copier = std::move(*copier);
  }
  if (shared) err.copier = out.copier;
  return {};
}

int Outputs::stdout_fd() const { return streams_[0].copier ? streams_[0].copier->write_end() : -1; }
int Outputs::stderr_fd() const { return streams_[1].copier ? streams_[1].copier->write_end() : -1; }

void Outputs::program_started() {
  for (Stream& stream : streams_) {
    if (stream.copier) stream.copier->close_write_end();
  }
}

void Outputs::program_ended() {
  for (Stream& stream : streams_) {
    if (stream.copier) stream.copier->stop();
  }
}

bool Outputs::done() const {
  return std::all_of(std::begin(streams_), std::end(streams_),
                     [](const Stream& stream) { return !stream.copier || stream.copier->done(); });
}

void Outputs::abandon() {
  for (Stream& stream : streams_) {
    // The thread may be in a write for ever and uses the copier: neither ends before the process.
    static std::vector<std::shared_ptr<Copier>>& kept_alive =
        *new std::vector<std::shared_ptr<Copier>>;
    if (stream.copier && !stream.copier->done()) kept_alive.push_back(stream.copier);
  }
}

void Outputs::leave_behind() {
  std::array<Route, 2> routes{};
  size_t count = 0;
  for (const Stream& stream : streams_) {
    if (stream.how != "pipe" || !stream.copier->done() || !stream.copier->still_open()) continue;
    routes[count++] = {stream.copier->read_end(), stream.copier->to_fd()};
  }
  if (count > 0 && fork() == 0) copy_on(routes, count);
}

Outputs::Kept Outputs::kept(int index) const {
  const Stream& stream = streams_[index];
  if (stream.how == "pipe") return {stream.how, stream.copier->tail()};
  if (stream.how == "file") return {stream.how, tail_of_file(stream.fd, stream.file_start)};
  return {stream.how, {}};
}

}  // namespace headrace::run
