// The fields that a filter may name, and how their values are written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/value.h"
#include "query/time_span.h"

namespace headrace::query {

enum class FilterView : uint8_t { kTask, kWorkflow, kObject, kCampaign };
// "task", ...: the view's name in SQL; and the plural for sentences and the command line.
std::string_view name_of(FilterView view);
std::string_view plural_of(FilterView view);
// By either.
std::optional<FilterView> filter_view(std::string_view name);

enum class FieldKind : uint8_t {
  kText,
  kStatus,    // pending ... lost
  kId,        // a UUID, or how it begins (4 digits or more)
  kHash,      // how it begins (6 digits or more)
  kNumber,    // a count
  kTime,      // 2026-11-01, 2026-11-01T12:30, today, -2h
  kDuration,  // 2, 2s, 5min
  kEnergy,    // 5, 5J, 1kWh
  kBytes,     // 100, 3.5MB, 2MiB
  kTags,      // tag.NAME, and tag:NAME
  kValues     // used.KEY, generated.KEY, attributes.KEY
};

struct FilterField {
  std::string_view name;
  std::string_view column;  // of the view; also understood as a name
  FieldKind kind;
  std::string_view about;
};

const std::vector<FilterField>& filter_fields(FilterView view);
// By name or column, nullptr when there is none.
const FilterField* find_field(FilterView view, std::string_view name);

// Whose values a task's field of kValues or kTags takes apart.
Role role_of(std::string_view field);

// The statuses of tasks and workflows, in the order of model/status.h.
const std::vector<std::string>& status_names();

// A number as typed, with its unit: "1e-3", "1.5kJ", "5min", "2MiB". Nothing when it is none.
struct Quantity {
  double value = 0;  // in J, s or B where it has a unit
  std::string digits;
  std::string unit;                         // as written, "" without
  FieldKind measures = FieldKind::kNumber;  // what the unit belongs to
};
std::optional<Quantity> parse_quantity(std::string_view text);
// "J, kJ, MJ, Wh or kWh": what parse_quantity knows for a kind.
std::string unit_names(FieldKind kind);

// A time as typed, in UTC unless it names an offset: 2026, 2026-11, 2026-11-01, with T or a space
// 12:30[:00[.123456789]][Z|+01:00]; today, yesterday, now; -90s, -2h, -7d before `now_ns`. `end_ns`
// is where the day, minute, ... that it names is over.
std::optional<TimeSpan> parse_time(std::string_view text, int64_t now_ns);

}  // namespace headrace::query
