#include "query/bounded_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/c_strings.h"
#include "base/clock.h"

namespace headrace::query {
namespace {

constexpr size_t kErrorBytes = 64 << 10;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  void own(int fd) {
    close();
    fd_ = fd;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
  Status open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return io_error("cannot make a pipe", errno);
    read.own(ends[0]);
    write.own(ends[1]);
    return {};
  }
};

// A file in memory from which the child reads at its own pace: nobody has to feed it.
Status fill(Descriptor& file, std::string_view input) {
  file.own(memfd_create("input", MFD_CLOEXEC));
  if (file.get() < 0) return io_error("cannot make a file in memory", errno);
  while (!input.empty()) {
    const ssize_t put = write(file.get(), input.data(), input.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return io_error("cannot fill a file in memory", errno);
    input.remove_prefix(static_cast<size_t>(put));
  }
  return lseek(file.get(), 0, SEEK_SET) == 0 ? Status() : io_error("cannot rewind", errno);
}

std::vector<std::string> environment() {
  std::vector<std::string> out;
  for (const char* name :
       {"LD_LIBRARY_PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

Result<pid_t> start(const std::filesystem::path& program, std::string_view word, int input,
                    int output, int errors) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, errors, STDERR_FILENO);
  sigset_t every;
  sigset_t none;
  sigfillset(&every);
  sigemptyset(&none);
  posix_spawnattr_setsigdefault(&attributes, &every);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  const std::vector<std::string> words = {program.string(), std::string(word)};
  const std::vector<std::string> variables = environment();
  pid_t child = 0;
  const int error = posix_spawn(&child, program.c_str(), &files, &attributes,
                                c_strings(words).data(), c_strings(variables).data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return io_error("cannot start " + program.string(), error);
  return child;
}

// Appends what is there, up to `room` bytes in all; false at the end of the pipe.
bool take(int fd, std::string* into, size_t room, bool* is_full) {
  std::array<char, 64 << 10> piece{};
  const ssize_t got = read(fd, piece.data(), piece.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  const size_t fits = std::min(static_cast<size_t>(got), room - into->size());
  into->append(piece.data(), fits);
  *is_full = fits < static_cast<size_t>(got);
  return got > 0;
}

// Reads both pipes until the child has let go of them or is over a bound.
void listen(Pipe& output, Pipe& errors, const ProcessBounds& bounds, ProcessEnd* end) {
  const int64_t until_ns = now_monotonic_ns() + bounds.wall_ms * 1'000'000;
  bool ignored = false;
  while (output.read.get() >= 0 || errors.read.get() >= 0) {
    const int64_t left_ns = until_ns - now_monotonic_ns();
    end->is_out_of_time = left_ns <= 0;
    if (end->is_out_of_time || end->is_too_long) return;
    // A descriptor of -1 is left out.
    std::array<pollfd, 3> watched = {pollfd{output.read.get(), POLLIN, 0},
                                     pollfd{errors.read.get(), POLLIN, 0},
                                     pollfd{bounds.stop_fd, POLLIN, 0}};
    const int64_t left_ms = std::min<int64_t>(left_ns / 1'000'000 + 1, 60'000);
    if (poll(watched.data(), watched.size(), static_cast<int>(left_ms)) <= 0) continue;
    end->is_unwanted = watched[2].revents != 0;
    if (end->is_unwanted) return;
    if (watched[0].revents != 0 &&
        !take(output.read.get(), &end->output, bounds.output_bytes, &end->is_too_long)) {
      output.read.close();
    }
    if (watched[1].revents != 0 && !take(errors.read.get(), &end->errors, kErrorBytes, &ignored)) {
      errors.read.close();
    }
  }
}

}  // namespace

Result<ProcessEnd> run_bounded(const std::filesystem::path& program, std::string_view word,
                               std::string_view input, const ProcessBounds& bounds) {
  Descriptor question;
  Pipe output;
  Pipe errors;
  HEADRACE_RETURN_IF_ERROR(fill(question, input));
  HEADRACE_RETURN_IF_ERROR(output.open());
  HEADRACE_RETURN_IF_ERROR(errors.open());
  const Result<pid_t> child =
      start(program, word, question.get(), output.write.get(), errors.write.get());
  if (!child.ok()) return child.status();
  output.write.close();
  errors.write.close();
  ProcessEnd end;
  listen(output, errors, bounds, &end);
  // One that has ended takes no notice: how it ended is settled before its pipes are closed.
  kill(*child, SIGKILL);
  int status = 0;
  while (waitpid(*child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
  return end;
}

}  // namespace headrace::query
