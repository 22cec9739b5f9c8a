#include "query/stopping.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <queue>

#include "query/units.h"

namespace headrace::query {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr size_t kLeastOthers = 3;
constexpr size_t kLeastFitted = 4;       // points, for three parameters
constexpr double kFifthPercent = 1.645;  // standard deviations
constexpr std::array kExponents = {0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 3.0, 4.0};

double worth(double value) { return std::isnan(value) ? kInfinity : value; }

// After which numbers of points a rule decides, ascending.
std::vector<size_t> schedule(const StoppingRule& rule, size_t longest) {
  std::vector<size_t> out;
  const size_t grace = std::max<size_t>(1, rule.grace);
  if (rule.kind == RuleKind::kHalving) {
    for (auto at = static_cast<double>(grace); at <= static_cast<double>(longest);
         at *= std::max(1.1, rule.eta)) {
      out.push_back(static_cast<size_t>(at));
    }
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  const size_t first = rule.kind == RuleKind::kPowerLaw ? std::max(grace, kLeastFitted) : grace;
  for (size_t at = first; at <= longest; at += std::max<size_t>(1, rule.every)) out.push_back(at);
  return out;
}

// A run as far as it has been read.
struct Progress {
  size_t seen = 0;
  double sum = 0;
  double best = kInfinity;
};

// The median of numbers that come one by one.
class RunningMedian {
 public:
  size_t count() const { return below_.size() + above_.size(); }
  void add(double v) {
    if (below_.empty() || v <= below_.top()) {
      below_.push(v);
    } else {
      above_.push(v);
    }
    if (below_.size() > above_.size() + 1) {
      above_.push(below_.top());
      below_.pop();
    } else if (above_.size() > below_.size()) {
      below_.push(above_.top());
      above_.pop();
    }
  }
  double median() const {
    return below_.size() > above_.size() ? below_.top() : (below_.top() + above_.top()) / 2;
  }

 private:
  std::priority_queue<double> below_;
  std::priority_queue<double, std::vector<double>, std::greater<>> above_;
};

// Takes a run's points one by one and says at a decision whether to stop it.
class Judge {
 public:
  virtual ~Judge() = default;
  virtual void read(size_t racer, double value) = 0;
  // `step`: the place in the schedule; `progress`: after its points.
  virtual bool stops(size_t racer, size_t step, const Progress& progress) = 0;
  virtual void ended(const Progress&) {}
};

class MedianJudge : public Judge {
 public:
  explicit MedianJudge(size_t steps) : averages_(steps) {}
  void read(size_t, double) override {}
  bool stops(size_t, size_t step, const Progress& progress) override {
    RunningMedian& others = averages_[step];
    const bool stop = others.count() >= kLeastOthers && progress.best > others.median();
    others.add(progress.sum / static_cast<double>(progress.seen));
    return stop;
  }

 private:
  std::vector<RunningMedian> averages_;
};

class HalvingJudge : public Judge {
 public:
  HalvingJudge(size_t steps, double eta) : rungs_(steps), eta_(eta) {}
  void read(size_t, double) override {}
  bool stops(size_t, size_t step, const Progress& progress) override {
    std::vector<double>& rung = rungs_[step];
    rung.insert(std::upper_bound(rung.begin(), rung.end(), progress.best), progress.best);
    const auto kept = static_cast<size_t>(static_cast<double>(rung.size()) / eta_);
    return progress.best > rung[std::max<size_t>(1, kept) - 1];
  }

 private:
  std::vector<std::vector<double>> rungs_;  // best so far of those that came by, ascending
  double eta_;
};

// Least squares of a + b n^-c, with sums that grow with the points.
class PowerLawJudge : public Judge {
 public:
  PowerLawJudge(size_t racers, size_t longest) : fits_(racers), longest_(longest) {
    powers_.resize(longest);
    sums_.resize(longest + 1);
    for (size_t n = 0; n < longest; ++n) {
      for (size_t k = 0; k < kExponents.size(); ++k) {
        const double u = std::pow(static_cast<double>(n + 1), -kExponents[k]);
        powers_[n][k] = u;
        sums_[n + 1].u[k] = sums_[n].u[k] + u;
        sums_[n + 1].uu[k] = sums_[n].uu[k] + u * u;
      }
    }
  }

  void read(size_t racer, double value) override {
    Fit& fit = fits_[racer];
    const auto& u = powers_[fit.count++];
    if (!std::isfinite(value)) {
      fit.diverged = true;
      return;
    }
    // Sums of what is left of the first value, so that small differences of large numbers keep
    // their digits.
    if (fit.count == 1) fit.origin = value;
    const double y = value - fit.origin;
    fit.y += y;
    fit.yy += y * y;
    for (size_t k = 0; k < kExponents.size(); ++k) fit.uy[k] += u[k] * y;
  }

  bool stops(size_t racer, size_t, const Progress&) override {
    if (!std::isfinite(incumbent_)) return false;
    const Fit& fit = fits_[racer];
    if (fit.diverged) return true;
    return hoped_for(fit) > incumbent_;
  }
  void ended(const Progress& progress) override {
    incumbent_ = std::min(incumbent_, progress.best);
  }

 private:
  struct Fit {
    size_t count = 0;
    double origin = 0;
    double y = 0;
    double yy = 0;
    std::array<double, kExponents.size()> uy{};
    bool diverged = false;
  };
  struct Sums {
    std::array<double, kExponents.size()> u{};
    std::array<double, kExponents.size()> uu{};
  };

  // The last value that the curve may yet reach: the fit's, less its scatter.
  double hoped_for(const Fit& fit) const {
    const auto n = static_cast<double>(fit.count);
    const Sums& sums = sums_[fit.count];
    double least = kInfinity;
    double predicted = fit.y / n;
    for (size_t k = 0; k < kExponents.size(); ++k) {
      const double spread = sums.uu[k] - sums.u[k] * sums.u[k] / n;
      if (spread <= 0) continue;
      const double slope = (fit.uy[k] - sums.u[k] * fit.y / n) / spread;
      const double residual = fit.yy - fit.y * fit.y / n - slope * slope * spread;
      if (residual >= least) continue;
      least = residual;
      const double constant = (fit.y - slope * sums.u[k]) / n;
      predicted = constant + slope * powers_[longest_ - 1][k];
    }
    const double scatter = std::sqrt(std::max(0.0, least) / std::max(1.0, n - 3));
    return fit.origin + predicted - kFifthPercent * scatter;
  }

  std::vector<Fit> fits_;
  size_t longest_;
  std::vector<std::array<double, kExponents.size()>> powers_;  // of point n + 1
  std::vector<Sums> sums_;                                     // of the first n points
  double incumbent_ = kInfinity;
};

struct Event {
  double time_s;
  uint32_t racer;
  uint32_t step;  // the schedule's size: the run's end
};

class Replay {
 public:
  Replay(const Race& race, const StoppingRule& rule, Judge& judge)
      : race_(race), judge_(judge), schedule_(schedule(rule, race.longest())) {}

  std::vector<Stop> run() {
    std::vector<Stop> stops(race_.racers.size());
    std::vector<Progress> progress(race_.racers.size());
    for (const Event& event : events()) {
      if (stops[event.racer]) continue;
      Progress& own = progress[event.racer];
      const bool is_end = event.step == schedule_.size();
      read(event.racer, is_end ? race_.racers[event.racer].count : schedule_[event.step], &own);
      if (!is_end) {
        // At its last point a finished run cannot be stopped; what it got to counts for others.
        const Racer& racer = race_.racers[event.racer];
        const bool stops_now = judge_.stops(event.racer, event.step, own);
        if (stops_now && (racer.is_running || own.seen < racer.count)) {
          stops[event.racer] = own.seen;
        }
      }
      if (is_end || stops[event.racer]) judge_.ended(own);
    }
    return stops;
  }

 private:
  std::vector<Event> events() const {
    std::vector<Event> out;
    for (size_t r = 0; r < race_.racers.size(); ++r) {
      const Racer& racer = race_.racers[r];
      const auto at = [&](size_t point) {
        return racer.begin_s + race_.seconds[racer.first + point - 1];
      };
      for (size_t step = 0; step < schedule_.size(); ++step) {
        const size_t point = schedule_[step];
        if (point > racer.count) break;
        out.push_back({at(point), static_cast<uint32_t>(r), static_cast<uint32_t>(step)});
      }
      if (!racer.is_running && racer.count > 0) {
        out.push_back(
            {at(racer.count), static_cast<uint32_t>(r), static_cast<uint32_t>(schedule_.size())});
      }
    }
    std::sort(out.begin(), out.end(), [](const Event& a, const Event& b) {
      if (a.time_s != b.time_s) return a.time_s < b.time_s;
      return a.racer != b.racer ? a.racer < b.racer : a.step < b.step;
    });
    return out;
  }

  void read(size_t racer, size_t points, Progress* own) {
    const size_t first = race_.racers[racer].first;
    for (; own->seen < points; ++own->seen) {
      const double value = worth(race_.values[first + own->seen]);
      own->sum += value;
      own->best = std::min(own->best, value);
      judge_.read(racer, value);
    }
  }

  const Race& race_;
  Judge& judge_;
  std::vector<size_t> schedule_;
};

// Needs no other run.
std::vector<Stop> replay_patience(const Race& race, const StoppingRule& rule) {
  std::vector<Stop> stops(race.racers.size());
  for (size_t r = 0; r < race.racers.size(); ++r) {
    const Racer& racer = race.racers[r];
    const size_t last = racer.is_running ? racer.count : racer.count - 1;
    double best = kInfinity;
    size_t since = 0;
    for (size_t i = 0; i < last; ++i) {
      const double value = worth(race.values[racer.first + i]);
      since = value < best ? 0 : since + 1;
      best = std::min(best, value);
      if (since >= rule.patience && i + 1 >= rule.grace) {
        stops[r] = i + 1;
        break;
      }
    }
  }
  return stops;
}

}  // namespace

std::string_view name_of(RuleKind kind) {
  switch (kind) {
    case RuleKind::kMedian: return "median";
    case RuleKind::kHalving: return "halving";
    case RuleKind::kPatience: return "patience";
    case RuleKind::kPowerLaw: return "power_law";
  }
  return "";
}

std::optional<RuleKind> parse_rule(std::string_view name) {
  for (const RuleKind kind : kRuleKinds) {
    if (name == name_of(kind)) return kind;
  }
  return std::nullopt;
}

std::string StoppingRule::text() const {
  const std::string from = " from point " + std::to_string(grace) + " on";
  const std::string often = every == 1 ? "" : ", every " + std::to_string(every);
  switch (kind) {
    case RuleKind::kMedian:
      return "median: best so far is worse than the median of the others' averages" + from + often;
    case RuleKind::kHalving:
      return "halving: at points " + std::to_string(grace) + ", " +
             std::to_string(static_cast<size_t>(static_cast<double>(grace) * eta)) +
             ", ... the best 1/" + number_text(eta) + " go on";
    case RuleKind::kPatience:
      return "patience: " + std::to_string(patience) + " points without a new best";
    case RuleKind::kPowerLaw:
      return "power_law: the curve as it runs will not reach the best that ended" + from + often;
  }
  return "";
}

StoppingRule usual_rule(RuleKind kind, size_t longest) {
  StoppingRule rule;
  rule.kind = kind;
  rule.grace = std::max<size_t>(1, longest / 10);
  rule.every = std::max<size_t>(1, longest / 20);
  rule.patience = std::max<size_t>(2, longest / 10);
  return rule;
}

size_t Race::longest() const {
  size_t out = 0;
  for (const Racer& racer : racers) out = std::max(out, racer.count);
  return out;
}

std::vector<Stop> replay(const Race& race, const StoppingRule& rule) {
  const size_t longest = race.longest();
  const size_t steps = schedule(rule, longest).size();
  switch (rule.kind) {
    case RuleKind::kPatience: return replay_patience(race, rule);
    case RuleKind::kMedian: {
      MedianJudge judge(steps);
      return Replay(race, rule, judge).run();
    }
    case RuleKind::kHalving: {
      HalvingJudge judge(steps, std::max(1.1, rule.eta));
      return Replay(race, rule, judge).run();
    }
    case RuleKind::kPowerLaw: {
      PowerLawJudge judge(race.racers.size(), longest);
      return Replay(race, rule, judge).run();
    }
  }
  return {};
}

Best best_of(const Race& race, const Racer& racer, size_t points) {
  Best out{kInfinity, 0};
  for (size_t i = 0; i < points; ++i) {
    const double value = worth(race.values[racer.first + i]);
    if (value < out.value) out = {value, i};
  }
  return out;
}

}  // namespace headrace::query
