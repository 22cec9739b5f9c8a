#include "exchange/tensorboard_file.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <iterator>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace headrace::exchange {
namespace {

constexpr size_t kPiece = size_t{1} << 20;

class OpenFile {
 public:
  explicit OpenFile(const char* path) : fd_(::open(path, O_RDONLY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Status EventFile::read(const EachRecord& each, bool last) {
  const OpenFile file(path_.c_str());
  struct stat facts {};
  if (file.fd() < 0 || ::fstat(file.fd(), &facts) != 0) {
    return io_error("cannot read " + path_.string(), errno);
  }
  const auto size = static_cast<uint64_t>(facts.st_size);
  if (size < position_) {
    return corrupt(path_.string() + " is shorter than what was read of it: " +
                   std::to_string(size) + " of " + std::to_string(position_) + " bytes");
  }
  if (size == size_when_read_ && !last) return ok_status();
  size_when_read_ = size;
  EventFrames frames(position_);
  const auto piece = std::make_unique<char[]>(kPiece);
  bool goes_on = true;
  for (uint64_t at = position_; goes_on;) {
    const ssize_t n = ::pread(file.fd(), piece.get(), kPiece, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot read " + path_.string(), errno);
    if (n == 0) break;
    at += static_cast<uint64_t>(n);
    frames.add({piece.get(), static_cast<size_t>(n)});
    while (goes_on && frames.next()) goes_on = each(frames.record(), frames.record_offset());
  }
  if (!goes_on) size_when_read_ = 0;
  if (last && goes_on) frames.finish();
  position_ = frames.position();
  pending_bytes_ = frames.pending_bytes();
  std::ranges::move(frames.take_damage(), std::back_inserter(damage_));
  return ok_status();
}

std::vector<EventDamage> EventFile::take_damage() { return std::exchange(damage_, {}); }

Result<std::vector<EventRun>> event_runs(const std::filesystem::path& log_directory) {
  namespace fs = std::filesystem;
  const auto is_event_file = [](const fs::path& path) {
    return path.filename().string().find("tfevents") != std::string::npos;
  };
  std::error_code error;
  const fs::file_status status = fs::status(log_directory, error);
  if (!fs::exists(status)) {
    return not_found("there is no " + log_directory.string() +
                     "; name the log directory that TensorBoard would be given");
  }
  if (!fs::is_directory(status)) {
    if (!is_event_file(log_directory)) {
      return not_found(log_directory.string() +
                       " is no event file: those have \"tfevents\" in their names");
    }
    const fs::path folder = fs::absolute(log_directory).parent_path();
    return std::vector<EventRun>{{".", folder, {log_directory}}};
  }
  std::map<std::string, EventRun> runs;
  const auto options = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator entries(log_directory, options, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code gone;  // meanwhile
    if (!is_event_file(entries->path()) || !entries->is_regular_file(gone)) continue;
    const fs::path folder = entries->path().parent_path();
    const std::string name = folder.lexically_relative(log_directory).lexically_normal().string();
    EventRun& run = runs[name];
    run.name = name;
    run.folder = folder;
    run.files.push_back(entries->path());
  }
  if (error) return io_error("cannot list " + log_directory.string(), error.value());
  std::vector<EventRun> out;
  for (auto& [name, run] : runs) {
    std::ranges::sort(run.files);
    out.push_back(std::move(run));
  }
  return out;
}

}  // namespace headrace::exchange
