// What sampling costs: CPU time of a sweep beside the bare reads of the same files in the same run,
// the share of a core that the sampler's thread takes at 10 Hz beside one that only wakes as often,
// and what it writes. One JSON line a row.
//
// The machine's own files, its control group and pressure among them, and 13 counters of energy in
// a tree of files that the bench makes (argument 1) and keeps counting.
//
// CPU time, not elapsed time, so that a busy machine changes little; the minimum over many blocks.
// What is recorded goes where HEADRACE_DIR says.
#include "telemetry/telemetry.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <pthread.h>
#include <random>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/clock.h"
#include "capture/recorder.h"
#include "capture/task.h"
#include "spool/segment_reader.h"
#include "telemetry/cgroup.h"
#include "telemetry/estimate.h"
#include "telemetry/kept_file.h"
#include "telemetry/powercap.h"
#include "telemetry/pressure.h"
#include "telemetry/proc_node.h"
#include "telemetry/proc_process.h"
#include "telemetry/sampler.h"
#include "telemetry/self.h"
#include "telemetry/station.h"

namespace {

using namespace headrace::telemetry;
using headrace::read_clock_ns;
namespace capture = headrace::capture;

constexpr int kBlocks = 200;
constexpr int kBlock = 10;
constexpr int kCounters = 13;
constexpr int kShort_s = 8;
constexpr int kSegment_s = 120;

// The least CPU time of one call, in ns.
double least_ns(const std::function<void()>& once) {
  double best = 1e300;
  for (int block = 0; block < kBlocks; ++block) {
    const int64_t from_ns = read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < kBlock; ++i) once();
    const auto took = static_cast<double>(read_clock_ns(CLOCK_THREAD_CPUTIME_ID) - from_ns);
    best = std::min(best, took / kBlock);
  }
  return best;
}

