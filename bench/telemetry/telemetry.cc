// What sampling costs: CPU time of a sweep beside the bare reads of the same files in the same run,
// and the share of a core that the sampler's thread takes at 10 Hz. One JSON line a row.
//
// CPU time, not elapsed time, so that a busy machine changes little; the minimum over many blocks.
// What is recorded goes where HEADRACE_DIR says.
#include "telemetry/telemetry.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

#include "base/clock.h"
#include "capture/recorder.h"
#include "telemetry/estimate.h"
#include "telemetry/kept_file.h"
#include "telemetry/powercap.h"
#include "telemetry/proc_node.h"
#include "telemetry/proc_process.h"
#include "telemetry/self.h"
#include "telemetry/station.h"

namespace {

using namespace headrace::telemetry;
using headrace::read_clock_ns;
namespace capture = headrace::capture;

constexpr int kBlocks = 200;
constexpr int kBlock = 10;

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

// The kernel files that the providers keep open, and as many clock reads.
class BareReads {
 public:
  BareReads() : buffer_(64 * 1024) {
    for (const char* path :
         {"/proc/self/statm", "/proc/self/stat", "/proc/self/io", "/proc/meminfo", "/proc/loadavg",
          "/proc/diskstats", "/proc/self/net/dev"}) {
      open(path);
    }
    (void)stat_.open("/proc/stat");
    const std::filesystem::path powercap = "/sys/class/powercap";
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

std::vector<Station> stations(capture::Recorder& recorder, size_t* sensors) {
  std::vector<std::unique_ptr<Provider>> providers;
  providers.push_back(std::make_unique<ProcProcess>(Roots()));
  providers.push_back(std::make_unique<Estimate>(Roots()));
  providers.push_back(std::make_unique<Self>());
  providers.push_back(std::make_unique<ProcNode>(Roots()));
  providers.push_back(std::make_unique<Powercap>(Roots()));
  std::vector<Station> out;
  for (auto& provider : providers) {
    const Probe probe = provider->probe();
    *sensors += probe.sensors.size();
    out.emplace_back(std::move(provider));
    out.back().begin(recorder, probe, Baseline());
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

}  // namespace

int main() {
  capture::Recorder& recorder = *capture::Recorder::get();
  size_t sensors = 0;
  std::vector<Station> all = stations(recorder, &sensors);
  BareReads bare;
  const double floor_ns = least_ns([&] { bare(); });
  const double sweep_ns = least_ns([&] {
    for (Station& station : all) station.sweep(recorder, false);
  });
  const auto row = [](const char* name, double ns, double ratio) {
    std::printf(
        "{\"suite\":\"telemetry\",\"row\":\"%s\",\"ns\":%.0f,\"floor\":\"bare reads\","
        "\"ratio\":%.2f}\n",
        name, ns, ratio);
  };
  row("bare reads of the same files", floor_ns, 1);
  row("sweep", sweep_ns, sweep_ns / floor_ns);

  // The thread itself, with the cold caches that a sleep of a tenth of a second leaves.
  install();
  (void)recorder.ring();
  usleep(1'000'000);
  const int64_t cpu_before_ns = thread_cpu_ns("headrace-sample");
  const int64_t from_ns = headrace::now_monotonic_ns();
  usleep(5'000'000);
  const auto cpu_ns = static_cast<double>(thread_cpu_ns("headrace-sample") - cpu_before_ns);
  const auto elapsed_ns = static_cast<double>(headrace::now_monotonic_ns() - from_ns);
  std::printf(
      "{\"suite\":\"telemetry\",\"row\":\"sampler at 10 Hz, %zu sensors\",\"core_percent\":%.3f}\n",
      sensors, 100 * cpu_ns / elapsed_ns);
  capture::stop_capture(headrace::TaskStatus::kFinished);
  return 0;
}
