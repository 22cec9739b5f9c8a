#include "exchange/tensorboard_import.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>
#include <set>
#include <sys/types.h>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "base/liveness.h"
#include "exchange/tensorboard_file.h"
#include "exchange/tensorboard_run.h"

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;

constexpr uint8_t kPositionVersion = 1;
// Records between two commits.
constexpr uint64_t kRecordsACommit = 20'000;

std::string plural(uint64_t count, const std::string& word) {
  return std::to_string(count) + " " + word + (count == 1 ? "" : "s");
}

class TensorboardSource final : public ForeignSource {
 public:
  TensorboardSource(fs::path log_directory, std::string campaign)
      : log_directory_(std::move(log_directory)), campaign_(std::move(campaign)) {}

  Status read(collect::Intake& intake, const std::function<bool()>& stop) override;
  std::vector<std::string> notes() const override;

 private:
  Status load(const std::string& position);
  std::string save() const;
  TensorboardRun make_run(const EventRun& found, const std::set<std::string>& names) const;
  Status read_run(const EventRun& found, TensorboardRun& run, collect::Intake& intake,
                  const std::function<bool()>& stop);
  Status read_file(EventFile& file, bool last, TensorboardRun& run, collect::Intake& intake,
                   const std::function<bool()>& stop);
  Status commit(collect::Intake& intake);
  std::string relative(const fs::path& file) const {
    const std::string out = file.lexically_relative(log_directory_).string();
    return out == "." ? file.filename().string() : out;
  }

  const fs::path log_directory_;
  const std::string campaign_;
  bool is_loaded_ = false;
  bool is_stopped_ = false;
  std::map<std::string, EventFile> files_;         // by relative path
  std::map<std::string, uint64_t> saved_offsets_;  // of files not looked at yet
  std::map<std::string, TensorboardRun> runs_;     // by name
  std::map<std::string, std::string> saved_runs_;  // of runs not looked at yet
  std::map<std::string, std::string> trouble_;     // of files, by relative path
  std::set<std::string> goes_on_;                  // names of runs
  uint64_t records_since_commit_ = 0;
};

Status TensorboardSource::load(const std::string& position) {
  is_loaded_ = true;
  if (position.empty()) return ok_status();
  ByteReader in(position);
  if (in.u8() != kPositionVersion) {
    return unsupported("another version of headrace has read " + log_directory_.string() +
                       " and noted how far in a way that this one does not know; use that version");
  }
  for (uint64_t files = in.u64(); files > 0 && in.ok(); --files) {
    const std::string path(in.text());
    saved_offsets_[path] = in.u64();
  }
  for (uint64_t runs = in.u64(); runs > 0 && in.ok(); --runs) {
    const std::string name(in.text());
    saved_runs_[name] = in.text();
  }
  if (!in.ok()) return corrupt("what was noted of " + log_directory_.string() + " ends early");
  return ok_status();
}

std::string TensorboardSource::save() const {
  std::map<std::string, uint64_t> offsets = saved_offsets_;
  for (const auto& [path, file] : files_) offsets[path] = file.position();
  std::map<std::string, std::string> runs = saved_runs_;
  for (const auto& [name, run] : runs_) {
    std::string bytes;
    ByteWriter writer(bytes);
    run.save(writer);
    runs[name] = std::move(bytes);
  }
  std::string out;
  ByteWriter writer(out);
  writer.u8(kPositionVersion);
  writer.u64(offsets.size());
  for (const auto& [path, offset] : offsets) {
    writer.text(path);
    writer.u64(offset);
  }
  writer.u64(runs.size());
  for (const auto& [name, bytes] : runs) {
    writer.text(name);
    writer.text(bytes);
  }
  return out;
}

TensorboardRun TensorboardSource::make_run(const EventRun& found,
                                           const std::set<std::string>& names) const {
  std::string parent;
  for (fs::path up = fs::path(found.name).parent_path(); found.name != "."; up = up.parent_path()) {
    const std::string name = up.empty() ? "." : up.string();
    if (names.contains(name)) parent = name;
    if (!parent.empty() || up.empty()) break;
  }
  const std::string name =
      found.name == "." ? fs::absolute(found.folder).filename().string() : found.name;
  return {found.name, name, parent, campaign_, found.folder.string()};
}

Status TensorboardSource::commit(collect::Intake& intake) {
  records_since_commit_ = 0;
  return intake.commit(save());
}

Status TensorboardSource::read_file(EventFile& file, bool last, TensorboardRun& run,
                                    collect::Intake& intake, const std::function<bool()>& stop) {
  const std::string name = relative(file.path());
  Status failed;
  const auto quarantine = [&](std::string_view bytes, uint64_t offset, uint64_t length,
                              const std::string& reason) {
    const Status kept =
        intake.quarantine(bytes, name + ", bytes " + std::to_string(offset) + " to " +
                                     std::to_string(offset + length) + ": " + reason);
    if (failed.ok()) failed = kept;
  };
  const auto each = [&](std::string_view record, uint64_t offset) {
    const Status told = run.tell(record, intake);
    ++records_since_commit_;
    if (told.code() == StatusCode::kInvalidArgument) {
      // With its frame: 12 bytes before, 4 behind.
      quarantine(record, offset, record.size() + 16, told.message());
    } else if (!told.ok()) {
      failed = told;
    }
    if (records_since_commit_ % 256 == 0 && stop()) is_stopped_ = true;
    return failed.ok() && !is_stopped_ && records_since_commit_ < kRecordsACommit;
  };
  bool is_more = true;
  while (is_more && failed.ok() && !is_stopped_) {
    const Status read = file.read(each, last);
    for (const EventDamage& damage : file.take_damage()) {
      quarantine(damage.bytes, damage.offset, damage.length_bytes, damage.reason);
    }
    HEADRACE_RETURN_IF_ERROR(failed);
    trouble_.erase(name);
    if (!read.ok()) trouble_[name] = read.message();
    is_more = read.ok() && records_since_commit_ >= kRecordsACommit;
    if (is_more) HEADRACE_RETURN_IF_ERROR(commit(intake));
  }
  if (last && file.pending_bytes() > 0) {
    trouble_[name] = name + " ends within a record, which begins at byte " +
                     std::to_string(file.position()) + "; what stands before it is taken in";
  }
  return failed;
}

