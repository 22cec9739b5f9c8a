// What a person says of recorded work afterwards: tags, notes, removals.
//
// An amendment stands in the table `amendment` and as a line of `amendments.jsonl` beside the
// store, because the store can be built again from segments and these words cannot.
#pragma once

#include <filesystem>
#include <string>

#include "base/id.h"
#include "store/database.h"
#include "store/store.h"

namespace headrace::store {

struct Amendment {
  std::string kind;  // campaign, workflow
  Uuid id;
  std::string action;  // tag ("name" or "name=value"), untag ("name"), note (text), remove
  std::string value;
};

// Writes it to both, and carries out a removal. Errors: kInvalidArgument for another action, kIo.
Status amend(const Store& store, const Amendment& amendment);

// Reads the journal beside `store_file` into the table. A line that cannot be read is skipped.
Status load_amendments(const Connection& connection, const std::filesystem::path& store_file);

// Writes the rows of `table`, amendments that no journal has yet, to the one beside `store_file`.
Status note_in_journal(const Connection& connection, const std::string& table,
                       const std::filesystem::path& store_file);

// Deletes what belongs to removed workflows and campaigns. The fold runs it after new records.
Status apply_removals(const Connection& connection);

}  // namespace headrace::store
