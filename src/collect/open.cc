#include "collect/open.h"

#include <memory>
#include <system_error>
#include <unistd.h>

#include "collect/adopt.h"
#include "collect/copy.h"
#include "collect/live_server.h"
#include "collect/rebuild.h"
#include "energy/attribute.h"

namespace headrace::collect {
namespace {

using store::OpenMode;
using store::Store;

Status check_exists(const Directory& directory) {
  std::error_code error;
  const auto exists = [&error](const std::filesystem::path& p) {
    return std::filesystem::exists(p, error);
  };
  if (exists(directory.store()) || exists(directory.spool())) return {};
  if (has_dead_rings(directory, Liveness())) return create_directory(directory);
  if (!exists(directory.root)) {
    return not_found("there is no folder " + directory.root.string() +
                     "; run a program with headrace capture here, or say --dir or HEADRACE_DIR");
  }
  return not_found("nothing has been captured into " + directory.root.string() + " yet");
}

bool is_writable(const Directory& directory) {
  return access(directory.root.c_str(), W_OK | X_OK) == 0;
}

Status fold_into(const Directory& directory, Store& store, const OpenOptions& options) {
  Result<FoldReport> report = fold(directory, store, options.fold);
  if (!report.ok()) return report.status();
  if (options.report != nullptr) *options.report = *report;
  if (report->adopted.left > 0) {
    store.add_note("what " + std::to_string(report->adopted.left) +
                   " killed processes had recorded last could not be taken in yet: " +
                   report->adopted.problem.message());
  }
  // Figures that can be made again do not keep a reader from the records themselves.
  if (const Result<energy::Attributed> done = energy::attribute(store); !done.ok()) {
    store.add_note(done.status().message());
  }
  return {};
}

Result<Store> fold_in_memory(const Directory& directory, const OpenOptions& options) {
  Result<Store> copy = copy_to_memory(directory.store(), options.store);
  if (!copy.ok()) return copy.status();
  OpenOptions quiet = options;
  quiet.fold.may_delete_segments = false;
  HEADRACE_RETURN_IF_ERROR(fold_into(directory, *copy, quiet));
  copy->add_note("the folder " + directory.root.string() +
                 " cannot be written, so what is new was read into memory and is not kept");
  return copy;
}

// What a server that holds the store is given to answer: as long as a large fold takes.
constexpr int kServerMs = 60'000;

std::optional<LiveServer> server_of(const Directory& directory, const OpenOptions& options) {
  return options.ask_server ? LiveServer::find(directory) : std::nullopt;
}

// The server that holds the store, which has let go of it and waits for this object's end. Null
// when there is none.
Result<std::shared_ptr<LiveServer>> borrow(const Directory& directory, const OpenOptions& options) {
  std::optional<LiveServer> found = server_of(directory, options);
  if (!found) return std::shared_ptr<LiveServer>();
  auto server = std::make_shared<LiveServer>(std::move(*found));
  HEADRACE_RETURN_IF_ERROR(server->lend(kServerMs));
  return server;
}

}  // namespace

Result<Store> open_for_change(const Directory& directory, const OpenOptions& options) {
  HEADRACE_RETURN_IF_ERROR(check_exists(directory));
  Result<std::shared_ptr<LiveServer>> lender = borrow(directory, options);
  if (!lender.ok()) return lender.status();
  std::string note;
  for (int attempt = 0;; ++attempt) {
    Status failed;
    {
      Result<Store> store = Store::open(directory.store(), OpenMode::kReadWrite, options.store);
      if (store.status().code() == StatusCode::kUnsupported && attempt == 0 &&
          is_outdated(directory, options.store)) {
        const Result<std::string> rebuilt = rebuild(directory, options);
        if (!rebuilt.ok()) return rebuilt.status();
        note = *rebuilt;
        continue;
      }
      if (!store.ok()) return store;
      failed = fold_into(directory, *store, options);
      if (failed.ok()) {
        if (!note.empty()) store->add_note(note);
        store->keep(std::move(*lender));
        return store;
      }
    }
    if (failed.code() != StatusCode::kCorrupt || attempt > 0) return failed;
    const Result<std::string> aside = Store::move_aside(directory.store(), failed);
    if (!aside.ok()) return aside.status();
    note = *aside;
  }
}

Result<Store> open_folded(const Directory& directory, const OpenOptions& options) {
  HEADRACE_RETURN_IF_ERROR(check_exists(directory));
  if (!options.is_known_new) {
    // The usual case, and the quick one. A busy or unfit store is dealt with below.
    OpenOptions now = options;
    now.store.wait_ms = 0;
    Result<Store> store = Store::open(directory.store(), OpenMode::kReadOnly, now.store);
    if (store.ok()) {
      const Result<bool> done = nothing_new(directory, *store);
      if (done.ok() && *done) return store;
    }
  }
  std::string note;
  if (std::optional<LiveServer> server = server_of(directory, options)) {
    if (const Status folded = server->fold(kServerMs); !folded.ok()) {
      note = folded.message() + "; this is how the store stood after its last fold";
    }
    Result<Store> store = Store::open(directory.store(), OpenMode::kReadOnly, options.store);
    if (store.ok() && !note.empty()) store->add_note(note);
    return store;
  }
  if (!is_writable(directory)) return fold_in_memory(directory, options);
  {
    Result<Store> store = open_for_change(directory, options);
    if (store.ok()) {
      note = store->note();
    } else if (store.status().code() != StatusCode::kUnavailable) {
      return store;
    } else {
      note = store.status().message() + "; this is how it stood after its last fold";
    }
  }
  Result<Store> store = Store::open(directory.store(), OpenMode::kReadOnly, options.store);
  if (store.ok() && !note.empty()) store->add_note(note);
  return store;
}

}  // namespace headrace::collect
