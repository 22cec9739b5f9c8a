// Every fault of a source against every provider, the whole way from its answers to the joules of
// tasks: no joule more than was drawn, and what is not known lowers the coverage and says why.
#include <array>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "energy/attribute.h"
#include "store/store.h"
#include "telemetry/change_filter.h"
#include "telemetry/pace.h"
#include "telemetry/ways_for_test.h"

namespace headrace::collect {
namespace {

using store::Store;
using telemetry::kWays;
using telemetry::Provider;
using telemetry::Way;

constexpr double kPower_w = 300;
constexpr int kEnd_s = 13;
constexpr int kFault_s = 5;  // amid a task, until second 7.2
constexpr int kTask_s = 2;

struct FaultWords {
  const char* fault;
  std::vector<const char*> reasons;  // one of them stands in the record
};
// A kernel file that was open when its permission was taken, or whose answer is cut off, may show
// nothing at all instead; a library says no more than that it failed.
const std::array<FaultWords, 9> kFaults{{
    {"none", {}},
    {"denied", {"no permission", "read failed"}},
    {"failing", {"read failed"}},
    {"lost", {"gone"}},
    {"torn", {"torn", "read failed"}},
    {"frozen", {"frozen", "not refreshed"}},
    {"zero", {"spurious zero", "reset"}},
    {"impossible", {"impossible"}},
    {"reset", {"reset", "spurious zero"}},
}};

// One store a way: each fault happens on a host of its own, and the energy of all is computed at
// once.
class EnergyFaults : public testing::TestWithParam<size_t> {
 protected:
  EnergyFaults() : store_(std::move(*Store::open_in_memory())) {}
  ~EnergyFaults() override { unsetenv(lab::kFolderVariable); }

