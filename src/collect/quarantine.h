// Keeps the bytes that could not be understood, where a person can look at them and a later version
// can try again: `.headrace/quarantine/<file>@<offset>.bin`, with a row each.
//
// Adoption has no store at hand: what it sets aside lies beside a `.reason` until a fold has made
// its row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
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
  // Makes the rows of what adoption set aside; returns how many. An error of the store.
  Result<uint64_t> take_in_aside(const store::Connection& connection);
  // After their commit.
  void forget_aside();
  // Only the row, for bytes that lie in the file `kept_as` already (empty: nowhere).
  void row(uint32_t producer, const Refused& refused, uint64_t length_bytes,
           const std::string& kept_as);

 private:
  Directory directory_;
  store::Writer& writer_;
  std::vector<std::filesystem::path> reasons_;
};

// "<file>@<offset>", without an ending.
std::string aside_name(const std::string& file, uint64_t offset);
// Whether adoption has set something aside that no fold has seen.
bool has_aside(const Directory& directory);

}  // namespace headrace::collect
