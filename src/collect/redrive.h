// Takes records out of quarantine that were refused for what is there now: a dictionary entry whose
// frame was damaged and came again, or a version that knows them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "collect/quarantine.h"
#include "collect/record_fold.h"
#include "spool/directory.h"
#include "store/database.h"

namespace headrace::collect {

class Redrive {
 public:
  Redrive(const Directory& directory, const store::Connection& connection, store::Writer& writer,
          RecordFold& records, Quarantine& quarantine)
      : directory_(directory),
        connection_(connection),
        writer_(writer),
        records_(records),
        quarantine_(quarantine) {}

  // Reads which producers have refused records. Call once, before the others.
  Status load();
  const std::set<ProducerId>& producers() const { return producers_; }

  // Tries all refused records of one producer, which must have learnt all that there is; those
  // that are taken are stored by the next commit, the others stay. Adds to `taken` how many.
  Status run(ProducerState& producer, uint64_t& taken);
  // Of a segment that is read from its beginning once more: what was damaged in it is found again,
  // if it still is.
  Status forget_damage(const std::string& segment);
  // After a commit: the kept bytes of what was taken are deleted.
  void committed();

 private:
  struct Row {
    int64_t rowid;
    uint32_t ring;
    uint64_t number;
    uint64_t records;
    std::string segment;
    uint64_t offset;
    std::string kept_as;
  };
  Status rows_of(uint32_t producer, std::vector<Row>& out) const;
  uint64_t take(ProducerState& producer, const Row& row, std::string_view bytes);

  const Directory& directory_;
  const store::Connection& connection_;
  store::Writer& writer_;
  RecordFold& records_;
  Quarantine& quarantine_;
  std::set<ProducerId> producers_;
  std::vector<std::filesystem::path> done_;
};

}  // namespace headrace::collect