  void run(const std::string& sql) {
    const Status status = store_.connection().run(sql);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  double real(const std::string& sql) {
    Result<store::QueryResult> rows = store_.connection().query("SELECT (" + sql + ")::DOUBLE");
    EXPECT_TRUE(rows.ok() && rows->next()) << sql;
    return rows->chunk().is_null(0, 0) ? -1 : rows->chunk().real(0, 0);
  }
  std::string text(const std::string& sql) {
    return store_.connection().text("SELECT coalesce((" + sql + "), '')").value_or("?");
  }

  // What a sampler would have stored of this sensor, read at its pace from second 0.5 on, by the
  // producer of that number.
  void record(telemetry::TurnedLab& lab, Provider& provider, const char* name, size_t producer) {
    const std::string number = std::to_string(producer);
    const std::string id = std::to_string(2 * producer);
    const telemetry::Probe probe = provider.probe();
    telemetry::Pace pace(probe.sensors, {});
    std::vector<telemetry::Reading> readings(probe.sensors.size());
    size_t at = 0;
    while (at < probe.sensors.size() && probe.sensors[at].sensor.name != name) ++at;
    ASSERT_LT(at, probe.sensors.size()) << probe.sources[0].detail;
    const Sensor& sensor = probe.sensors[at].sensor;
    domain_ = sensor.domain;
    run("INSERT INTO sensor_row VALUES (" + id + ", " + number + ", 1, '" + sensor.name +
        "', 'hw.energy', 'J', "
        "'counter', '" +
        sensor.domain + "', '" + sensor.source + "', 'measured', '', '', '" + sensor.device +
        "', " + std::to_string(sensor.scale * 1e9) + "::DOUBLE / 1e9, " +
        std::to_string(sensor.range) + ")");
    telemetry::ChangeFilter filter(probe.sensors[at]);
    std::string rows;
    while (lab.now_ns() < int64_t{kEnd_s} * 1'000'000'000) {
      std::fill(readings.begin(), readings.end(), telemetry::Reading());
      provider.sweep(readings);
      const int64_t now_ns = lab.now_ns();
      pace.swept(readings, now_ns, 0);
      telemetry::Sample samples[2];
      const int count =
          filter.push(readings[at], static_cast<uint64_t>(now_ns), now_ns, false, samples);
      for (int i = 0; i < count; ++i) {
        const int flags = samples[i].gap ? 1 | flags_of(samples[i].why) : 0;
        rows += (rows.empty() ? "(" : ", (") + id + ", " + std::to_string(samples[i].at_ticks) +
                ", " + std::to_string(samples[i].raw) + ", " + std::to_string(flags) + ")";
      }
      lab.turn_to(static_cast<double>(now_ns + pace.step_ns(0)) * 1e-9);
    }
    run("INSERT INTO sample_row VALUES " + rows);
  }

  void check(const Way& way, const FaultWords& words, const std::string& number);

  Store store_;
  std::string domain_;
};
INSTANTIATE_TEST_SUITE_P(EachWay, EnergyFaults, testing::Range(size_t{0}, std::size(kWays)),
                         [](const auto& way) { return std::string(kWays[way.param].name); });

TEST_P(EnergyFaults, MakeNoJouleAndSayWhatIsNotKnown) {
  const Way& way = kWays[GetParam()];
  for (size_t i = 0; i < kFaults.size(); ++i) {
    std::string scenario =
        "power a 300W\nmeter " + std::string(way.meter) + " a period=100ms start=5000J chip=lab\n";
    if (!kFaults.at(i).reasons.empty()) {
      scenario += "fault " + std::string(way.meter) + " " + kFaults.at(i).fault + " " +
                  std::to_string(kFault_s) + "s 7.2s\n";
    }
    telemetry::TurnedLab lab(scenario);
    ASSERT_EQ(setenv(lab::kFolderVariable, lab.folder().c_str(), 1), 0);
    lab.turn_to(0.5);
    const std::string number = std::to_string(i + 1);
    run("INSERT INTO producer_row(producer, uid, prefix, hostname, pid) VALUES (" + number +
        ", 100" + number + ", '000000000000100" + number + "', 'h" + number + "', 101)");
    const auto provider = way.make(lab);
    record(lab, *provider, way.sensor, i + 1);
    const std::string id = std::to_string(2 * i + 3);
    run("INSERT INTO sensor_row VALUES (" + id + ", " + number +
        ", 2, 'process.cpu_time', 'process.cpu.time', 's', "
        "'counter', 'process', 'proc', 'measured', '', '', '', 1e-9, 0)");
    run("INSERT INTO sample_row SELECT " + id +
        ", i * 100000000, i * 100000000, 0 FROM range(131) t(i)");
    run("INSERT INTO task_slots(producer, seq, wf, ts, dur) SELECT " + number + ", i + 1, 1, " +
        std::to_string(kTask_s) + " * i * 1000000000, " + std::to_string(kTask_s) +
        " * 1000000000 FROM range(6) t(i)");
  }
  const Result<energy::Attributed> done = energy::attribute(store_);
  ASSERT_TRUE(done.ok()) << done.status().message();
  for (size_t i = 0; i < kFaults.size(); ++i) {
    SCOPED_TRACE(kFaults.at(i).fault);
    check(way, kFaults.at(i), std::to_string(i + 1));
  }
}

// `number`: of the producer, and of its host.
void EnergyFaults::check(const Way& way, const FaultWords& words, const std::string& number) {
  const bool faulty = !words.reasons.empty();
  const std::string of =
      " FROM energy_domain WHERE domain = '" + domain_ + "' AND hostname = 'h" + number + "'";
  const double truth_j = kPower_w * (kEnd_s - 0.5);
  const double measured_j = real("SELECT measured_j" + of);
  // A refresh whose time is taken to lie in the first reading's step, and a step of the counter.
  EXPECT_LE(measured_j, truth_j + kPower_w * 0.1 + 2 * way.quantum_j) << "phantom joules";
  const double coverage = real("SELECT coverage" + of);
  const std::string reason = text("SELECT reason" + of);
  if (!faulty) {
    EXPECT_NEAR(measured_j, truth_j, kPower_w * 0.2 + 2 * way.quantum_j);
    EXPECT_EQ(coverage, 1);
    EXPECT_EQ(reason, "");
  } else {
    EXPECT_LT(coverage, 1);
    bool said = false;
    for (const char* word : words.reasons) said = said || reason.find(word) != std::string::npos;
    EXPECT_TRUE(said) << words.fault << " is told as: " << reason;
    EXPECT_GT(measured_j, truth_j - kPower_w * 4.5) << "what was known all the time is kept";
  }
  if (text("SELECT role" + of) != "divided") return;
  const auto task = [&](int seq, const char* column) {
    return std::string("SELECT ") + column + " FROM task_energy_row WHERE producer = " + number +
           " AND seq = " + std::to_string(seq);
  };
  // Of the tasks long before and after, all is known; of the one amid it, not.
  for (const int seq : {2, 6}) {
    EXPECT_NEAR(real(task(seq, "share_j")), kPower_w * kTask_s, 0.1 * kPower_w * kTask_s) << seq;
    EXPECT_NEAR(real(task(seq, "coverage")), 1, 1e-6) << seq;
    EXPECT_EQ(text(task(seq, "reason")), "") << seq;
  }
  constexpr int kAmid = kFault_s / kTask_s + 1;
  if (!faulty) return;
  EXPECT_LT(real(task(kAmid, "coverage")), 1);
  EXPECT_NE(text(task(kAmid, "reason")), "");
  EXPECT_LE(real("SELECT sum(share_j) FROM task_energy_row WHERE producer = " + number),
            truth_j + kPower_w * 0.1);
}

}  // namespace
}  // namespace headrace::collect