Status TensorboardSource::read_run(const EventRun& found, TensorboardRun& run,
                                   collect::Intake& intake, const std::function<bool()>& stop) {
  // Looked at before the files are read: what ended before that is read whole.
  std::string ended;
  for (const fs::path& path : found.files) {
    ended = why_ended(path);
    if (ended.empty()) break;
  }
  for (const fs::path& path : found.files) {
    const std::string name = relative(path);
    auto file = files_.find(name);
    if (file == files_.end()) {
      const auto saved = saved_offsets_.extract(name);
      file = files_.emplace(name, EventFile(path, saved.empty() ? 0 : saved.mapped())).first;
    }
    HEADRACE_RETURN_IF_ERROR(read_file(file->second, !ended.empty(), run, intake, stop));
    if (is_stopped_) return ok_status();
  }
  goes_on_.erase(found.name);
  if (ended.empty()) {
    if (run.goes_on()) goes_on_.insert(found.name);
    return ok_status();
  }
  return run.end(ended, intake);
}

Status TensorboardSource::read(collect::Intake& intake, const std::function<bool()>& stop) {
  if (!is_loaded_) HEADRACE_RETURN_IF_ERROR(load(intake.position()));
  const Result<std::vector<EventRun>> found = event_runs(log_directory_);
  if (!found.ok()) return found.status();
  std::set<std::string> names;
  for (const EventRun& run : *found) names.insert(run.name);
  for (const EventRun& each : *found) {
    auto run = runs_.find(each.name);
    if (run == runs_.end()) {
      run = runs_.emplace(each.name, make_run(each, names)).first;
      if (const auto saved = saved_runs_.extract(each.name); !saved.empty()) {
        ByteReader in(saved.mapped());
        run->second.load(in);
      }
    }
    HEADRACE_RETURN_IF_ERROR(read_run(each, run->second, intake, stop));
    if (is_stopped_) break;
  }
  is_stopped_ = false;
  return commit(intake);
}

std::vector<std::string> TensorboardSource::notes() const {
  std::vector<std::string> out;
  if (runs_.empty()) {
    out.push_back("there are no event files below " + log_directory_.string() +
                  " (files with \"tfevents\" in their names)");
  }
  RunCounts skipped;
  for (const auto& [name, run] : runs_) {
    skipped.graphs += run.counts().graphs;
    skipped.run_metadata += run.counts().run_metadata;
  }
  if (skipped.graphs + skipped.run_metadata > 0) {
    out.push_back("left out: " + plural(skipped.graphs, "graph") + " and " +
                  plural(skipped.run_metadata, "record") + " of run metadata");
  }
  for (const auto& [file, what] : trouble_) out.push_back(what);
  if (!goes_on_.empty()) {
    out.push_back(plural(goes_on_.size(), "run") + (goes_on_.size() == 1 ? " goes" : " go") +
                  " on, as far as can be told: " + *goes_on_.begin() +
                  (goes_on_.size() > 1 ? ", ..." : ""));
  }
  return out;
}

Result<OpenedSource> open_tensorboard(const std::string& source, const std::string& name) {
  std::error_code error;
  const fs::path path = fs::canonical(source, error);
  if (error) {
    return not_found("there is no " + source +
                     "; name the log directory that TensorBoard would be given");
  }
  const Result<std::vector<EventRun>> runs = event_runs(path);
  if (!runs.ok()) return runs.status();
  OpenedSource out;
  out.source.kind = "tensorboard";
  out.source.identity = path.string();
  out.reader = std::make_unique<TensorboardSource>(path, name);
  return out;
}

}  // namespace

const Importer kTensorboard = {"tensorboard", "a log directory of TensorBoard's event files",
                               open_tensorboard};

std::string why_ended(const fs::path& event_file) {
  // events.out.tfevents.<s since the epoch>.<host>.<pid>.<number>[.<suffix>]
  const std::string name = event_file.filename().string();
  const std::string host = "." + Liveness().hostname() + ".";
  if (const size_t at = name.find(host); at != std::string::npos) {
    pid_t pid = 0;
    const char* const from = name.data() + at + host.size();
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(from, end, pid);
    const bool is_pid = read.ec == std::errc() && (read.ptr == end || *read.ptr == '.') && pid > 0;
    if (is_pid && ::kill(pid, 0) != 0 && errno == ESRCH)
      return "the process that wrote it has ended";
  }
  std::error_code error;
  const fs::file_time_type written = fs::last_write_time(event_file, error);
  if (!error && fs::file_time_type::clock::now() - written >= kSilence) {
    return "nothing was written for 10 minutes";
  }
  return {};
}

}  // namespace headrace::exchange
