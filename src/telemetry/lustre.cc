#include "telemetry/lustre.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "telemetry/made_sensor.h"
#include "telemetry/scan.h"

namespace headrace::telemetry {

Probe Lustre::probe() {
  constexpr Quantity kMoved{"system.lustre.io", "By", SensorKind::kCounter, 1};
  constexpr Quantity kOpened{"system.lustre.opens", "1", SensorKind::kCounter, 1};
  Probe probe;
  Source source;
  source.name = "lustre (client)";
  source.domains = "node";
  buffer_.resize(16 * 1024);
  std::vector<std::filesystem::path> folders;
  std::error_code error;
  for (const std::string& root :
       {roots_.proc + "/fs/lustre/llite", roots_.sysfs + "/kernel/debug/lustre/llite"}) {
    for (const auto& entry : std::filesystem::directory_iterator(root, error)) {
      folders.push_back(entry.path());
    }
    if (error == std::errc::permission_denied) {
      append_to(source.detail, "cannot open " + root + ": Permission denied");
      source.enable = "sudo chmod a+rx " + roots_.sysfs + "/kernel/debug";
    }
  }
  std::sort(folders.begin(), folders.end());
  for (const std::filesystem::path& folder : folders) {
    KeptFile file;
    if (const Status status = file.open(folder / "stats"); !status.ok()) {
      append_to(source.detail, status.message());
      if (file.error_number() == EACCES) {
        source.enable = "sudo chmod a+r " + (folder / "stats").string();
      }
      continue;
    }
    // scratch-ffff8881: the file system, and this mount of it.
    const std::string name = folder.filename();
    const std::string short_name = name.substr(0, name.rfind('-'));
    const auto add = [&](const char* what, const Quantity& quantity) {
      probe.sensors.push_back(made_sensor("lustre." + short_name + what, quantity,
                                          "node/lustre-" + short_name, "lustre", name));
    };
    add(".read", kMoved);
    add(".write", kMoved);
    add(".opens", kOpened);
    mounts_.push_back(std::move(file));
  }
  source.readable = !probe.sensors.empty();
  if (!source.readable && source.detail.empty()) source.detail = "no Lustre file system is mounted";
  probe.sources.push_back(std::move(source));
  return probe;
}

void Lustre::sweep(std::span<Reading> readings) {
  for (size_t i = 0; i < mounts_.size(); ++i) {
    std::string_view text = mounts_[i].read(buffer_);
    // Of what was not done yet there is no line.
    uint64_t values[3] = {0, 0, 0};
    bool whole = text.find("snapshot_time") != std::string_view::npos && text.ends_with('\n');
    while (whole && !text.empty()) {
      std::string_view line = take_line(text);
      const std::string_view key = take_word(line);
      const size_t what = key == "read_bytes"    ? 0
                          : key == "write_bytes" ? 1
                          : key == "open"        ? 2
                                                 : 3;
      if (what == 3) continue;
      auto value = take_number(line);  // how often
      for (int word = 0; what < 2 && word < 5; ++word) {
        const std::string_view next = take_word(line);  // samples [bytes] least most sum
        if (word == 4) value = number(next);
      }
      whole = value.has_value();
      values[what] = value.value_or(0);
    }
    for (size_t what = 0; whole && what < 3; ++what) readings[3 * i + what].set(values[what]);
  }
}

}  // namespace headrace::telemetry
