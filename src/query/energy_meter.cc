#include "query/energy_meter.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "base/sha256.h"
#include "query/csv_line.h"
#include "query/json.h"

namespace headrace::query {
namespace {

constexpr const char* kHeader = "hostname,begin,end,joules,source";

// The fields in the header's order, as text.
Result<MeterReading> reading_of(const std::vector<std::string>& fields, const std::string& where) {
  const auto wrong = [&](const std::string& what) { return invalid_argument(where + ": " + what); };
  if (fields.size() != 5) {
    return wrong("it has " + std::to_string(fields.size()) + " fields and not the five of " +
                 kHeader);
  }
  MeterReading out;
  out.hostname = fields[0];
  const auto begin = written_time_ns(fields[1]);
  const auto end = written_time_ns(fields[2]);
  if (!begin || !end) return wrong("a time is written like 2026-11-22T10:00:00Z");
  if (*end <= *begin) return wrong("it ends before it begins");
  out.begin_ns = *begin;
  out.end_ns = *end;
  const std::string& joules = fields[3];
  const auto [at, error] =
      std::from_chars(joules.data(), joules.data() + joules.size(), out.joules);
  if (error != std::errc() || at != joules.data() + joules.size() || !std::isfinite(out.joules) ||
      out.joules < 0) {
    return wrong("joules are a number that is not negative, not " + joules);
  }
  out.source = fields[4];
  return out;
}

Status read_csv(const std::string& text, const std::string& file, MeterReadings* out) {
  std::istringstream lines(text);
  std::string line;
  for (size_t number = 1; std::getline(lines, line); ++number) {
    if (line.ends_with('\r')) line.pop_back();
    if (number == 1) {
      if (line == kHeader) continue;
      return invalid_argument(file + ": its first line is not " + kHeader);
    }
    if (line.empty()) continue;
    Result<MeterReading> one =
        reading_of(csv_fields(line), file + ": line " + std::to_string(number));
    if (!one.ok()) return one.status();
    out->readings.push_back(std::move(*one));
  }
  return {};
}

Status read_json(const std::string& text, const std::string& file, MeterReadings* out) {
  const Result<Json> json = Json::parse(text);
  if (!json.ok()) return json.status().with_context(file);
  const auto* const list = json->as<Json::List>();
  if (list == nullptr) return invalid_argument(file + ": it is no list of readings");
  for (const Json& one : *list) {
    const std::string where = file + ": reading " + std::to_string(out->readings.size() + 1);
    std::vector<std::string> fields;
    for (const char* const name : {"hostname", "begin", "end", "joules", "source"}) {
      fields.push_back(one[name].is_null() ? "" : one[name].text());
    }
    Result<MeterReading> reading = reading_of(fields, where);
    if (!reading.ok()) return reading.status();
    out->readings.push_back(std::move(*reading));
  }
  return {};
}

}  // namespace

Result<MeterReadings> read_meter(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("cannot read the meter's readings in " + file.string(), errno);
  std::ostringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  MeterReadings out;
  out.sha256 = hex(headrace::sha256(text));
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool is_json = first != std::string::npos && (text[first] == '[' || text[first] == '{');
  HEADRACE_RETURN_IF_ERROR(is_json ? read_json(text, file.string(), &out)
                                   : read_csv(text, file.string(), &out));
  return out;
}

}  // namespace headrace::query
