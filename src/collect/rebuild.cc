#include "collect/rebuild.h"

#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "energy/attribute.h"
#include "spool/segment_reader.h"
#include "store/compact.h"
#include "store/held_store.h"
#include "store/schema.h"

namespace headrace::collect {
namespace {

// Whether everything that the old store knows can be read again.
Status check_segments(const Directory& directory, const store::HeldStore& old) {
  const std::string found = "the store " + directory.store().string() + " has schema version " +
                            std::to_string(old.schema_version()) + ", this program " +
                            std::to_string(store::kSchemaVersion) +
                            ", and no migration leads there";
  const std::string advice =
      "nothing was changed: use the version that wrote it, or move store.duckdb aside to build one "
      "of the segments that are kept";
  const Result<std::vector<std::string>> folded = old.folded_segments();
  if (!folded.ok()) return folded.status().with_context(found);
  std::unordered_set<std::string> kept;
  for (const SegmentFile& file : list_segments(directory)) kept.insert(file.path.stem().string());
  size_t missing = 0;
  for (const std::string& name : *folded) missing += kept.contains(name) ? 0 : 1;
  if (missing > 0) {
    return unsupported(found + "; it cannot be built again because " + std::to_string(missing) +
                       " of its " + std::to_string(folded->size()) +
                       " segments are not kept any more; " + advice);
  }
  return {};
}

}  // namespace

bool is_outdated(const Directory& directory, const store::StoreOptions& options) {
  const Result<store::HeldStore> old = store::HeldStore::open(directory.store(), options);
  return old.ok() && old->schema_version() < store::kSchemaVersion;
}

Result<std::string> rebuild(const Directory& directory, const OpenOptions& options) {
  Result<store::HeldStore> old =
      store::HeldStore::open(directory.store(), options.store, store::OpenMode::kReadWrite);
  if (!old.ok()) return old.status();
  HEADRACE_RETURN_IF_ERROR(check_segments(directory, *old));
  const std::filesystem::path made = directory.store().string() + ".rebuilt";
  store::remove_store(made);
  const Status done = [&]() -> Status {
    Result<store::Store> store =
        store::Store::open(made, store::OpenMode::kReadWrite, options.store);
    if (!store.ok()) return store.status();
    FoldOptions all = options.fold;
    all.may_delete_segments = false;
    all.most_bytes = 0;
    const Result<FoldReport> report = fold(directory, *store, all);
    if (!report.ok()) return report.status();
    if (options.report != nullptr) *options.report = *report;
    HEADRACE_RETURN_IF_ERROR(energy::attribute(*store).status());
    return store->connection().run("CHECKPOINT");
  }();
  const Status placed = done.ok() ? store::take_place(made, directory.store()) : done;
  if (placed.ok()) {
    return std::string(
        "the store's schema has changed; it was built again from the segments that are kept");
  }
  store::remove_store(made);
  return placed.with_context("cannot build the store again (the old one is as it was)");
}

}  // namespace headrace::collect
