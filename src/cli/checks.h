// What doctor looks at.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/accounting.h"
#include "cli/program.h"

namespace headrace::cli {

// ok: as it should be. note: worth knowing, nothing lost. fail: something is lost or damaged.
enum class CheckState { kOk, kNote, kFail };
constexpr std::string_view name_of(CheckState state) {
  switch (state) {
    case CheckState::kOk: return "ok";
    case CheckState::kNote: return "note";
    case CheckState::kFail: return "fail";
  }
  return "";
}

struct Check {
  std::string name;
  CheckState state = CheckState::kOk;
  std::string detail;
  std::string next;  // what to do; empty when there is nothing to do
  // Of a check named "process": the account of its records.
  std::optional<Account> account = std::nullopt;
};

// Every check, in the order in which a reader wants them: folder, spool, store, records, damage,
// gaps, processes, energy sources. Folds what is new, as every reading command does.
// `redrive`: tries what is in quarantine once more.
std::vector<Check> all_checks(const Program& program, bool redrive = false);

// Of the machine: each source of energy and of usage, readable or not.
std::vector<Check> source_checks();

}  // namespace headrace::cli
