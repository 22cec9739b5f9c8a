// What somebody else measured of a node: a wall meter, a batch system's accounts, pm_counters.
//
//   hostname,begin,end,joules,source
//   node1,2026-11-22T10:00:00Z,2026-11-22T10:05:00Z,61234.5,wall meter
//
// or the same as a JSON list of maps. Times are UTC, or with an offset. Several
// hostnames stand with blanks between; none: all nodes together, as a batch job's account has them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"

namespace headrace::query {

struct MeterReading {
  std::string hostname;
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  double joules = 0;
  std::string source;
};

struct MeterReadings {
  std::vector<MeterReading> readings;
  std::string sha256;  // of the file
};

// Errors: kNotFound, kIo; kInvalidArgument with the line (or the place in the list) that makes no
// sense.
Result<MeterReadings> read_meter(const std::filesystem::path& file);

}  // namespace headrace::query
