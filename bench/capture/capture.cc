// What a captured task adds in C++, in ns, beside the floors of the same run: one JSON line a row.
//
// Rows are measured in interleaved blocks of 1,000 operations and the minimum over the blocks is
// taken, which is what made such figures repeatable on a shared machine. What is captured goes
// where HEADRACE_DIR says.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <headrace/headrace.hpp>

#include "base/clock.h"
#include "capture/recorder.h"
#include "capture/task.h"

namespace {

using headrace::Role;
using headrace::TaskStatus;
namespace capture = headrace::capture;
using namespace headrace::literals;  // NOLINT: meant for this

constexpr int kBlock = 1000;
constexpr int kBlocks = 400;

template <typename T>
inline void keep(const T& value) {
  asm volatile("" : : "r,m"(value) : "memory");
}

struct Row {
  std::string name;
  std::function<void()> block;  // kBlock operations
  double best_ns = 1e300;
};

double now_ns() { return static_cast<double>(headrace::read_clock_ns(CLOCK_MONOTONIC)); }

void print(const std::string& name, double ns, double floor_ns, const char* floor) {
  std::printf(
      "{\"suite\":\"capture\",\"row\":\"%s\",\"ns\":%.1f,\"floor\":\"%s\",\"ratio\":%.2f}\n",
      name.c_str(), ns, floor, ns / floor_ns);
}

// Single calls on `threads` threads, each between two clock reads of its own: what a caller may
// have to wait, the machine's other work included. ns, without the cost of an empty pair of reads.
void single_calls(int threads, const std::function<void(int)>& body, const char* name,
                  double floor_ns) {
  constexpr int kCalls = 100'000;
  const double from_ns = now_ns();
  const uint64_t from_ticks = headrace::ticks();
  std::vector<std::vector<uint64_t>> taken(static_cast<size_t>(threads));
  std::vector<std::thread> workers;
  for (std::vector<uint64_t>& mine : taken) {
    workers.emplace_back([&body, &mine] {
      mine.reserve(kCalls);
      for (int i = 0; i < kCalls; ++i) {
        const uint64_t before = headrace::ticks();
        body(i);
        mine.push_back(headrace::ticks() - before);
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  const double ns_per_tick =
      (now_ns() - from_ns) / static_cast<double>(headrace::ticks() - from_ticks);
  std::vector<uint64_t> all;
  for (const std::vector<uint64_t>& mine : taken) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  const auto at = [&](double quantile) {
    const auto index = static_cast<size_t>(quantile * static_cast<double>(all.size() - 1));
    return static_cast<double>(all[index]) * ns_per_tick - floor_ns / 2;
  };
  std::printf(
      "{\"suite\":\"capture\",\"row\":\"%s, one call, %d threads\",\"ns\":%.1f,\"floor\":\"two "
      "clock "
      "reads\",\"ratio\":%.2f,\"p50_ns\":%.0f,\"p99_ns\":%.0f,\"p999_ns\":%.0f}\n",
      name, threads, at(0), at(0) / floor_ns, at(0.5), at(0.99), at(0.999));
  capture::Recorder::get()->flush();
}

// Sustained: `threads` threads record for about a second; what reached the file, per second.
void sustained(int threads, const std::function<void(int)>& body, const char* name) {
  capture::Recorder& recorder = *capture::Recorder::get();
  recorder.flush();
  const capture::CaptureCounters before = recorder.counters();
  const double from_ns = now_ns();
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&body] {
      for (int i = 0; i < 500'000; ++i) body(i);
    });
  }
  for (std::thread& worker : workers) worker.join();
  recorder.flush();
  const double seconds = (now_ns() - from_ns) / 1e9;
  const capture::CaptureCounters after = recorder.counters();
  const auto records = static_cast<double>(after.records - before.records);
  const auto bytes = static_cast<double>(after.bytes - before.bytes);
  std::printf(
      "{\"suite\":\"capture\",\"row\":\"sustained %s, %d threads\",\"records_per_s\":%.0f,"
      "\"bytes_per_record\":%.1f,\"dropped\":%llu}\n",
      name, threads, records / seconds, bytes / records,
      static_cast<unsigned long long>(after.dropped - before.dropped));
}

}  // namespace

int main() {
  const uint32_t activity = capture::intern_activity("work");
  const uint32_t names[8] = {capture::name_id("lr"),   capture::name_id("batch"),
                             capture::name_id("seed"), capture::name_id("width"),
                             capture::name_id("loss"), capture::name_id("acc"),
                             capture::name_id("step"), capture::name_id("ok")};
  const auto task = [activity] {
    capture::end_task(capture::begin_task(activity), TaskStatus::kFinished);
  };
  const auto task3 = [activity, &names](int i) {
    capture::TaskState* t = capture::begin_task(activity);
    t->fields.add_float(Role::kUsed, names[0], 0.001);
    t->fields.add_int(Role::kUsed, names[1], i);
    t->fields.add_float(Role::kGenerated, names[4], 0.4321);
    capture::end_task(t, TaskStatus::kFinished);
  };
  const auto cpp_task3 = [](int i) {
    headrace::Task t("work"_activity, {{"lr"_name, 0.001}, {"batch"_name, i}});
    t.generated({{"loss"_name, 0.4321}});
  };
  const auto cpp_task3_plain = [](int i) {
    headrace::Task t("work", {{"lr", 0.001}, {"batch", i}});
    t.generated({{"loss", 0.4321}});
  };
  const auto task8 = [activity, &names](int i) {
    capture::TaskState* t = capture::begin_task(activity);
    for (size_t k = 0; k < 4; ++k) t->fields.add_float(Role::kUsed, names[k], 0.5 * i);
    for (size_t k = 4; k < 8; ++k) t->fields.add_float(Role::kGenerated, names[k], 0.25 * i);
    capture::end_task(t, TaskStatus::kFinished);
  };

  std::vector<Row> rows;
  const auto add = [&rows](const char* name, auto one) {
    rows.push_back({name, [one] {
                      for (int i = 0; i < kBlock; ++i) one(i);
                    }});
  };
  add("clock: ticks()", [](int) { keep(headrace::ticks()); });
  add("clock: two reads", [](int) {
    keep(headrace::ticks());
    keep(headrace::ticks());
  });
  add("clock: clock_gettime(MONOTONIC)", [](int) { keep(headrace::now_monotonic_ns()); });
  add("task, no values", [&](int) { task(); });
  add("task, 3 values", [&](int i) { task3(i); });
  add("C++ API: task, 3 values", [&](int i) { cpp_task3(i); });
  add("C++ API: task, 3 values, names looked up", [&](int i) { cpp_task3_plain(i); });
  add("task, 4 + 4 values", [&](int i) { task8(i); });
  for (int b = 0; b < kBlocks; ++b) {
    for (Row& row : rows) {
      const double from_ns = now_ns();
      row.block();
      row.best_ns = std::min(row.best_ns, (now_ns() - from_ns) / kBlock);
    }
    // The drain must not be what is measured, nor must a full pool.
    if (b % 20 == 0) capture::Recorder::get()->flush();
  }
  const double floor_ns = rows[1].best_ns;
  for (const Row& row : rows) print(row.name, row.best_ns, floor_ns, "two clock reads");
  for (const int threads : {1, 2, 4}) {
    single_calls(
        threads, [&](int) { task(); }, "task, no values", floor_ns);
    single_calls(
        threads, [&](int i) { task3(i); }, "task, 3 values", floor_ns);
  }
  for (const int threads : {1, 2, 4}) {
    sustained(
        threads, [&](int) { task(); }, "tasks without values");
    sustained(
        threads, [&](int i) { task8(i); }, "tasks with 4 + 4 values");
  }
  const capture::CaptureCounters counters = capture::Recorder::get()->counters();
  std::fprintf(stderr, "%llu records, %llu dropped, drained by producers %llu times\n",
               static_cast<unsigned long long>(counters.records),
               static_cast<unsigned long long>(counters.dropped),
               static_cast<unsigned long long>(counters.producer_drains));
  capture::stop_capture(TaskStatus::kFinished);
  return counters.dropped == 0 ? 0 : 1;
}
