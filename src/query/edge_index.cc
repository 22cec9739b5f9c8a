#include "query/edge_index.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "query/edge_rows.h"

namespace headrace::query {
namespace {

namespace fs = std::filesystem;

// The runs of one source, in the order of its rows, from row 0 on without a hole.
class SourceRuns {
 public:
  // `folder` empty: nothing is kept.
  SourceRuns(EdgeSource source, fs::path folder, std::string store, const EdgeIndexOptions& options)
      : source_(source), folder_(std::move(folder)), store_(std::move(store)), options_(options) {}

  Status load(EdgeRows& rows, bool removed_some) {
    const Result<uint64_t> count = rows.past_last(source_, removed_some);
    if (!count.ok()) return count.status();
    find_files(*count);
    removed_some_ = removed_some;
    // Rows behind a removed one may have got other numbers since.
    if (removed_some && !runs_.empty()) {
      const Result<uint64_t> there = rows.count_before(source_, past());
      if (!there.ok()) return there.status();
      if (*there != held()) forget();
    }
    while (past() < *count) {
      HEADRACE_RETURN_IF_ERROR(grow(rows, *count));
    }
    return {};
  }
  std::vector<EdgeRun> take() { return std::move(runs_); }

 private:
  uint64_t held() const {
    uint64_t total = 0;
    for (const EdgeRun& run : runs_) total += run.rows().held;
    return total;
  }
  uint64_t past() const { return runs_.empty() ? 0 : runs_.back().rows().past; }
  fs::path file_of(RunRange range) const {
    return folder_ / (std::string(name_of(source_)) + "-" + std::to_string(range.first) + "-" +
                      std::to_string(range.past) + ".run");
  }

  // "edges-0-1000.run"
  std::optional<RunRange> range_of(const fs::path& file) const {
    const std::string name = file.stem().string();
    const std::string prefix = std::string(name_of(source_)) + "-";
    const size_t dash = name.find('-', prefix.size());
    if (file.extension() != ".run" || name.rfind(prefix, 0) != 0 || dash == std::string::npos) {
      return std::nullopt;
    }
    const auto number = [](const std::string& text) {
      return text.empty() || text.size() > 18 ||
                     text.find_first_not_of("0123456789") != std::string::npos
                 ? uint64_t{0}
                 : std::stoull(text);
    };
    return RunRange{number(name.substr(prefix.size(), dash - prefix.size())),
                    number(name.substr(dash + 1)), 0};
  }

  void find_files(uint64_t count) {
    if (folder_.empty()) return;
    std::error_code error;
    std::vector<RunRange> ranges;
    for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
      const auto range = range_of(at->path());
      if (range && range->past <= count && range->first < range->past) ranges.push_back(*range);
    }
    // Of two that begin alike the longer one: the other is what it was merged from.
    std::sort(ranges.begin(), ranges.end(), [](const RunRange& a, const RunRange& b) {
      return a.first != b.first ? a.first < b.first : a.past > b.past;
    });
    for (const RunRange& range : ranges) {
      if (range.first != past()) continue;
      Result<EdgeRun> run = EdgeRun::map(file_of(range), store_);
      if (!run.ok() || run->rows().first != range.first || run->rows().past != range.past) continue;
      runs_.push_back(std::move(*run));
    }
  }

  void forget() {
    std::error_code error;
    for (const EdgeRun& run : runs_) fs::remove(file_of(run.rows()), error);
    runs_.clear();
  }

