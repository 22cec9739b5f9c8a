// headrace sensors
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/output.h"
#include "model/emulated.h"
#include "query/table_builder.h"
#include "query/utf8.h"
#include "telemetry/survey.h"

namespace headrace::cli {
namespace {

using query::ColumnKind;

// What `headrace lab` shows is no measurement; the kernel's books are this machine's in any case.
std::string truth_of(const Sensor& sensor) {
  const bool emulated = std::getenv("HEADRACE_LAB") != nullptr && sensor.source != "proc" &&
                        sensor.truth != Truth::kEstimated;
  return emulated ? kEmulatedTruth : std::string(name_of(sensor.truth));
}

query::ResultTable table_of(const telemetry::Survey& survey) {
  query::TableBuilder table({{"sensor", ColumnKind::kText, ""},
                             {"domain", ColumnKind::kText, ""},
                             {"quantity", ColumnKind::kText, ""},
                             {"value", ColumnKind::kReal, ""},
                             {"unit", ColumnKind::kText, ""},
                             {"period_s", ColumnKind::kReal, "s"},
                             {"truth", ColumnKind::kText, ""},
                             {"source", ColumnKind::kText, ""},
                             {"device", ColumnKind::kText, ""},
                             {"readable", ColumnKind::kBool, ""},
                             {"why_not", ColumnKind::kText, ""},
                             {"enable", ColumnKind::kText, ""}});
  const auto text = [&](const std::string& value) {
    value.empty() ? table.null() : table.text(value);
  };
  for (const telemetry::SurveyedSensor& one : survey.sensors) {
    table.text(one.sensor.name).text(one.sensor.domain).text(one.sensor.quantity);
    table.real(one.value).text(one.sensor.unit);
    const auto period_ns = one.seen_period_ns       ? one.seen_period_ns
                           : one.said_period_ns > 0 ? std::optional(one.said_period_ns)
                                                    : std::nullopt;
    period_ns ? table.real(static_cast<double>(*period_ns) * 1e-9) : table.null();
    table.text(truth_of(one.sensor)).text(one.source);
    text(one.sensor.device);
    table.boolean(one.value.has_value());
    text(one.value ? "" : "it answered once and now does not");
    table.end_row();
  }
  for (const telemetry::Source& source : survey.sources) {
    if (source.detail.empty()) continue;
    table.null().null().null().null().null().null().null().text(source.name).null();
    table.boolean(source.readable).text(source.detail);
    text(source.enable);
    table.end_row();
  }
  return table.finish();
}

std::string text_of(const telemetry::Survey& survey) {
  std::vector<std::vector<std::string>> lines = {
      {"sensor", "value", "unit", "every", "truth", "domain"}};
  const auto number = [](double value, const char* unit) {
    char out[48];
    std::snprintf(out, sizeof out, "%.4g%s", value, unit);
    return std::string(out);
  };
  for (const telemetry::SurveyedSensor& one : survey.sensors) {
    std::string every = "-";
    if (one.seen_period_ns) {
      every = number(static_cast<double>(*one.seen_period_ns) * 1e-6, " ms");
    } else if (one.said_period_ns > 0) {
      every = number(static_cast<double>(one.said_period_ns) * 1e-6, " ms, it says");
    }
    lines.push_back({one.sensor.name, one.value ? number(*one.value, "") : "no answer",
                     one.sensor.unit, every, truth_of(one.sensor), one.sensor.domain});
  }
  std::vector<size_t> widths(lines[0].size());
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  }
  std::string out;
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string pad(widths[i] - line[i].size(), ' ');
      out += (i == 1 ? pad + line[i] : line[i] + (i + 1 < line.size() ? pad : "")) +
             (i + 1 < line.size() ? "  " : "\n");
    }
  }
  for (const telemetry::Source& source : survey.sources) {
    if (source.detail.empty()) continue;
    out +=
        "\n" + source.name + (source.readable ? ": " : " cannot be read: ") + source.detail + "\n";
    if (!source.enable.empty()) out += "  → " + source.enable + "\n";
  }
  return query::terminal_lines(out);
}

}  // namespace

void add_sensors(CLI::App& app, Program& program) {
  struct Options {
    double seconds = 1;
    Output output;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = add_verb(
      app, "sensors",
      "Lists what can be measured here, how often it refreshes, and why what cannot",
      "  headrace sensors                 with the command that would enable what is missing\n"
      "  headrace sensors --seconds 5     looks longer, for sensors that refresh slowly\n"
      "  headrace sensors --json\n");
  verb->add_option("--seconds", options->seconds, "How long to watch them change (default: 1)")
      ->check(CLI::Range(0.0, 600.0))
      ->type_name("S");
  add_output_options(verb, options->output, false);
  program.runs(verb, [options, &program] {
    const telemetry::Survey survey =
        telemetry::survey(static_cast<int64_t>(options->seconds * 1e9));
    if (options->output.format() != query::Format::kTable) {
      return emit(program, options->output, table_of(survey));
    }
    return emit_document(program, options->output, query::Json(), text_of(survey));
  });
}

}  // namespace headrace::cli
