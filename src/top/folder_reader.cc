#include "top/folder_reader.h"

#include <algorithm>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "collect/open.h"
#include "query/filter_names.h"
#include "query/follow.h"
#include "top/read_energy.h"
#include "top/read_metrics.h"
#include "top/read_names.h"
#include "top/task_source.h"

namespace headrace::top {
namespace {

// A process that died says nothing, so the store is asked now and then though nothing came.
constexpr int64_t kAtLeastEveryNs = 5'000'000'000;
// What one look folds: some 100,000 tasks.
constexpr uint64_t kMostBytes = uint64_t{16} << 20;
constexpr int64_t kEveryMs = 1000;
constexpr int64_t kEnergyEveryNs = 2'000'000'000;

void mix(const struct stat& found, std::string* out) {
  *out += std::to_string(found.st_ino) + "." + std::to_string(found.st_size) + "." +
          std::to_string(found.st_mtim.tv_sec) + "." + std::to_string(found.st_mtim.tv_nsec) + " ";
}

// Another text when something was written to the store or the spool.
std::string fingerprint(const Directory& directory) {
  std::string out;
  struct stat found {};
  for (const char* ending : {"", ".wal"}) {
    if (stat((directory.store().string() + ending).c_str(), &found) == 0) mix(found, &out);
  }
  std::error_code error;
  for (const std::filesystem::path& folder : spool_folders(directory)) {
    for (auto entry = std::filesystem::directory_iterator(folder, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      if (stat(entry->path().c_str(), &found) == 0) mix(found, &out);
    }
  }
  return out;
}

TaskRow task_row(const store::Chunk& c, size_t row) {
  TaskRow out;
  out.workflow = static_cast<uint32_t>(c.integer(0, row));
  out.activity = static_cast<uint32_t>(c.integer(1, row));
  out.status = static_cast<TaskStatus>(c.integer(2, row));
  out.begin_ns = c.integer(3, row);
  if (!c.is_null(4, row)) out.duration_ns = c.integer(4, row);
  out.producer = static_cast<uint32_t>(c.integer(5, row));
  out.number = c.integer(6, row);
  return out;
}

// What has not ended, or was open when its process died.
struct OpenTasks {
  std::vector<TaskRow> running;
  std::map<std::pair<uint32_t, uint32_t>, int64_t> running_counts;
  std::vector<TaskRow> lost;
  std::unordered_map<uint32_t, int64_t> lost_counts;

  void add(const TaskRow& row) {
    if (row.status == TaskStatus::kLost) {
      ++lost_counts[row.workflow];
      if (lost.size() < Folder::kMostRunning) lost.push_back(row);
      return;
    }
    ++running_counts[{row.workflow, row.activity}];
    running.push_back(row);
    if (running.size() >= 2 * Folder::kMostRunning) cut();
  }
  void cut() {
    const auto older = [](const TaskRow& a, const TaskRow& b) { return a.begin_ns < b.begin_ns; };
    std::sort(running.begin(), running.end(), older);
    if (running.size() > Folder::kMostRunning) running.resize(Folder::kMostRunning);
  }
};

}  // namespace

int64_t Look::rest_ms() const {
  const int64_t least_ms = std::max(2 * cpu_ns, took_ns / 2) / 1'000'000;
  return is_behind ? least_ms : std::max(kEveryMs - took_ns / 1'000'000, least_ms);
}

void FolderReader::set_filter(std::string text) {
  filter_text_ = std::move(text);
  is_anew_ = true;
  fingerprint_.clear();
}

Result<Look> FolderReader::look(Folder& folder, std::mutex& mutex,
                                const std::function<void(const query::Session&)>& ask) {
  Look out;
  const int64_t begin_ns = now_monotonic_ns();
  const int64_t looked_at_ns = now_realtime_ns();
  const int64_t cpu_begin_ns = read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  if (!is_found_) directory_ = where_();
  std::string now = fingerprint(directory_);
  if (!ask && now == fingerprint_ && begin_ns - looked_ns_ < kAtLeastEveryNs) {
    out.took_ns = now_monotonic_ns() - begin_ns;
    const std::lock_guard lock(mutex);
    folder.looked_at_ns = looked_at_ns;
    return out;
  }
  if (new_since_ns_ == 0 && now != fingerprint_) new_since_ns_ = begin_ns;
  collect::FoldReport report;
  collect::OpenOptions options;
  options.report = &report;
  options.store.wait_ms = 1000;
  // A copy in memory begins anew each time, so it reads everything at once.
  const bool is_writable = access(directory_.root.c_str(), W_OK | X_OK) == 0;
  if (is_writable) options.fold.most_bytes = kMostBytes;
  {
    Result<store::Store> store = collect::open_folded(directory_, options);
    if (!store.ok()) return store.status();
    is_found_ = true;
    out.note = store->note();
    if (store->file().empty()) is_anew_ = true;
    const query::Session session = query::Session::over(directory_.root, std::move(*store));
    HEADRACE_RETURN_IF_ERROR(read(session, folder, mutex));
    if (ask) ask(session);
  }
  // What the fold itself wrote is no news.
  fingerprint_ = report.segments > 0 ? fingerprint(directory_) : std::move(now);
  out.is_news = true;
  out.is_behind = report.segments_left > 0;
  const int64_t end_ns = now_monotonic_ns();
  looked_ns_ = end_ns;
  out.took_ns = end_ns - begin_ns;
  out.cpu_ns = read_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin_ns;
  const std::lock_guard lock(mutex);
  folder.is_behind = out.is_behind;
  folder.late_s = new_since_ns_ == 0 ? 0 : static_cast<double>(end_ns - new_since_ns_) / 1e9;
  folder.looked_at_ns = looked_at_ns;
  if (!out.is_behind) new_since_ns_ = 0;
  return out;
}

Status FolderReader::read(const query::Session& session, Folder& folder, std::mutex& mutex) {
  const store::Connection& connection = session.store().connection();
  HEADRACE_RETURN_IF_ERROR(read_names(connection, folder, mutex));
  HEADRACE_RETURN_IF_ERROR(read_tasks(session, folder, mutex));
  Result<std::vector<MetricPoint>> metrics = read_metrics(connection, &metric_row_);
  if (!metrics.ok()) return metrics.status();
  const Result<Losses> losses = read_losses(connection);
  if (!losses.ok()) return losses.status();
  HEADRACE_RETURN_IF_ERROR(sensors_.read(connection));
  {
    const std::lock_guard lock(mutex);
    folder.losses = *losses;
    folder.metrics = std::move(*metrics);
    folder.machine = sensors_.machine(folder.processes, now_realtime_ns());
  }
  return read_energy(session, folder, mutex);
}

// Which store it is, and the task that stands in that row of it.
Result<FolderReader::Mark> FolderReader::mark_of(const store::Connection& connection,
                                                 int64_t row) const {
  Mark out;
  out.row = row;
  Result<std::string> store = connection.text(
      "SELECT (SELECT value FROM meta WHERE key = 'identity') || ' ' || coalesce((SELECT "
      "producer || '.' || seq FROM task_slots WHERE rowid = " +
      std::to_string(row) + "), '')");
  if (!store.ok()) return store.status();
  out.store = *store;
  return out;
}

Status FolderReader::read_tasks(const query::Session& session, Folder& folder, std::mutex& mutex) {
  const store::Connection& connection = session.store().connection();
  const Result<int64_t> last =
      connection.integer("SELECT coalesce(max(rowid), -1) FROM task_slots");
  if (!last.ok()) return last.status();
  const Result<int64_t> rows = connection.integer("SELECT count(*) FROM task_slots");
  if (!rows.ok()) return rows.status();
  const Result<Mark> then = mark_of(connection, mark_.row);
  if (!then.ok()) return then.status();
  Result<Mark> now = mark_of(connection, *last);
  if (!now.ok()) return now.status();
  now->rows = *rows;

  query::Filter filter;
  filter_trouble_.clear();
  if (!filter_text_.empty()) {
    Result<query::Filter> known =
        query::known_filter(session, filter_text_, query::FilterView::kTask);
    if (known.ok()) {
      filter = std::move(*known);
    } else {
      filter_trouble_ = known.status().message();
    }
  }
  // Rows are numbered anew after a removal, and in a store that was built again.
  const bool is_anew = is_anew_ || then->store != mark_.store || *last < mark_.row ||
                       *rows - mark_.rows != *last - mark_.row || !query::is_settled(filter);
  const Result<TaskSource> source = TaskSource::open(session, &filter);
  if (!source.ok()) return source.status();
  Folder fresh;
  Folder& into = is_anew ? fresh : folder;
  const int64_t now_ns = now_realtime_ns();
  Result<store::QueryResult> ended =
      source->connection().query(source->ended_after(is_anew ? -1 : mark_.row));
  if (!ended.ok()) return ended.status();
  while (ended->next()) {
    const std::lock_guard lock(mutex);
    for (size_t row = 0; row < ended->chunk().rows(); ++row) {
      into.tally.add(task_row(ended->chunk(), row), now_ns);
    }
  }
  OpenTasks open;
  Result<store::QueryResult> running = source->connection().query(source->open_tasks());
  if (!running.ok()) return running.status();
  while (running->next()) {
    for (size_t row = 0; row < running->chunk().rows(); ++row) {
      open.add(task_row(running->chunk(), row));
    }
  }
  open.cut();
  mark_ = std::move(*now);
  is_anew_ = false;
  const std::lock_guard lock(mutex);
  if (is_anew) folder.tally = std::move(fresh.tally);
  folder.running = std::move(open.running);
  folder.running_counts = std::move(open.running_counts);
  folder.lost = std::move(open.lost);
  folder.lost_counts = std::move(open.lost_counts);
  return {};
}

Status FolderReader::read_energy(const query::Session& session, Folder& folder, std::mutex& mutex) {
  const int64_t begin_ns = now_monotonic_ns();
  const auto running = static_cast<size_t>(
      std::count_if(folder.workflows.begin(), folder.workflows.end(),
                    [](const auto& entry) { return entry.second.status == TaskStatus::kRunning; }));
  // What a workflow has cost is asked for when it ends.
  const bool has_ended = running < running_workflows_;
  running_workflows_ = running;
  if (begin_ns < energy_due_ns_ && !has_ended) return {};
  const int64_t cpu_begin_ns = read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
  // Nobody else changes it.
  Result<EnergyFigures> figures = top::read_energy(session, folder.workflows);
  if (!figures.ok()) return figures.status();
  const int64_t cpu_ns = read_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_begin_ns;
  energy_due_ns_ = now_monotonic_ns() + std::max(kEnergyEveryNs, 10 * cpu_ns);
  const std::lock_guard lock(mutex);
  folder.workflow_energy = std::move(figures->workflows);
  folder.activity_energy = std::move(figures->activities);
  return {};
}

}  // namespace headrace::top
