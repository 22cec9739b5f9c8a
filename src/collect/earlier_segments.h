// What the segments of a dead producer say that is needed to make sense of its ring: the dictionary
// so far, and how far it got.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "encode/record.h"
#include "spool/segment_reader.h"

namespace headrace::collect {

class EarlierSegments {
 public:
  // Reads the producer's newest segments, as many as it takes to have its whole dictionary: in
  // ordinary life one, whose head repeats it. Segments that cannot be read are passed over.
  static EarlierSegments read(const Directory& directory, ProducerId producer);

  // Whole meta records, in the order in which they were written; views of this object.
  const std::vector<std::string_view>& meta() const { return meta_; }
  // Past the last number of a ring that these segments hold; 0: they hold none.
  uint64_t past(uint32_t ring) const;
  // How many drops, from this number on, are told there in one gap; 0: none begins here.
  uint64_t told_gap(uint32_t ring, uint64_t first_number) const;
  // What the producer said of itself last: the pairs of a nested map; empty when nothing.
  std::string_view last_facts() const { return last_facts_; }
  uint64_t next_ordinal() const { return next_ordinal_; }

 private:
  bool take(FileBytes bytes, const SegmentFile& file);

  std::vector<FileBytes> files_;
  std::vector<std::string_view> meta_;
  std::map<uint32_t, uint64_t> past_;
  std::map<std::pair<uint32_t, uint64_t>, uint64_t> gaps_;  // (ring, first number): count
  std::vector<bool> known_;                                 // dictionary ids
  std::string_view last_facts_;
  uint64_t next_ordinal_ = 0;
};

}  // namespace headrace::collect
