#include "telemetry/survey.h"

#include <algorithm>
#include <ctime>

#include "base/clock.h"
#include "telemetry/providers.h"
#include "telemetry/update_period.h"

namespace headrace::telemetry {
namespace {

struct Post {
  std::unique_ptr<Provider> provider;
  Probe probe;
  std::vector<Reading> readings;
  std::vector<UpdatePeriod> watched;
};

void sweep(Post& post) {
  std::fill(post.readings.begin(), post.readings.end(), Reading());
  post.provider->sweep(post.readings);
  const int64_t now_ns = now_monotonic_ns();
  for (size_t i = 0; i < post.readings.size(); ++i)
    post.watched[i].push(post.readings[i], now_ns, true);
}

bool all_known(const std::vector<Post>& posts) {
  return std::all_of(posts.begin(), posts.end(), [](const Post& post) {
    return std::all_of(post.watched.begin(), post.watched.end(),
                       [](const UpdatePeriod& one) { return one.is_known(); });
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
