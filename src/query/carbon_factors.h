// What a kilowatt-hour cost the climate, where and when: a file that its user answers for.
//
//   region,start,end,gco2e_per_kwh,kind,source
//   DE,2026-11-22T00:00:00Z,2026-11-22T01:00:00Z,412,average,Electricity Maps
//
// Times are UTC, or with an offset (+01:00); the end does not belong to the row. kind: average or
// marginal. A seventh column, pue, may say how effectively the building used its power at that
// time (power usage effectiveness, ISO/IEC 30134-2): what it drew for each joule of the machine;
// where it is empty, the question's counts. No region is guessed and no figure is made up: what the
// file does not have is not known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace headrace::query {

struct CarbonQuestion {
  std::filesystem::path file;
  std::string region;
  std::string kind = "average";
  double pue = 1;  // where the file does not say
};

// Of a card. What is not known is null, and `reason` says why.
struct Carbon {
  CarbonQuestion question;
  std::string sha256;  // of the file
  std::string source;  // of the rows that were used, each once, joined by "; "
  std::string reason;
  std::optional<double> attributed_g;  // of all lines
  std::optional<double> idle_g;
  std::optional<double> unattributed_g;
};

class CarbonFactors {
 public:
  // The rows of one region and kind. Errors: kNotFound, kIo; kInvalidArgument with the line that
  // makes no sense, or that overlaps another of its region and kind.
  static Result<CarbonFactors> read(const CarbonQuestion& question);

  // The mean over this time in g of CO2 equivalents a kWh of the machine, PUE included; null where
  // the file lacks part of it. A moment (until = from) is looked up. O(log rows).
  std::optional<double> mean(int64_t from_ns, int64_t until_ns) const;
  // Why there is none.
  std::string why_not(int64_t from_ns, int64_t until_ns) const;
  const std::string& sha256() const { return sha256_; }
  std::string source() const;

 private:
  struct Row {
    int64_t from_ns = 0;
    int64_t until_ns = 0;
    double g_per_kwh = 0;   // of the machine
    double sum_before = 0;  // g/kWh x ns of the rows before
    std::string source;
  };
  Status add_line(const std::string& line, size_t number);
  Status order();
  // The integral from the first row to `at_ns`.
  double sum_until(int64_t at_ns) const;
  const Row* row_at(int64_t at_ns) const;

  CarbonQuestion question_;
  std::string sha256_;
  bool has_pue_ = false;              // the file's seventh column
  std::vector<Row> rows_;             // in the order of time
  std::vector<std::string> regions_;  // of the file, each once
};

}  // namespace headrace::query