  // One more run of what comes next, together with the small ones before it.
  Status grow(EdgeRows& rows, uint64_t count) {
    std::vector<StoredEdge> edges;
    uint64_t first = past();
    Result<uint64_t> end = rows.read(source_, first, count, options_.most_edges, &edges);
    if (!end.ok()) return end.status();
    if (edges.size() < options_.least_edges && *end == count) {
      add(EdgeRun::build(edges, rows.names(), {first, *end, *end - first}), false);
      return {};
    }
    size_t total = edges.size();
    size_t merged = 0;
    while (merged < runs_.size()) {
      const EdgeRun& before = runs_[runs_.size() - 1 - merged];
      if (before.edge_count() > total * 2 || before.edge_count() + total > options_.most_edges)
        break;
      total += before.edge_count();
      first = before.rows().first;
      ++merged;
    }
    if (merged > 0) {
      std::vector<StoredEdge> older;
      const Result<uint64_t> read =
          rows.read(source_, first, past(), static_cast<size_t>(-1), &older);
      if (!read.ok()) return read.status();
      edges.insert(edges.begin(), older.begin(), older.end());
    }
    RunRange range{first, *end, *end - first};
    if (removed_some_) {
      const Result<uint64_t> before = rows.count_before(source_, first);
      const Result<uint64_t> until = rows.count_before(source_, *end);
      if (!before.ok() || !until.ok()) return before.ok() ? until.status() : before.status();
      range.held = *until - *before;
    }
    EdgeRun run = EdgeRun::build(edges, rows.names(), range);
    std::vector<RunRange> replaced;
    for (; merged > 0; --merged) {
      replaced.push_back(runs_.back().rows());
      runs_.pop_back();
    }
    if (add(std::move(run), true)) {
      std::error_code error;
      for (const RunRange& old : replaced) fs::remove(file_of(old), error);
    }
    return {};
  }

  // Whether it is kept. A folder that cannot be written costs time, not answers.
  bool add(EdgeRun run, bool keep) {
    bool kept = false;
    if (keep && !folder_.empty()) {
      std::error_code error;
      fs::create_directories(folder_, error);
      const fs::path file = file_of(run.rows());
      if (!error && run.write(file, store_).ok()) {
        Result<EdgeRun> mapped = EdgeRun::map(file, store_);
        if (mapped.ok()) {
          run = std::move(*mapped);
          kept = true;
        }
      }
    }
    runs_.push_back(std::move(run));
    return kept;
  }

  EdgeSource source_;
  fs::path folder_;
  std::string store_;
  EdgeIndexOptions options_;
  std::vector<EdgeRun> runs_;
  bool removed_some_ = false;
};

}  // namespace

Result<EdgeIndex> EdgeIndex::open(const Session& session, const EdgeIndexOptions& options) {
  Result<store::Connection> connection = session.connect();
  if (!connection.ok()) return connection.status();
  Result<EdgeRows> rows = EdgeRows::open(*connection);
  if (!rows.ok()) return rows.status();
  const Result<int64_t> removals =
      connection->integer("SELECT count(*) FROM amendment WHERE action = 'remove'");
  if (!removals.ok()) return removals.status();
  const Result<std::string> identity =
      connection->text("SELECT value FROM meta WHERE key = 'identity'");
  fs::path folder;
  if (identity.ok() && !session.store().file().empty()) {
    folder = session.store().file().parent_path() / "lineage";
  }
  const std::string store =
      identity.ok() ? *identity + " " + std::to_string(*removals) : std::string();
  EdgeIndex index;
  for (const EdgeSource source : {EdgeSource::kObjects, EdgeSource::kParents}) {
    SourceRuns runs(source, folder, store, options);
    HEADRACE_RETURN_IF_ERROR(runs.load(*rows, *removals > 0));
    for (EdgeRun& run : runs.take()) index.runs_.push_back(std::move(run));
  }
  std::vector<StoredEdge> open_tasks;
  HEADRACE_RETURN_IF_ERROR(rows->read_open(&open_tasks));
  if (!open_tasks.empty()) index.runs_.push_back(EdgeRun::build(open_tasks, rows->names()));
  std::erase_if(index.runs_, [](const EdgeRun& run) { return run.edge_count() == 0; });
  return index;
}

void EdgeIndex::out_of(Uuid node, const StepVisitor& visit) const {
  for (const EdgeRun& run : runs_) run.out_of(node, visit);
}

void EdgeIndex::into(Uuid node, const StepVisitor& visit) const {
  for (const EdgeRun& run : runs_) run.into(node, visit);
}

bool EdgeIndex::has_workflow_edges() const {
  return std::any_of(runs_.begin(), runs_.end(),
                     [](const EdgeRun& run) { return !run.workflows().empty(); });
}

size_t EdgeIndex::edge_count() const {
  size_t total = 0;
  for (const EdgeRun& run : runs_) total += run.edge_count();
  return total;
}

}  // namespace headrace::query
