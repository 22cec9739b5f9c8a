// Keeps the bytes that could not be understood, where a person can look at them and a later version
// can try again: `.headrace/quarantine/<segment>@<offset>.bin`, with a row each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "spool/directory.h"
#include "store/writer.h"

namespace headrace::collect {

struct Refused {
  std::string segment;  // file name
  uint64_t offset = 0;
  std::string_view bytes;
  std::string_view reason;
  // Of records inside a good frame; a damaged frame says nothing that can be believed.
  std::optional<uint32_t> ring;
  uint64_t first_number = 0;
  uint64_t records = 0;
};

class Quarantine {
 public:
  Quarantine(Directory directory, store::Writer& writer)
      : directory_(std::move(directory)), writer_(writer) {}
  // Never fails: bytes that cannot be written are still counted, in a row that says so.
  void keep(uint32_t producer, const Refused& refused);

 private:
  Directory directory_;
  store::Writer& writer_;
};

}  // namespace headrace::collect
