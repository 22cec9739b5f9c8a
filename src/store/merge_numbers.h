// Which number of this store stands for which of another: temporary tables that a merge joins with.
//
//   merge_producer(old, new)   merge_workflow(old, new)   merge_activity(old, new)
//   merge_sensor(old, new)     merge_schema(old, new, layout)
//   merge_news(old, new)       the producers of which the other store knows more than this one
//
// `layout` numbers the ways in which values change places: see layouts(). The other store is
// attached as `incoming`.
#pragma once

#include <cstdint>
#include <vector>

#include "store/registry.h"
#include "store/writer.h"

namespace headrace::store {

// A value's place in a row of the other store, and in one of this store.
struct SlotMove {
  uint16_t from_page = 0;
  uint8_t from_slot = 0;
  uint16_t to_page = 0;
  uint8_t to_slot = 0;
  auto operator<=>(const SlotMove&) const = default;
};

class MergeNumbers {
 public:
  // Gives names that are new here numbers (stored by the writer's next commit) and fills the
  // tables. `incoming` is the other store's registry.
  static Result<MergeNumbers> make(const Connection& connection, Writer& writer,
                                   const Registry& incoming);

  // layouts()[0] is empty: every value stays where it stood. Others list every value.
  const std::vector<std::vector<SlotMove>>& layouts() const { return layouts_; }
  // Of merge_news, the numbers here.
  const std::vector<uint32_t>& news() const { return news_; }

 private:
  Status producers(const Connection& connection, Writer& writer);
  Status find_news(const Connection& connection);
  static Status workflows(const Connection& connection, Writer& writer);
  static Status sensors(const Connection& connection);
  Status schemas(const Connection& connection, Writer& writer, const Registry& incoming);

  std::vector<std::vector<SlotMove>> layouts_;
  std::vector<uint32_t> news_;
};

}  // namespace headrace::store
