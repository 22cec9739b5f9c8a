#include "run/machine.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <set>
#include <string>
#include <sys/utsname.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace headrace::run {
namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\"");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\"\n") + 1 - begin));
}

int64_t number(std::string_view text) {
  int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

// Calls visit(key, value) for each line "key<separator> value" of a file.
template <typename Visit>
void for_each_pair(const fs::path& path, char separator, Visit visit) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t at = line.find(separator);
    if (at != std::string::npos) visit(trimmed(line.substr(0, at)), trimmed(line.substr(at + 1)));
  }
}

NestedMap read_cpu(const fs::path& root) {
  std::string model;
  std::string socket = "0";
  std::set<std::string> sockets;
  std::set<std::string> cores;
  int64_t threads = 0;
  for_each_pair(root / "proc/cpuinfo", ':', [&](const std::string& key, const std::string& value) {
    if (key == "processor") ++threads;
    if (key == "model name" && model.empty()) model = value;
    if (key == "physical id") sockets.insert(socket = value);
    if (key == "core id") cores.insert(socket + "/" + value);
  });
  NestedMap cpu;
  cpu.add_known("model", model);
  if (!sockets.empty()) cpu.add("sockets", sockets.size());
  if (!cores.empty()) cpu.add("cores", cores.size());
  if (threads > 0) cpu.add("threads", threads);
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) cpu.add("allowed", CPU_COUNT(&allowed));
  const int64_t khz =
      number(first_line(root / "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"));
  if (khz > 0) cpu.add("max_mhz", khz / 1000);
  return cpu;
}

void add_memory(const fs::path& root, NestedMap& machine) {
  for_each_pair(root / "proc/meminfo", ':', [&](const std::string& key, const std::string& value) {
    if (key == "MemTotal") machine.add("memory_bytes", number(value) * 1024);
    if (key == "SwapTotal") machine.add("swap_bytes", number(value) * 1024);
  });
}

// What the process's control group may use, where that is less than the machine (version 2).
void add_limits(const fs::path& root, NestedMap& machine) {
  const std::string line = first_line(root / "proc/self/cgroup");
  const size_t at = line.rfind(':');
  if (at == std::string::npos) return;
  const fs::path group = root / "sys/fs/cgroup" / line.substr(std::min(at + 2, line.size()));
  if (const int64_t bytes = number(first_line(group / "memory.max")); bytes > 0) {
    machine.add("cgroup_memory_bytes", bytes);
  }
  const std::string quota = first_line(group / "cpu.max");  // "200000 100000" or "max 100000"
  if (const size_t space = quota.find(' '); space != std::string::npos) {
    const auto period = static_cast<double>(number(quota.substr(space + 1)));
    if (number(quota) > 0 && period > 0) {
      machine.add("cgroup_cpus", static_cast<double>(number(quota)) / period);
    }
  }
}

std::vector<std::string> gpu_models(const fs::path& root) {
  std::vector<std::string> models;
  std::error_code error;
  for (const auto& gpu : fs::directory_iterator(root / "proc/driver/nvidia/gpus", error)) {
    for_each_pair(gpu.path() / "information", ':',
                  [&](const std::string& key, const std::string& value) {
                    if (key == "Model") models.push_back(value);
                  });
  }
  for (const auto& card : fs::directory_iterator(root / "sys/class/drm", error)) {
    const std::string name = card.path().filename();
    if (!name.starts_with("card") || name.find('-') != std::string::npos) continue;
    const std::string product = first_line(card.path() / "device/product_name");
    if (!product.empty()) models.push_back(product);
  }
  std::sort(models.begin(), models.end());
  return models;
}

}  // namespace

NestedMap read_machine(const fs::path& root) {
  NestedMap machine;
  utsname kernel{};
  if (uname(&kernel) == 0) {
    machine.add("host", kernel.nodename);
    machine.add("kernel", std::string(kernel.sysname) + " " + kernel.release);
    machine.add("architecture", kernel.machine);
  }
  for_each_pair(root / "etc/os-release", '=',
                [&](const std::string& key, const std::string& value) {
                  if (key == "PRETTY_NAME") machine.add("distribution", value);
                });
  machine.add("libc", std::string("glibc ") + std::to_string(__GLIBC__) + "." +
                          std::to_string(__GLIBC_MINOR__));
  if (const NestedMap cpu = read_cpu(root); !cpu.empty()) machine.add("cpu", cpu);
  add_memory(root, machine);
  add_limits(root, machine);
  if (const auto gpus = gpu_models(root); !gpus.empty()) machine.add("gpus", gpus);
  machine.add_known("vendor", first_line(root / "sys/class/dmi/id/sys_vendor"));
  machine.add_known("product", first_line(root / "sys/class/dmi/id/product_name"));
  return machine;
}

}  // namespace headrace::run
