// hwmon: a folder for each chip, a file for each channel. "1.power2" is channel power2 of chip 1.
#include <cerrno>

#include "lab/exhibit.h"

namespace headrace::lab {
namespace {

struct Channel {
  Instrument instrument;
  Meter meter;
  std::string path;  // without the ending
  bool energy = false;
};

std::string with_blanks(std::string text) {
  for (char& c : text) c = c == '_' ? ' ' : c;
  return text;
}

}  // namespace

Exhibit hwmon_files(const Scenario& scenario) {
  auto channels = std::make_shared<std::vector<Channel>>();
  for (const Instrument& one : scenario.of_kind("hwmon")) {
    const size_t dot = one.name.find('.');
    const std::string channel = one.name.substr(dot + 1);
    const std::string folder = "class/hwmon/hwmon" + one.name.substr(0, dot) + "/";
    channels->push_back({one, one.meter(), folder + channel, channel.starts_with("energy")});
  }
  return [channels](int64_t now_ns, Trees& trees) {
    for (Channel& channel : *channels) {
      const Instrument& one = channel.instrument;
      const std::string folder = channel.path.substr(0, channel.path.rfind('/') + 1);
      trees.sysfs.put(folder + "name", one.key("chip", "lab") + "\n");
      if (const std::string label = one.key("label", ""); !label.empty()) {
        trees.sysfs.put(channel.path + "_label", with_blanks(label) + "\n");
      }
      // What a part of Grace is called: acpi_power_meter has it from the firmware.
      if (const std::string oem = one.key("oem", ""); !oem.empty()) {
        trees.sysfs.put(channel.path + "_oem_info", with_blanks(oem) + "\n");
      }
      const bool average = one.key("average", "no") == "yes";
      if (average) {
        trees.sysfs.put(channel.path + "_average_interval",
                        line_of(static_cast<uint64_t>(one.habit.period_ns / 1'000'000), false));
      }
      const Shown shown = channel.meter.at(now_ns);
      const std::string path = channel.path + (average ? "_average" : "_input");
      if (shown.error != 0) {
        trees.sysfs.fail(path, shown.error);
      } else {
        trees.sysfs.put(path,
                        line_of(channel.energy ? shown.energy_uj : shown.power_uw, shown.torn));
      }
    }
  };
}

}  // namespace headrace::lab
