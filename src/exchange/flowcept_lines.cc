#include "exchange/flowcept_lines.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sha256.h"
#include "exchange/flowcept_told.h"

namespace headrace::exchange {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr uint64_t kBytesPerCommit = uint64_t{64} << 20;
// By so many first bytes a file is told from the one that was there before.
constexpr size_t kHeadBytes = 4096;

struct Descriptor {
  explicit Descriptor(int number) : fd(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  int fd;
};

// The first line, or as much of it as identifies the file.
std::string head_of(int fd, uint64_t offset) {
  std::array<char, kHeadBytes> bytes{};
  const ssize_t n = ::pread(fd, bytes.data(), std::min<uint64_t>(bytes.size(), offset), 0);
  if (n <= 0) return "-";
  std::string_view head(bytes.data(), static_cast<size_t>(n));
  head = head.substr(0, head.find('\n'));
  return hex(sha256(head));
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

class Lines final : public ForeignSource {
 public:
  explicit Lines(std::filesystem::path file) : file_(std::move(file)) {}

  Status read(collect::Intake& intake, const std::function<bool()>& stop) override {
    const Descriptor descriptor(::open(file_.c_str(), O_RDONLY | O_CLOEXEC));
    if (descriptor.fd < 0) {
      // Between two runs of a program that replaces it, it is not there.
      return errno == ENOENT && has_read_ ? ok_status() : io_error("open " + file_.string(), errno);
    }
    struct stat facts {};
    if (::fstat(descriptor.fd, &facts) != 0) return io_error("stat " + file_.string(), errno);
    find_place(intake, descriptor.fd, static_cast<uint64_t>(facts.st_size),
               facts.st_mtim.tv_sec * int64_t{1'000'000'000} + facts.st_mtim.tv_nsec);
    has_read_ = true;
    uint64_t committed = offset_;
    std::string buffer(kPieceBytes, '\0');
    waiting_.clear();
    while (!stop()) {
      const ssize_t n = ::pread(descriptor.fd, buffer.data(), buffer.size(),
                                static_cast<off_t>(offset_ + waiting_.size()));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return io_error("read " + file_.string(), errno);
      if (n == 0) break;
      waiting_.append(buffer.data(), static_cast<size_t>(n));
      HEADRACE_RETURN_IF_ERROR(take_lines(intake));
      if (offset_ - committed >= kBytesPerCommit) {
        HEADRACE_RETURN_IF_ERROR(commit(intake, descriptor.fd, false));
        committed = offset_;
      }
    }
    HEADRACE_RETURN_IF_ERROR(take_last(intake));
    return commit(intake, descriptor.fd, true);
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> out;
    if (!waiting_.empty()) {
      out.push_back("the last line of " + file_.string() + " has no end yet (" +
                    std::to_string(waiting_.size()) + " bytes); it is taken when it has one");
    }
    if (telling_.ignored() > 0) {
      out.push_back(std::to_string(telling_.ignored()) +
                    " messages between agents and monitors were passed over");
    }
    return out;
  }

 private:
  void find_place(const collect::Intake& intake, int fd, uint64_t size, int64_t modified_ns) {
    if (!has_read_) {
      // "<offset> <lines>\n<head>\n<what the telling keeps>"
      const std::string& kept = intake.position();
      const size_t first = kept.find('\n');
      const size_t second = first == std::string::npos ? first : kept.find('\n', first + 1);
      if (second != std::string::npos) {
        char* past = nullptr;
        offset_ = std::strtoull(kept.c_str(), &past, 10);
        line_ = std::strtoull(past, nullptr, 10);
        head_ = kept.substr(first + 1, second - first - 1);
        telling_.take_kept(std::string_view(kept).substr(second + 1));
      }
    }
    if (offset_ > 0 && (size < offset_ || head_of(fd, offset_) != head_)) {
      offset_ = 0;
      line_ = 0;
      telling_ = FlowceptTelling();
    }
    if (telling_.latest_ns() == 0) telling_.use_time(modified_ns);
  }

  Status take_lines(collect::Intake& intake) {
    size_t from = 0;
    while (true) {
      const size_t end = waiting_.find('\n', from);
      if (end == std::string::npos) break;
      HEADRACE_RETURN_IF_ERROR(
          take(intake, std::string_view(waiting_).substr(from, end - from), offset_ + from));
      from = end + 1;
    }
    waiting_.erase(0, from);
    offset_ += from;
    if (waiting_.size() <= kMostLineBytes) return ok_status();
    if (!is_skipping_) {
      is_skipping_ = true;
      HEADRACE_RETURN_IF_ERROR(intake.quarantine(
          std::string_view(waiting_).substr(0, collect::Intake::kMostQuarantineBytes),
          place(offset_) + ": a line of over " + std::to_string(kMostLineBytes >> 20) +
              " MiB, of which this is the beginning"));
    }
    offset_ += waiting_.size();
    waiting_.clear();
    return ok_status();
  }

  Status take(collect::Intake& intake, std::string_view line, uint64_t at) {
    ++line_;
    if (is_skipping_) {
      is_skipping_ = false;
      return ok_status();
    }
    if (is_blank(line)) return ok_status();
    return telling_.tell(intake, FlowceptDocument::from_json(line), line, place(at),
                         id_of(line, at));
  }

  // What no line ended: a document nevertheless if it is whole, which half of one never is.
  Status take_last(collect::Intake& intake) {
    if (is_blank(waiting_)) {
      waiting_.clear();
      return ok_status();
    }
    if (is_skipping_ || !FlowceptDocument::from_json(waiting_).ok()) return ok_status();
    const std::string line = std::move(waiting_);
    waiting_.clear();
    HEADRACE_RETURN_IF_ERROR(take(intake, line, offset_));
    offset_ += line.size();
    return ok_status();
  }

  Status commit(collect::Intake& intake, int fd, bool has_ended) {
    HEADRACE_RETURN_IF_ERROR(telling_.settle(intake, has_ended));
    if (offset_ == 0) return intake.commit("");
    head_ = head_of(fd, offset_);
    return intake.commit(std::to_string(offset_) + " " + std::to_string(line_) + "\n" + head_ +
                         "\n" + telling_.kept());
  }

  std::string place(uint64_t at) const {
    return file_.filename().string() + ", line " + std::to_string(line_) + ", byte " +
           std::to_string(at);
  }
  // Equal for an equal line at its place, however often it is read.
  static std::string id_of(std::string_view line, uint64_t at) {
    return "line:" + std::to_string(at) + ":" + hex(sha256(line)).substr(0, 32);
  }

  std::filesystem::path file_;
  FlowceptTelling telling_;
  std::string head_;
  std::string waiting_;  // behind offset_, without its end
  uint64_t offset_ = 0;  // all before it was told
  uint64_t line_ = 0;
  bool has_read_ = false;
  bool is_skipping_ = false;
};

}  // namespace

std::unique_ptr<ForeignSource> flowcept_lines(const std::filesystem::path& file) {
  return std::make_unique<Lines>(file);
}

}  // namespace headrace::exchange
