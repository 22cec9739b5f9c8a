#include "capture/process_task.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "base/clock.h"
#include "base/run_folder.h"

namespace headrace::capture {
namespace {

constexpr std::string_view kSuffix = ".task";
constexpr int kImagesOfPid = 1 << 10;

struct Run {
  Uuid parent;
  TaskRef first;
  int64_t pid = 0;
  std::string folder;
};

// Cuts off what stands before the next colon.
std::string_view take_word(std::string_view* text) {
  const size_t end = text->find(':');
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return word;
}

template <typename Number>
bool parse(std::string_view word, Number* out) {
  const char* const end = word.data() + word.size();
  const auto [at, error] = std::from_chars(word.data(), end, *out);
  return error == std::errc() && at == end;
}

std::optional<Run> run_of_environment() {
  const char* set = std::getenv(kProcessTasksVariable);
  std::string_view text = set == nullptr ? "" : set;
  const std::optional<Uuid> parent = Uuid::parse(take_word(&text));
  const std::optional<Uuid> first = Uuid::parse(take_word(&text));
  Run run;
  if (!parent || !first || !parse(take_word(&text), &run.pid) || !text.starts_with('/')) {
    return std::nullopt;
  }
  run.parent = *parent;
  run.first = split_task_uuid(*first);
  run.folder = text;
  return run;
}

// The number in the program file; 0 until the run has written it.
int64_t started_by_run(int folder) {
  const int fd = openat(folder, kProgramFile, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  char text[24];
  const ssize_t n = read(fd, text, sizeof text);
  close(fd);
  int64_t pid = 0;
  if (n > 0) std::from_chars(text, text + n, pid);
  return pid;
}

// Whether this is the program that the run started, as it was started. An orphan is the run's child
// too, hence the file, which the run writes just after it has started the program.
bool is_program(int folder, const Run& run) {
  if (getppid() != run.pid) return false;
  int64_t program = started_by_run(folder);
  for (int waited_ms = 0; program == 0 && waited_ms < 1000; ++waited_ms) {
    const timespec nap{0, 1'000'000};
    nanosleep(&nap, nullptr);
    program = started_by_run(folder);
  }
  if (program != getpid()) return false;
  const std::string again = std::to_string(getpid()) + kExecAgainSuffix;
  return faccessat(folder, again.c_str(), F_OK, 0) != 0;
}

// The place within the run's numbers; -1: there is none.
int64_t take_place(int folder, const Uuid& started_in) {
  const int64_t pid = getpid();
  const std::string text =
      std::to_string(pid) + ":" + std::to_string(now_monotonic_ns()) + ":" + started_in.text();
  for (int64_t image = 0; image < kImagesOfPid; ++image) {
    const int64_t place = pid * kImagesOfPid + image;
    const std::string name = std::to_string(place) + std::string(kSuffix);
    if (symlinkat(text.c_str(), folder, name.c_str()) == 0) return place;
    if (errno != EEXIST) return -1;
  }
  return -1;
}

}  // namespace

std::string process_tasks_entry(const Uuid& root, TaskNumber first, int64_t run,
                                const std::filesystem::path& folder) {
  const Uuid first_task = task_uuid(split_task_uuid(root).producer, first);
  return std::string(kProcessTasksVariable) + "=" + root.text() + ":" + first_task.text() + ":" +
         std::to_string(run) + ":" + folder.string();
}

std::map<TaskNumber, ProcessTask> process_tasks_in(const std::filesystem::path& folder,
                                                   TaskNumber first) {
  namespace fs = std::filesystem;
  std::map<TaskNumber, ProcessTask> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string file = entry.path().filename().string();
    std::string_view name = file;
    if (!name.ends_with(kSuffix)) continue;
    name.remove_suffix(kSuffix.size());
    const std::string link = fs::read_symlink(entry.path(), error).string();
    std::string_view text = link;
    uint64_t place = 0;
    ProcessTask said;
    if (!parse(name, &place) || place >= kProcessTaskNumbers ||
        !parse(take_word(&text), &said.pid) || !parse(take_word(&text), &said.at_ns)) {
      continue;
    }
    said.started_in = Uuid::parse(text).value_or(Uuid{});
    out.emplace(first + place, said);
  }
  return out;
}

Uuid take_process_task(const Uuid& parent, const Uuid& forked_in) {
  const std::optional<Run> run = run_of_environment();
  if (!run || run->parent != parent) return {};
  Uuid started_in = forked_in;
  const bool is_runs = split_task_uuid(parent).producer == run->first.producer;
  if (started_in.is_nil() && !is_runs) started_in = parent;
  // Also lets the preloaded library begin this image's log, before the time is read.
  const int folder = open(run->folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return {};
  const int64_t place = is_program(folder, *run) ? -1 : take_place(folder, started_in);
  close(folder);
  if (place < 0) return {};
  return task_uuid(run->first.producer, run->first.number + static_cast<uint64_t>(place));
}

}  // namespace headrace::capture
