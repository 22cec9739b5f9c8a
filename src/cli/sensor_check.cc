// headrace sensor-check
#include "telemetry/sensor_check.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/lab_load.h"
#include "cli/output.h"
#include "query/table_builder.h"
#include "query/utf8.h"
#include "telemetry/providers.h"
#include "telemetry/spin_load.h"

namespace headrace::cli {
namespace {

using query::ColumnKind;
using telemetry::CheckedSensor;

std::optional<double> seconds(const std::optional<int64_t>& ns) {
  return ns ? std::optional(static_cast<double>(*ns) * 1e-9) : std::nullopt;
}

query::ResultTable table_of(const std::vector<CheckedSensor>& checked, bool emulated) {
  query::TableBuilder table({{"sensor", ColumnKind::kText, ""},
                             {"domain", ColumnKind::kText, ""},
                             {"kind", ColumnKind::kText, ""},
                             {"period_s", ColumnKind::kReal, "s"},
                             {"jitter", ColumnKind::kReal, ""},
                             {"quantum", ColumnKind::kReal, ""},
                             {"unit", ColumnKind::kText, ""},
                             {"base_w", ColumnKind::kReal, "W"},
                             {"amplitude_w", ColumnKind::kReal, "W"},
                             {"latency_s", ColumnKind::kReal, "s"},
                             {"window_s", ColumnKind::kReal, "s"},
                             {"duty", ColumnKind::kReal, ""},
                             {"follows", ColumnKind::kReal, ""},
                             {"truth", ColumnKind::kText, ""},
                             {"verdict", ColumnKind::kText, ""}});
  for (const CheckedSensor& one : checked) {
    const telemetry::SensorFinding& found = one.finding;
    table.text(one.sensor.name).text(one.sensor.domain);
    table.text(std::string(headrace::name_of(one.sensor.kind)));
    table.real(seconds(found.period_ns)).real(found.jitter).real(found.quantum);
    table.text(one.sensor.unit).real(found.base_w).real(found.amplitude_w);
    table.real(seconds(found.latency_ns)).real(seconds(found.window_ns));
    table.real(found.duty).real(found.follows);
    table.text(emulated ? "emulated" : std::string(headrace::name_of(one.sensor.truth)));
    table.text(found.verdict);
    table.end_row();
  }
  return table.finish();
}

std::string text_of(const std::vector<CheckedSensor>& checked, bool emulated) {
  std::string out;
  for (const CheckedSensor& one : checked) {
    out += one.sensor.name;
    if (one.finding.amplitude_w) {
      char text[96];
      std::snprintf(text, sizeof text, ": %.3g W, %.3g W more under load", *one.finding.base_w,
                    *one.finding.amplitude_w);
      out += text;
    }
    out += "\n  " + one.finding.verdict + "\n";
  }
  if (checked.empty()) {
    out = "No sensor of energy or power can be read here: `headrace sensors` says why.\n";
  }
  out += emulated ? "\nThe machine and its load are emulated by headrace lab.\n"
                  : "\nThe load was of the processors; GPUs and what else it does not drive are "
                    "characterised as far as they change by themselves.\n";
  return query::terminal_lines(out);
}

}  // namespace

void add_sensor_check(CLI::App& app, Program& program) {
  struct Options {
    double seconds = 20;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "sensor-check", "Puts a load on and off and finds out what the power sensors are like",
      "  headrace sensor-check                 takes 20 s and all CPUs but one, half of the time\n"
      "  headrace sensor-check --seconds 60    for sensors that refresh slowly\n"
      "  headrace lab --machine square -- headrace sensor-check\n"
      "  headrace sensor-check --json\n");
  verb->add_option("--seconds", options->seconds, "How long to load and watch (default: 20)")
      ->check(CLI::Range(1.0, 3600.0))
      ->type_name("S");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program] {
    const bool emulated = std::getenv(lab::kFolderVariable) != nullptr;
    std::unique_ptr<telemetry::Load> load;
    if (emulated) {
      Result<std::unique_ptr<telemetry::Load>> found = lab_load();
      if (!found.ok()) return program.fail(found.status());
      load = std::move(*found);
    } else {
      load = std::make_unique<telemetry::SpinLoad>();
    }
    const std::vector<CheckedSensor> checked = telemetry::check_sensors(
        telemetry::every_provider(), *load, std::llround(options->seconds * 1e9));
    if (options->output.format() != query::Format::kTable) {
      return emit(program, options->output, table_of(checked, emulated));
    }
    return emit_document(program, options->output, query::Json(), text_of(checked, emulated));
  });
}

}  // namespace headrace::cli
