#include "lab/scenario.h"

#include <algorithm>
#include <array>
#include <optional>

#include "lab/quantity.h"

namespace headrace::lab {
namespace {

using Words = std::vector<std::string_view>;

Words words_of(std::string_view line) {
  Words out;
  line = line.substr(0, line.find('#'));
  while (true) {
    const size_t from = line.find_first_not_of(" \t\r");
    if (from == std::string_view::npos) return out;
    line.remove_prefix(from);
    const size_t to = std::min(line.find_first_of(" \t\r"), line.size());
    out.push_back(line.substr(0, to));
    line.remove_prefix(to);
  }
}

// power NAME W [TIME W]... [repeat TIME]
Status read_power(const Words& words, Scenario& out) {
  const Status usage = invalid_argument("write it as: power NAME 70W [2s 250W]... [repeat 6s]");
  if (words.size() < 3) return usage;
  std::vector<PowerTrace::Step> steps;
  int64_t at_ns = 0;
  int64_t repeat_ns = 0;
  for (size_t i = 2; i < words.size(); ++i) {
    const bool repeat = words[i] == "repeat";
    if (i > 2) {
      if (repeat && ++i == words.size()) return usage;
      const auto time = time_ns(words[i]);
      if (!time) return usage;
      at_ns = *time;
      if (repeat) {
        if (i + 1 != words.size()) return usage;
        repeat_ns = at_ns;
        break;
      }
      if (++i == words.size()) return usage;
    }
    const auto power = power_mw(words[i]);
    if (!power) return usage;
    steps.push_back({at_ns, *power});
  }
  Result<PowerTrace> trace = PowerTrace::of(std::move(steps), repeat_ns);
  if (!trace.ok()) return trace.status();
  out.traces[std::string(words[1])] = std::move(*trace);
  return ok_status();
}

bool set_habit(std::string_view key, std::string_view value, Habit& habit) {
  const auto share = [&](double& out) {
    const auto percent = quantity(value, "", 1e9);
    if (percent) out = static_cast<double>(*percent) * 1e-9;
    return percent.has_value() && out <= 1;
  };
  if (key == "jitter") return share(habit.jitter);
  if (key == "duty") return share(habit.duty) && habit.duty > 0;
  std::optional<int64_t> number;
  if (key == "period") {
    number = time_ns(value);
    habit.period_ns = number.value_or(0);
    return habit.period_ns > 0;
  }
  if (key == "seed") {
    number = quantity(value, "", 1);
    habit.seed = static_cast<uint64_t>(number.value_or(0));
  } else {
    number = energy_uj(value);
    uint64_t& place = key == "quantum" ? habit.quantum_uj
                      : key == "range" ? habit.range_uj
                                       : habit.start_uj;
    place = static_cast<uint64_t>(number.value_or(0));
  }
  return number.has_value();
}

// meter KIND NAME POWER [KEY=VALUE]...
Status read_meter(const Words& words, Scenario& out) {
  if (words.size() < 4) {
    return invalid_argument("write it as: meter KIND NAME POWER [KEY=VALUE]...");
  }
  Instrument one;
  one.kind = words[1];
  one.name = words[2];
  one.power = words[3];
  const auto trace = out.traces.find(one.power);
  if (trace == out.traces.end()) {
    return invalid_argument("no power '" + one.power + "' stands above: give it a line of its own");
  }
  one.trace = trace->second;
  one.habit.seed = out.instruments.size() + 1;
  constexpr std::array kHabits{"period", "jitter", "duty", "quantum", "range", "start", "seed"};
  for (size_t i = 4; i < words.size(); ++i) {
    const size_t equals = words[i].find('=');
    if (equals == std::string_view::npos) {
      return invalid_argument("'" + std::string(words[i]) + "' is not KEY=VALUE");
    }
    const std::string_view key = words[i].substr(0, equals);
    const std::string_view value = words[i].substr(equals + 1);
    if (std::find(kHabits.begin(), kHabits.end(), key) == kHabits.end()) {
      one.keys[std::string(key)] = value;
    } else if (!set_habit(key, value, one.habit)) {
      return invalid_argument("'" + std::string(words[i]) +
                              "' has no such value: period=100ms jitter=0.03 duty=0.25 "
                              "quantum=1J range=65536J start=5J seed=7");
    }
  }
  out.instruments.push_back(std::move(one));
  return ok_status();
}

// fault KIND NAME WHAT [FROM [TO]]
Status read_fault(const Words& words, Scenario& out) {
  constexpr std::array<std::pair<std::string_view, FaultKind>, 8> kFaults{{
      {"denied", FaultKind::kDenied},
      {"failing", FaultKind::kFailing},
      {"lost", FaultKind::kLost},
      {"reset", FaultKind::kReset},
      {"frozen", FaultKind::kFrozen},
      {"torn", FaultKind::kTorn},
      {"impossible", FaultKind::kImpossible},
      {"zero", FaultKind::kZero},
  }};
  const Status usage = invalid_argument(
      "write it as: fault KIND NAME denied|failing|lost|reset|frozen|torn|impossible|zero "
      "[FROM [TO]]");
  if (words.size() < 4 || words.size() > 6) return usage;
  const auto kind = std::find_if(kFaults.begin(), kFaults.end(),
                                 [&](const auto& one) { return one.first == words[3]; });
  if (kind == kFaults.end()) return usage;
  Fault fault;
  fault.kind = kind->second;
  for (size_t i = 4; i < words.size(); ++i) {
    const auto time = time_ns(words[i]);
    if (!time) return usage;
    (i == 4 ? fault.from_ns : fault.to_ns) = *time;
  }
  for (Instrument& one : out.instruments) {
    if (one.kind != words[1] || one.name != words[2]) continue;
    one.faults.push_back(fault);
    return ok_status();
  }
  return invalid_argument("no meter " + std::string(words[1]) + " " + std::string(words[2]) +
                          " stands above");
}

}  // namespace

std::string Instrument::key(const std::string& which, const std::string& otherwise) const {
  const auto at = keys.find(which);
  return at == keys.end() ? otherwise : at->second;
}

std::vector<Instrument> Scenario::of_kind(std::string_view kind) const {
  std::vector<Instrument> out;
  std::copy_if(instruments.begin(), instruments.end(), std::back_inserter(out),
               [&](const Instrument& one) { return one.kind == kind; });
  return out;
}

Result<Scenario> Scenario::parse(std::string_view text) {
  Scenario out;
  for (size_t line_number = 1; !text.empty(); ++line_number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const Words words = words_of(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    const Status status = words[0] == "power"   ? read_power(words, out)
                          : words[0] == "meter" ? read_meter(words, out)
                          : words[0] == "fault"
                              ? read_fault(words, out)
                              : invalid_argument("a line begins with power, meter or fault");
    if (!status.ok()) return status.with_context("line " + std::to_string(line_number));
  }
  return out;
}

}  // namespace headrace::lab
