// How hot devices became while tasks ran, and which tasks they were slowed down in.
//
//   Result<Thermal> answer = thermal(session, {"sweep", 80}, here);
//   for (const ThermalRun& run : answer->runs) use(run.label, run.peak_c, run.above_s);
//   for (const ThrottlingTime& one : answer->throttling) use(one.reasons, one.hit);
//
// Temperatures are of the hottest GPU of the machine that a task ran on, held from one reading to
// the next. A device is slowed down where its throttle reasons name a power or thermal limit
// (NVML's bits 4, 8, 0x20, 0x40, 0x80; not idling and not clocks that someone set): from the first
// reading that says so until the first that does not.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/own_time.h"
#include "query/result_table.h"
#include "query/session.h"

namespace headrace::query {

struct ThermalQuestion {
  std::string of{};  // a campaign or workflow; empty: all there is
  double above_c = 80;
  std::string activity{};  // of the runs; unset: see Thermal::activity
  size_t points = 200;     // of a trajectory, at most
};

// A stretch of a run in which its temperature stayed.
struct HeatPoint {
  double seconds = 0;  // since the run began
  double celsius = 0;
};

struct ThermalRun {
  std::string label;  // what tells it from the others: "width=64 lr=0.1"
  Uuid task_id;
  std::string hostname;
  double time_s = 0;
  // Unset: no temperature was read meanwhile.
  std::optional<double> peak_c;
  std::optional<double> mean_c;
  std::optional<double> above_s;
  // Any device of its machine was slowed down; unset: no reasons were read.
  std::optional<double> throttled_s;
  double coverage = 0;  // of its time
  std::vector<HeatPoint> trajectory;
};

struct HitTask {
  Uuid task_id;
  std::string activity;
  std::string run;     // the label of the run that it lies in; "" of none
  double seconds = 0;  // that it ran itself meanwhile
};

struct ThrottlingTime {
  std::string hostname;
  std::string device;
  std::string domain;
  TimeSpan span;
  uint64_t reasons = 0;
  std::vector<HitTask> hit;  // the longest first
};

struct Thermal {
  std::string of;
  ThermalQuestion question;
  // Of the activities whose tasks lie in no other task, the one with the most time in tasks that
  // are two or more; of none such the one with the most time.
  std::string activity;
  std::vector<ThermalRun> runs;            // the hottest first
  std::vector<ThrottlingTime> throttling;  // by time
  std::string note;                        // what is missing; may be empty
};

// "power limit, hardware thermal slowdown" of NVML's bits.
std::string throttle_text(uint64_t reasons);

// Errors: of identify; kNotFound for an activity without tasks.
Result<Thermal> thermal(const Session& session, const ThermalQuestion& question,
                        const std::filesystem::path& here);

std::string thermal_text(const Thermal& answer);
// A row for each run.
ResultTable thermal_table(const Thermal& answer);
// A row for each throttling time and task that it hit; one that hit none has a row too.
ResultTable throttling_table(const Thermal& answer);
Json thermal_json(const Thermal& answer);

}  // namespace headrace::query
