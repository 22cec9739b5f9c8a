#include "telemetry/pressure.h"

#include <array>
#include <cerrno>

#include "telemetry/made_sensor.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {

Probe Pressure::probe() {
  constexpr Quantity kWaited_us{"system.pressure.time", "s", SensorKind::kCounter, 1e-6};
  Probe probe;
  Source source;
  source.name = "pressure (PSI)";
  source.domains = "node";
  std::array<char, 256> buffer;
  for (const char* what : {"cpu", "memory", "io"}) {
    KeptFile file;
    const std::string path = roots_.proc + "/pressure/" + what;
    const Status status = file.open(path);
    // A kernel that was started without it has the files, and says so when they are read.
    if (!status.ok() || file.read(buffer).empty()) {
      append_to(source.detail, status.ok()
                                   ? io_error("cannot read " + path, file.error_number()).message()
                                   : status.message());
      if (file.error_number() == EOPNOTSUPP)
        source.enable = "the kernel's parameter psi=1, and a new start";
      continue;
    }
    for (const char* share : {".some", ".full"}) {
      probe.sensors.push_back(made_sensor(std::string("pressure.") + what + share, kWaited_us,
                                          std::string("node/") + what, "psi"));
    }
    files_.push_back(std::move(file));
  }
  source.readable = !probe.sensors.empty();
  probe.sources.push_back(std::move(source));
  return probe;
}

void Pressure::sweep(std::span<Reading> readings) {
  std::array<char, 256> buffer;
  for (size_t i = 0; i < files_.size(); ++i) {
    std::string_view text = files_[i].read(buffer);
    while (text.find('\n') != std::string_view::npos) {
      const std::string_view line = take_line(text);
      constexpr std::string_view kTotal = "total=";
      const size_t at = line.find(kTotal);
      if (at == std::string_view::npos) continue;
      if (const auto value = number(trimmed(line.substr(at + kTotal.size())))) {
        readings[2 * i + (line.starts_with("full") ? 1 : 0)].set(*value);
      }
    }
  }
}

}  // namespace headrace::telemetry
