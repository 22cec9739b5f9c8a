// What the store has of a foreign source, asked once when its notes are gone or half written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "collect/intake_notes.h"

namespace headrace::collect {

// How often a row or line is there, by told_row().
using RowCounts = std::unordered_map<uint64_t, uint32_t>;

struct Recalled {
  ProducerId producer = 0;  // 0: it has nothing
  IntakeSpool::Numbers numbers{};
  ToldKeys told;  // ended tasks, edges
  std::vector<TaskNumber> open_tasks;
  std::vector<Uuid> open_workflows;
  RowCounts rows;
};

// Folds what is new first. `producer` 0: the one whose facts name this kind, identity and folder.
// Errors: the store's, with what to do.
Result<Recalled> recall(const Directory& directory, ProducerId producer, const std::string& kind,
                        const std::string& identity, const std::string& folder);

// What tells one row or line from another: as the store keeps it.
uint64_t told_row(TaskNumber task, const Uuid& workflow, int64_t at_ns, uint8_t stream,
                  std::string_view text, std::string_view values_json);
uint64_t told_edge(TaskNumber task, const Uuid& object, bool is_generated, bool is_exact,
                   std::string_view name);

}  // namespace headrace::collect
