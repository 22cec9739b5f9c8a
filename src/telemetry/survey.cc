#include "telemetry/survey.h"

#include <algorithm>
#include <ctime>

#include "base/clock.h"
#include "telemetry/providers.h"

namespace headrace::telemetry {
namespace {

constexpr size_t kChanges = 5;
constexpr size_t kLeastChanges = 3;

class Watched {
 public:
  void push(const Reading& reading, int64_t now_ns) {
    if (!reading.ok) return;
    if (any_ && reading.raw != last_ && changes_ns_.size() < kChanges)
      changes_ns_.push_back(now_ns);
    last_ = reading.raw;
    any_ = true;
  }
  bool is_known() const { return changes_ns_.size() >= kChanges; }
  // The middle one of the times between two changes.
  std::optional<int64_t> period_ns() const {
    if (changes_ns_.size() < kLeastChanges) return std::nullopt;
    std::vector<int64_t> between;
    for (size_t i = 1; i < changes_ns_.size(); ++i) {
      between.push_back(changes_ns_[i] - changes_ns_[i - 1]);
    }
    std::sort(between.begin(), between.end());
    return between[between.size() / 2];
  }
  std::optional<uint64_t> last() const { return any_ ? std::optional(last_) : std::nullopt; }

 private:
  bool any_ = false;
  uint64_t last_ = 0;
  std::vector<int64_t> changes_ns_;
};

struct Post {
  std::unique_ptr<Provider> provider;
  Probe probe;
  std::vector<Reading> readings;
  std::vector<Watched> watched;
};

void sweep(Post& post) {
  std::fill(post.readings.begin(), post.readings.end(), Reading());
  post.provider->sweep(post.readings);
  const int64_t now_ns = now_monotonic_ns();
  for (size_t i = 0; i < post.readings.size(); ++i) post.watched[i].push(post.readings[i], now_ns);
}

bool all_known(const std::vector<Post>& posts) {
  return std::all_of(posts.begin(), posts.end(), [](const Post& post) {
    return std::all_of(post.watched.begin(), post.watched.end(),
                       [](const Watched& one) { return one.is_known(); });
  });
}

}  // namespace

Survey survey(Providers providers, int64_t patience_ns) {
  std::vector<Post> posts;
  for (std::unique_ptr<Provider>& provider : providers) {
    Post post;
    post.probe = provider->probe();
    post.readings.resize(post.probe.sensors.size());
    post.watched.resize(post.probe.sensors.size());
    post.provider = std::move(provider);
    posts.push_back(std::move(post));
  }
  const int64_t until_ns = now_monotonic_ns() + patience_ns;
  do {
    for (Post& post : posts) sweep(post);
    const timespec pause{0, 1'000'000};
    nanosleep(&pause, nullptr);
  } while (now_monotonic_ns() < until_ns && !all_known(posts));

  Survey out;
  for (Post& post : posts) {
    for (size_t i = 0; i < post.watched.size(); ++i) {
      const SensorSpec& spec = post.probe.sensors[i];
      SurveyedSensor one;
      one.sensor = spec.sensor;
      one.source = post.probe.sources.empty() ? spec.sensor.source : post.probe.sources[0].name;
      if (const auto raw = post.watched[i].last()) {
        one.value = static_cast<double>(*raw) * spec.sensor.scale;
      }
      one.seen_period_ns = post.watched[i].period_ns();
      one.said_period_ns = spec.period_ns;
      out.sensors.push_back(std::move(one));
    }
    for (Source& source : post.probe.sources) out.sources.push_back(std::move(source));
  }
  return out;
}

Survey survey(int64_t patience_ns) { return survey(every_provider(), patience_ns); }

}  // namespace headrace::telemetry
