#include "collect/collect_now.h"

namespace headrace::collect {
namespace {

Status count_producers(const store::Store& store, Collected& out) {
  Result<store::QueryResult> rows = store.connection().query(
      "SELECT count(*), count(*) FILTER (state = 'running') FROM producer_row "
      "WHERE facts IS NOT NULL");
  if (!rows.ok()) return rows.status();
  if (!rows->next()) return {};
  out.producers = static_cast<uint64_t>(rows->chunk().integer(0, 0));
  out.running = static_cast<uint64_t>(rows->chunk().integer(1, 0));
  return {};
}

// Whether there was nothing to take in. A store that cannot be looked at is no answer.
bool is_collected(const Directory& directory, const OpenOptions& options, Collected& out) {
  store::StoreOptions now = options.store;
  now.wait_ms = 0;
  Result<store::Store> store =
      store::Store::open(directory.store(), store::OpenMode::kReadOnly, now);
  if (!store.ok()) return false;
  const Result<bool> done = nothing_new(directory, *store);
  return done.ok() && *done && count_producers(*store, out).ok();
}

}  // namespace

Result<Collected> collect_now(const Directory& directory, const OpenOptions& options) {
  Collected out;
  if (is_collected(directory, options, out)) return out;
  OpenOptions reporting = options;
  reporting.report = &out.report;
  Result<store::Store> store = open_for_change(directory, reporting);
  if (!store.ok()) return store.status();
  HEADRACE_RETURN_IF_ERROR(count_producers(*store, out));
  out.note = store->note();
  out.is_up_to_date = out.report.segments_left == 0;
  return out;
}

Status follow(const Directory& directory, const FollowOptions& options,
              const std::function<bool(int64_t)>& pause,
              const std::function<void(const Collected&)>& see) {
  OpenOptions open = options.open;
  open.fold.most_bytes = options.most_bytes;
  for (;;) {
    const Result<Collected> round = collect_now(directory, open);
    int64_t wait_ms = options.every_ms;
    if (round.ok()) {
      if (round->report.segments > 0 || !round->note.empty()) see(*round);
      const bool is_done = round->producers > 0 && round->running == 0 && round->is_up_to_date;
      if (options.until_done && is_done) return {};
      if (!round->is_up_to_date) wait_ms = 0;
    } else if (round.status().code() != StatusCode::kUnavailable &&
               round.status().code() != StatusCode::kNotFound) {
      return round.status();
    }
    if (!pause(wait_ms)) return {};
  }
}

}  // namespace headrace::collect
