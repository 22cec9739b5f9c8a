#include "query/carbon_factors.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <ctime>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/sha256.h"
#include "query/csv_line.h"
#include "query/nearest.h"

namespace headrace::query {
namespace {

constexpr const char* kHeader = "region,start,end,gco2e_per_kwh,kind,source";
constexpr const char* kPueHeader = "region,start,end,gco2e_per_kwh,kind,source,pue";
// As that of --pue.
constexpr double kLargestPue = 10;
constexpr int64_t kNsPerS = 1'000'000'000;

std::string time_text(int64_t at_ns) {
  const std::time_t at_s = at_ns / kNsPerS;
  std::tm parts{};
  gmtime_r(&at_s, &parts);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return out;
}

std::optional<double> number_of(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

Status CarbonFactors::add_line(const std::string& line, size_t number) {
  const auto wrong = [&](const std::string& what) {
    return invalid_argument(question_.file.string() + ": line " + std::to_string(number) + ": " +
                            what);
  };
  const std::vector<std::string> fields = csv_fields(line);
  if (fields.size() != (has_pue_ ? 7 : 6)) {
    return wrong("it has " + std::to_string(fields.size()) + " fields and not the " +
                 (has_pue_ ? "seven of " : "six of ") + (has_pue_ ? kPueHeader : kHeader));
  }
  const auto from = written_time_ns(fields[1]);
  const auto until = written_time_ns(fields[2]);
  if (!from || !until) {
    return wrong("\"" + in_one_line(from ? fields[2] : fields[1]) +
                 "\" is no time: write it as 2026-11-22T01:00:00Z");
  }
  if (*until <= *from) return wrong("it ends before it begins");
  const auto g_per_kwh = number_of(fields[3]);
  if (!g_per_kwh) {
    return wrong("\"" + in_one_line(fields[3]) + "\" is no number of grams a kilowatt-hour");
  }
  if (fields[4] != "average" && fields[4] != "marginal") {
    return wrong("its kind is \"" + in_one_line(fields[4]) + "\", not average or marginal");
  }
  double pue = question_.pue;
  if (has_pue_ && !fields[6].empty()) {
    pue = number_of(fields[6]).value_or(0);
    if (!(pue >= 1 && pue <= kLargestPue)) {
      return wrong("\"" + in_one_line(fields[6]) + "\" is no PUE: write a number from 1 to 10");
    }
  }
  if (std::find(regions_.begin(), regions_.end(), fields[0]) == regions_.end()) {
    regions_.push_back(fields[0]);
  }
  if (fields[0] == question_.region && fields[4] == question_.kind) {
    rows_.push_back({*from, *until, *g_per_kwh * pue, 0, fields[5]});
  }
  return {};
}

Status CarbonFactors::order() {
  std::sort(rows_.begin(), rows_.end(),
            [](const Row& a, const Row& b) { return a.from_ns < b.from_ns; });
  for (size_t i = 1; i < rows_.size(); ++i) {
    const Row& before = rows_[i - 1];
    if (rows_[i].from_ns < before.until_ns) {
      return invalid_argument(question_.file.string() + ": two rows of region " +
                              in_one_line(question_.region) + " say what is emitted at " +
                              time_text(rows_[i].from_ns) + "; take one of them out");
    }
    rows_[i].sum_before = before.sum_before +
                          before.g_per_kwh * static_cast<double>(before.until_ns - before.from_ns);
  }
  return {};
}

Result<CarbonFactors> CarbonFactors::read(const CarbonQuestion& question) {
  std::ifstream in(question.file, std::ios::binary);
  if (!in) return io_error("cannot read the carbon factors in " + question.file.string(), errno);
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  CarbonFactors out;
  out.question_ = question;
  out.sha256_ = hex(headrace::sha256(text));
  std::istringstream lines(text);
  std::string line;
  for (size_t number = 1; std::getline(lines, line); ++number) {
    if (number == 1) {
      if (line.ends_with('\r')) line.pop_back();
      out.has_pue_ = line == kPueHeader;
      if (line == kHeader || out.has_pue_) continue;
      return invalid_argument(question.file.string() + ": its first line is not " + kHeader +
                              " (and after them pue, where that is known)");
    }
    if (line.empty() || line == "\r") continue;
    HEADRACE_RETURN_IF_ERROR(out.add_line(line, number));
  }
  HEADRACE_RETURN_IF_ERROR(out.order());
  return out;
}

const CarbonFactors::Row* CarbonFactors::row_at(int64_t at_ns) const {
  const auto after = std::upper_bound(rows_.begin(), rows_.end(), at_ns,
                                      [](int64_t at, const Row& row) { return at < row.from_ns; });
  if (after == rows_.begin()) return nullptr;
  return &*(after - 1);
}

double CarbonFactors::sum_until(int64_t at_ns) const {
  const Row& row = *row_at(at_ns);
  return row.sum_before + row.g_per_kwh * static_cast<double>(at_ns - row.from_ns);
}

std::optional<double> CarbonFactors::mean(int64_t from_ns, int64_t until_ns) const {
  const Row* row = row_at(from_ns);
  if (row == nullptr || from_ns >= row->until_ns) return std::nullopt;
  const double first = row->g_per_kwh;
  const Row* const begin = row;
  for (; row->until_ns < until_ns; ++row) {
    const bool goes_on = row != &rows_.back() && (row + 1)->from_ns == row->until_ns;
    if (!goes_on) return std::nullopt;
  }
  if (row == begin) return first;
  return (sum_until(until_ns) - sum_until(from_ns)) / static_cast<double>(until_ns - from_ns);
}

std::string CarbonFactors::why_not(int64_t from_ns, int64_t until_ns) const {
  const std::string name = question_.file.filename().string();
  if (rows_.empty()) {
    const bool has =
        std::find(regions_.begin(), regions_.end(), question_.region) != regions_.end();
    return has ? name + " has no " + question_.kind + " factors of region " +
                     in_one_line(question_.region)
               : name + " has no region " + in_one_line(question_.region) +
                     (regions_.empty() ? "" : "; it has " + listed(regions_));
  }
  return name + " does not cover all from " + time_text(from_ns) + " to " + time_text(until_ns) +
         " in region " + in_one_line(question_.region) + ": its rows begin at " +
         time_text(rows_.front().from_ns) + " and end at " + time_text(rows_.back().until_ns);
}

std::string CarbonFactors::source() const {
  std::vector<std::string> once;
  for (const Row& row : rows_) {
    if (row.source.empty()) continue;
    if (std::find(once.begin(), once.end(), row.source) == once.end()) once.push_back(row.source);
  }
  return listed(once);
}

}  // namespace headrace::query
