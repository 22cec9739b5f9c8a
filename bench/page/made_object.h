// An object record that a made process writes.
#pragma once

#include <algorithm>
#include <string>

#include "collect/spool_fixture.h"
#include "encode/record.h"

namespace headrace::bench {

inline void make_object(collect::SpoolFixture& spool, const Uuid& id, const std::string& kind,
                        const std::string& name, uint32_t workflow, uint64_t at) {
  ObjectRecord record{};
  record.header.kind = RecordKind::kObject;
  const auto bytes = id.bytes();
  std::copy(bytes.begin(), bytes.end(), record.object);
  record.kind_id = spool.string(kind);
  record.workflow_id = workflow;
  record.at_ticks = at;
  record.shape_id = spool.shape({{"name", Role::kAttribute, ValueTag::kString},
                                 {"path", Role::kAttribute, ValueTag::kString},
                                 {"size_bytes", Role::kAttribute, ValueTag::kInt}});
  spool.add(
      999, record,
      {collect::cell_of(name), collect::cell_of("made/" + name), collect::cell_of(int64_t{4096})});
}

}  // namespace headrace::bench
