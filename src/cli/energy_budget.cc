#include "cli/energy_budget.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/signals_blocked.h"
#include "energy/domain_name.h"
#include "query/units.h"
#include "telemetry/providers.h"

namespace headrace::cli {
namespace {

constexpr std::chrono::seconds kBetween{1};
// One counter, since the program began.
struct Watched {
  size_t sensor = 0;  // of its provider
  std::string domain;
  double scale = 1;
  uint64_t range = 0;
  std::optional<uint64_t> last;
  int64_t at_ns = 0;
  double joules = 0;

  void push(const telemetry::Reading& reading, int64_t now_ns) {
    if (!reading.ok) return;
    if (last) {
      const bool fell = reading.raw < *last;
      const uint64_t steps = reading.raw - *last + (fell ? range : 0);
      const double more = static_cast<double>(steps) * scale;
      const double seconds = static_cast<double>(now_ns - at_ns) * 1e-9;
      // The bound that src/energy has, too.
      const double most = 1.5 * energy::most_w(domain) * (seconds + 1);
      if ((!fell || range != 0) && more <= most) joules += more;
    }
    last = reading.raw;
    at_ns = now_ns;
  }
};

struct Post {
  std::unique_ptr<telemetry::Provider> provider;
  std::vector<telemetry::Reading> readings;
  std::vector<Watched> counters;
};

// Those that are divided among tasks: no two of them hold each other.
std::vector<Post> counters_of_node() {
  std::vector<Post> posts;
  std::set<std::string> counted;
  for (std::unique_ptr<telemetry::Provider>& provider : telemetry::node_providers()) {
    const telemetry::Probe probe = provider->probe();
    Post post;
    for (size_t i = 0; i < probe.sensors.size(); ++i) {
      const Sensor& sensor = probe.sensors[i].sensor;
      if (sensor.quantity != "hw.energy" || sensor.truth == Truth::kEstimated) continue;
      // What a second source counts once more is left out.
      if (!counted.insert(sensor.domain).second) continue;
      post.counters.push_back({i, sensor.domain, sensor.scale, sensor.range, std::nullopt, 0, 0});
    }
    post.readings.resize(probe.sensors.size());
    post.provider = std::move(provider);
    posts.push_back(std::move(post));
  }
  for (Post& post : posts) {
    std::erase_if(post.counters,
                  [&](const Watched& one) { return !energy::is_divided(one.domain, counted); });
  }
  std::erase_if(posts, [](const Post& post) { return post.counters.empty(); });
  return posts;
}

double sweep(std::vector<Post>& posts) {
  double joules = 0;
  for (Post& post : posts) {
    std::fill(post.readings.begin(), post.readings.end(), telemetry::Reading());
    post.provider->sweep(post.readings);
    const int64_t now_ns = now_monotonic_ns();
    for (Watched& one : post.counters) {
      one.push(post.readings[one.sensor], now_ns);
      joules += one.joules;
    }
  }
  return joules;
}

}  // namespace

void EnergyBudget::begin(pid_t program) {
  // By its number another process could be meant once it has ended.
  const auto program_fd = static_cast<int>(syscall(SYS_pidfd_open, program, 0));
  const SignalsBlocked blocked;
  thread_ = std::thread([this, program_fd] {
    watch(program_fd);
    if (program_fd >= 0) close(program_fd);
  });
}

void EnergyBudget::end() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool EnergyBudget::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  return !wake_.wait_for(lock, kBetween, [this] { return ended_; });
}

void EnergyBudget::watch(int program_fd) {
  const std::string budget = query::si_text(options_.joules, "J");
  std::vector<Post> posts = counters_of_node();
  if (posts.empty()) {
    options_.say("no sensor here counts energy, so the energy budget of " + budget +
                 " cannot be watched; headrace sensors says why");
    return;
  }
  sweep(posts);
  while (wait()) {
    const double joules = sweep(posts);
    if (joules <= options_.joules) continue;
    const std::string by = options_.blame ? options_.blame(joules) : "";
    options_.say("the machine has used " + query::si_text(joules, "J") +
                 " since the program began, more than its energy budget of " + budget +
                 (options_.stops ? "; it gets SIGTERM" : "") +
                 (by.empty() ? "" : "; most is used by " + by));
    if (options_.stops) {
      static_cast<void>(syscall(SYS_pidfd_send_signal, program_fd, SIGTERM, nullptr, 0));
    }
    return;
  }
}

}  // namespace headrace::cli
