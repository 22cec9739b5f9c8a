// What files that people write by hand are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace headrace::query {

// Fields of a line of CSV (RFC 4180, without line breaks in quotes).
std::vector<std::string> csv_fields(std::string_view line);

// "2026-11-22", "2026-11-22T01:00", with seconds and their fraction, with a zone (Z, +01:00); UTC
// where none is told. In ns since the epoch.
std::optional<int64_t> written_time_ns(const std::string& text);

}  // namespace headrace::query