// Counters of energy that count on for as long as this lives.
class Counting {
 public:
  explicit Counting(const std::string& sysfs) {
    namespace fs = std::filesystem;
    for (int i = 0; i < kCounters; ++i) {
      const fs::path zone =
          fs::path(sysfs) / "class/powercap" / ("intel-rapl:" + std::to_string(i));
      fs::create_directories(zone);
      std::ofstream(zone / "name") << "package-" << i << "\n";
      std::ofstream(zone / "max_energy_range_uj") << "262143328850\n";
      files_.push_back(open((zone / "energy_uj").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    }
    fs::create_directory_symlink("/sys/block", fs::path(sysfs) / "block");
    fs::create_directory_symlink("/sys/fs", fs::path(sysfs) / "fs");
    count();
    thread_ = std::thread([this] {
      while (!stopping_) count(), usleep(20'000);
    });
  }
  ~Counting() {
    stopping_ = true;
    thread_.join();
    for (const int file : files_) close(file);
  }
  Counting(const Counting&) = delete;
  Counting& operator=(const Counting&) = delete;

 private:
  void count() {
    for (size_t i = 0; i < files_.size(); ++i) {
      const int file = files_[i];
      // Some 62 W, never twice the same.
      totals_uj_[i] += 1'111'111 + random_() % 246'913;
      const std::string text = std::to_string(totals_uj_[i]) + "\n";
      (void)!pwrite(file, text.data(), text.size(), 0);
    }
  }
  std::vector<int> files_;
  std::vector<uint64_t> totals_uj_ = std::vector<uint64_t>(kCounters, 100'000'000'000);
  std::mt19937_64 random_{7};
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// Of this process's control group: the ones that the provider reads.
std::vector<std::string> cgroup_files() {
  std::vector<std::string> out;
  const std::string text = read_once("/proc/self/cgroup").value_or("");
  const std::string root = "/sys/fs/cgroup";
  const auto add = [&](const std::string& path, const char* file) {
    std::error_code error;
    for (const std::string& tree : {path, path.substr(0, path.find('/', root.size() + 1))}) {
      if (!std::filesystem::exists(tree + "/" + file, error)) continue;
      out.push_back(tree + "/" + file);
      return;
    }
  };
  size_t at = 0;
  while (at < text.size()) {
    const std::string line = text.substr(at, text.find('\n', at) - at);
    at += line.size() + 1;
    const std::string path = line.substr(line.rfind(':') + 1);
    if (line.find(":cpuacct:") != std::string::npos) add(root + "/cpuacct" + path, "cpuacct.usage");
    if (line.find(":memory:") != std::string::npos) {
      add(root + "/memory" + path, "memory.usage_in_bytes");
    }
    if (line.starts_with("0::") && out.empty()) {
      add(root + path, "cpu.stat");
      add(root + path, "memory.current");
    }
  }
  return out;
}

uint64_t spooled_bytes(const headrace::Directory& directory) {
  uint64_t out = 0;
  for (const headrace::SegmentFile& file : headrace::list_segments(directory)) {
    std::error_code error;
    out += std::filesystem::file_size(file.path, error);
  }
  return out;
}

// The kernel files that the providers keep open, and as many clock reads.
class BareReads {
 public:
  explicit BareReads(const std::string& sysfs) : buffer_(64 * 1024) {
    for (const char* path :
         {"/proc/self/statm", "/proc/self/stat", "/proc/self/io", "/proc/meminfo", "/proc/loadavg",
          "/proc/diskstats", "/proc/self/net/dev", "/proc/pressure/cpu", "/proc/pressure/memory",
          "/proc/pressure/io"}) {
      open(path);
    }
    for (const std::string& path : cgroup_files()) open(path);
    (void)stat_.open("/proc/stat");
    const std::filesystem::path powercap = sysfs + "/class/powercap";
    std::error_code error;
    for (const auto& zone : std::filesystem::directory_iterator(powercap, error)) {
      if (zone.path().filename().string().starts_with("intel-rapl:")) {
        open((zone.path() / "energy_uj").string());
      }
    }
  }
  void operator()() {
    for (KeptFile& file : files_) file.read(buffer_);
    stat_.read(std::span(buffer_).first(512));
    for (int i = 0; i < 2; ++i) read_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    read_clock_ns(CLOCK_THREAD_CPUTIME_ID);
  }

 private:
  void open(const std::string& path) {
    KeptFile file;
    if (file.open(path).ok()) files_.push_back(std::move(file));
  }
  std::vector<char> buffer_;
  std::vector<KeptFile> files_;
  KeptFile stat_;
};

std::vector<Station> stations(SampleBatch& batch, const Roots& roots, size_t* sensors) {
  std::vector<std::unique_ptr<Provider>> providers;
  providers.push_back(std::make_unique<ProcProcess>(Roots()));
  providers.push_back(std::make_unique<Estimate>(Roots()));
  providers.push_back(std::make_unique<Self>());
  providers.push_back(std::make_unique<ProcNode>(Roots()));
  providers.push_back(std::make_unique<Cgroup>(Roots()));
  providers.push_back(std::make_unique<Pressure>(Roots()));
  providers.push_back(std::make_unique<Powercap>(roots));
  std::vector<Station> out;
  for (auto& provider : providers) {
    const Probe probe = provider->probe();
    *sensors += probe.sensors.size();
    out.emplace_back(std::move(provider));
    out.back().begin(batch, probe, Baseline());
  }
  return out;
}

// CPU time of the thread of that name, in ns.
int64_t thread_cpu_ns(const std::string& name) {
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    const auto text = [&](const char* file) {
      return read_once((thread.path() / file).string()).value_or("");
    };
    if (text("comm") == name + "\n") return std::stoll(text("schedstat"));
  }
  return 0;
}

Providers one(std::unique_ptr<Provider> provider) {
  Providers out;
  out.push_back(std::move(provider));
  return out;
}

// A thread that wakes ten times a second and does nothing: on a virtual machine that alone may take
// more than a sweep.
class Waker {
 public:
  Waker() {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), kName);
      std::unique_lock lock(mutex_);
      auto next = std::chrono::steady_clock::now();
      while (!stopping_) wake_.wait_until(lock, next += std::chrono::milliseconds(100));
    });
  }
  ~Waker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  static constexpr const char* kName = "bench-wakes";

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// The sampler's thread, with the cold caches that a sleep of a tenth of a second leaves; an open
// task keeps it at its usual rate.
void measure_thread(capture::Recorder& recorder, const char* name, int seconds) {
  usleep(2'000'000);
  recorder.flush();
  const uint64_t bytes_before = spooled_bytes(recorder.directory());
  const Waker waker;
  usleep(500'000);
  const int64_t wakes_before_ns = thread_cpu_ns(Waker::kName);
  const int64_t cpu_before_ns = thread_cpu_ns("headrace-sample");
  const int64_t from_ns = headrace::now_monotonic_ns();
  usleep(1'000'000U * static_cast<unsigned>(seconds));
  const auto cpu_ns = static_cast<double>(thread_cpu_ns("headrace-sample") - cpu_before_ns);
  const auto wakes_ns = static_cast<double>(thread_cpu_ns(Waker::kName) - wakes_before_ns);
  const auto elapsed_ns = static_cast<double>(headrace::now_monotonic_ns() - from_ns);
  recorder.flush();
  const auto bytes = static_cast<double>(spooled_bytes(recorder.directory()) - bytes_before);
  std::printf(
      "{\"suite\":\"telemetry\",\"row\":\"sampler %s\",\"core_percent\":%.3f,"
      "\"wakes_percent\":%.3f,\"mb_per_h\":%.2f}\n",
      name, 100 * cpu_ns / elapsed_ns, 100 * wakes_ns / elapsed_ns,
      bytes / elapsed_ns * 3600e9 / 1e6);
}

// The minimum of a sweep of all there is, beside the same reads bare.
void measure_sweep(capture::Recorder& recorder, const Roots& roots) {
  size_t sensors = 0;
  SampleBatch batch(recorder);
  std::vector<Station> all = stations(batch, roots, &sensors);
  BareReads bare(roots.sysfs);
  const double floor_ns = least_ns([&] { bare(); });
  const double sweep_ns = least_ns([&] {
    for (Station& station : all) station.sweep(batch, false);
    batch.write_before(headrace::now_monotonic_ns());
  });
  const auto row = [](const char* name, double ns, double ratio) {
    std::printf(
        "{\"suite\":\"telemetry\",\"row\":\"%s\",\"ns\":%.0f,\"floor\":\"bare reads\","
        "\"ratio\":%.2f}\n",
        name, ns, ratio);
  };
  row("bare reads of the same files", floor_ns, 1);
  row("sweep", sweep_ns, sweep_ns / floor_ns);
}

}  // namespace

int main(int count, char** words) {
  const bool only_volume = count == 3 && std::strcmp(words[2], "volume") == 0;
  if (count != 2 && !only_volume) {
    std::fputs("usage: headrace_bench_telemetry FOLDER [volume]\n", stderr);
    return 2;
  }
  const Roots roots{"/proc", words[1]};
  const Counting counting(roots.sysfs);
  setenv("HEADRACE_SYSFS_ROOT", roots.sysfs.c_str(), 1);
  // Whose sampler comes last.
  setenv("HEADRACE_TELEMETRY", "0", 1);
  capture::Recorder& recorder = *capture::Recorder::get();
  if (!only_volume) measure_sweep(recorder, roots);
  capture::TaskState* const task = capture::begin_task(capture::intern_activity("bench"));
  // 13 counters of energy and this process's three files.
  Sampler::Options options;
  options.fixed = true;
  options.process_providers = [] { return one(std::make_unique<ProcProcess>(Roots())); };
  options.node_providers = [&] { return one(std::make_unique<Powercap>(roots)); };
  Sampler sampler(recorder, options, Baseline());
  sampler.start();
  // What is written over the life of a segment, which begins with the sensors' descriptions; by a
  // process of its own, which knows no others.
  measure_thread(recorder,
                 only_volume ? "at 10 Hz, 16 sources, two minutes" : "at 10 Hz, 16 sources",
                 only_volume ? kSegment_s : kShort_s);
  sampler.stop(1'000'000'000);
  if (!only_volume) {
    unsetenv("HEADRACE_TELEMETRY");
    install();
    measure_thread(recorder, "at its own pace, all there is", kShort_s);
  }
  capture::end_task(task, headrace::TaskStatus::kFinished);
  capture::stop_capture(headrace::TaskStatus::kFinished);
  return 0;
}
