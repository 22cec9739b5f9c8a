// What an intake keeps between processes, in `.headrace/imports/<kind>-<hash>/`:
//
//   lock      held while the source is open, with who holds it
//   notes     position, numbers, what is open: replaced by each commit
//   told      8 bytes for each thing that was told for good: appended
//   writing   there while records are in the spool that `notes` does not know
//
// Notes that cannot be believed (gone, damaged, a `writing` beside them) are none: the store is
// asked then.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "collect/intake_spool.h"
#include "spool/directory.h"

namespace headrace::collect {

struct Notes {
  ProducerId producer = 0;
  IntakeSpool::Numbers numbers{};
  uint64_t redacted = 0;  // secrets that were taken out, ever
  std::string position;
  std::vector<Uuid> open_workflows;
  std::vector<std::string> parts;      // of open tasks, encoded
  std::vector<TaskNumber> open_tasks;  // of which only that is known
};

// The numbers of ended tasks, and hashes (top bit set) of what else was told.
using ToldKeys = std::unordered_set<uint64_t>;
uint64_t told_key(std::string_view kind, std::string_view content);

class IntakeNotes {
 public:
  // Takes the lock. Errors: kUnavailable with who has it, kIo.
  static Result<IntakeNotes> open(const Directory& directory, const std::string& kind,
                                  const std::string& identity);
  IntakeNotes(IntakeNotes&& other) noexcept;
  IntakeNotes& operator=(IntakeNotes&&) = delete;
  ~IntakeNotes();

  // What the last commit left; `is_whole` says whether it may be believed as it is. Without it, the
  // producer and the position may still be known.
  Notes read(ToldKeys* told, bool* is_whole) const;
  // Before the first record after a commit is written.
  Status begin_writing();
  // Keeps it all. `told`: what is new. `synced`: it is on the medium when this returns.
  Status commit(const Notes& notes, const std::vector<uint64_t>& told, bool synced);

 private:
  IntakeNotes(std::filesystem::path folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  std::filesystem::path folder_;
  int lock_ = -1;
  bool is_writing_ = false;
};

}  // namespace headrace::collect
