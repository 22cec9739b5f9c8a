// The edges that the store's rows hold, by ranges of rows: of objects beside tasks and workflows,
// and of tasks inside tasks.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "query/edge_run.h"
#include "store/database.h"

namespace headrace::query {

enum class EdgeSource : uint8_t { kObjects, kParents };
// "edges", "parents"
std::string_view name_of(EdgeSource source);

class EdgeRows {
 public:
  static Result<EdgeRows> open(const store::Connection& connection);

  // One past the number of the last row; rows are numbered from 0 in the order in which they came.
  // Only where some were removed are there fewer, and takes it a pass over the numbers.
  Result<uint64_t> past_last(EdgeSource source, bool removed_some) const;
  // How many of the first `past` rows are there: fewer where some were removed.
  Result<uint64_t> count_before(EdgeSource source, uint64_t past) const;
  // Reads the rows [first, past), but ends behind one whose edge makes them `most`. Returns where
  // it ended. What every program brings along (docs/boxes.md) is named `system_files`.
  Result<uint64_t> read(EdgeSource source, uint64_t first, uint64_t past, size_t most,
                        std::vector<StoredEdge>* out);
  // Of tasks that have not ended.
  Status read_open(std::vector<StoredEdge>* out) const;
  // What StoredEdge::name is the number of; [0] is "".
  const std::vector<std::string>& names() const { return names_; }

 private:
  explicit EdgeRows(const store::Connection& connection) : connection_(&connection) {}
  Uuid task(int64_t producer, int64_t seq) const;
  uint32_t name(std::string_view text);
  Status read_objects(uint64_t first, uint64_t past, std::vector<StoredEdge>* out);
  Status read_parents(const std::string& from, std::vector<StoredEdge>* out) const;

  const store::Connection* connection_;
  std::vector<ProducerId> producers_;  // by number
  std::vector<Uuid> workflows_;        // by number
  std::vector<std::string> names_{""};
  // Looked up by a view, once an edge.
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, uint32_t, TextHash, std::equal_to<>> numbers_{{"", 0}};
};

}  // namespace headrace::query
