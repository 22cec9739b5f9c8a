// The one way in for reading commands: the store of a folder with everything new folded in.
//
//   Result<store::Store> store = open_folded(find_directory());
//   if (!store->note().empty()) std::cerr << store->note() << '\n';
//   store->connection().query(...);
#pragma once

#include "base/status.h"
#include "collect/fold.h"
#include "spool/directory.h"
#include "store/store.h"

namespace headrace::collect {

struct OpenOptions {
  store::StoreOptions store;
  FoldOptions fold;
  // Filled in if not null.
  FoldReport* report = nullptr;
  // Has a `headrace serve` that holds the store (live_server.h) fold, or give the store away. Not
  // for that server itself.
  bool ask_server = true;
  // Who asks has found something new, so it is not looked for first.
  bool is_known_new = false;
};

// Opens the store read-only when nothing is new (any number of readers at once); else folds first,
// alone, and then opens it read-only. Where folding is not possible the newest state that can be
// read is given, and note() says what is missing:
//   the folder cannot be written    a copy in memory is folded
//   another process reads or folds  the store as it stands after waiting (StoreOptions::wait_ms)
// Where headrace serve holds the store it is asked to fold, and all read side by side.
// Errors: kNotFound when there is neither a spool nor a store, with what to do; else the store's.
Result<store::Store> open_folded(const Directory& directory, const OpenOptions& options = {});

// The same, but read-write and not closed to this process's own changes (tag, note, rm). A headrace
// serve lets go of the store until this one is closed.
Result<store::Store> open_for_change(const Directory& directory, const OpenOptions& options = {});

}  // namespace headrace::collect
