#include "run/resources.h"

#include <charconv>
#include <cstdint>
#include <fstream>
#include <string>

namespace headrace::run {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

NestedMap read_io(pid_t zombie) {
  static constexpr std::pair<std::string_view, std::string_view> kNames[] = {
      {"rchar", "read_chars"}, {"wchar", "written_chars"},   {"syscr", "reads"},
      {"syscw", "writes"},     {"read_bytes", "read_bytes"}, {"write_bytes", "written_bytes"}};
  NestedMap io;
  std::ifstream file("/proc/" + std::to_string(zombie) + "/io");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    int64_t value = 0;
    std::from_chars(line.data() + colon + 2, line.data() + line.size(), value);
    for (const auto& [kernel, ours] : kNames) {
      if (line.compare(0, colon, kernel) == 0) io.add(ours, value);
    }
  }
  return io;
}

double cpu_seconds(const rusage& usage) {
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

NestedMap resources_of(const rusage& usage, const NestedMap& io) {
  NestedMap map;
  map.add("user_s", seconds(usage.ru_utime));
  map.add("system_s", seconds(usage.ru_stime));
  map.add("max_rss_bytes", int64_t{usage.ru_maxrss} * 1024);
  map.add("minor_faults", usage.ru_minflt);
  map.add("major_faults", usage.ru_majflt);
  map.add("voluntary_switches", usage.ru_nvcsw);
  map.add("involuntary_switches", usage.ru_nivcsw);
  if (!io.empty()) map.add("io", io);
  return map;
}

}  // namespace headrace::run
