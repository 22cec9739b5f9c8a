#include "made_folder.h"

#include <memory>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "collect/fold.h"
#include "collect/spool_fixture.h"
#include "encode/sensor_entry.h"
#include "energy/attribute.h"
#include "made_sensors.h"
#include "made_tasks.h"

namespace headrace::bench {
namespace {

namespace fs = std::filesystem;
using collect::SpoolFixture;

constexpr int64_t kSampleEvery_ns = 100'000'000;
constexpr uint64_t kTasksOfSegment = 200'000;

// One process: its dictionary, its share of the tasks, its samples.
class Process {
 public:
  Process(const Directory& directory, uint32_t producer)
      : spool_(directory, producer_uid(producer)), samples_energy_(producer == 0) {
    spool_.frame_bytes = kMaxPayloadBytes;
    for (uint32_t a = 0; a < kActivities; ++a) {
      activities_.push_back(spool_.activity(activity_name(a)));
      std::vector<collect::ShapeField> fields;
      for (const Role role : {Role::kUsed, Role::kGenerated}) {
        for (const MadeKey& key : keys_of(role, a)) fields.push_back({key.name, role, key.type});
      }
      shapes_.push_back(spool_.shape(fields));
    }
    for (uint32_t w = 0; w < kWorkflows; ++w) {
      workflows_.push_back(spool_.workflow_id(workflow_uuid(w)));
    }
    name_ = spool_.string("sweep");
    campaign_ = spool_.campaign_id({0x7800000000004000, uint64_t{1} << 63}, "bench");
    energy_ = spool_.entry(EntryKind::kSensor, encode_sensor(package_energy()));
    cpu_ = spool_.entry(EntryKind::kSensor, encode_sensor(process_cpu_time()));
  }

  void add(const MadeTask& t) {
    sample_until(t.begin_ns);
    if (workflow_ != t.workflow) {
      end_workflow();
      workflow_ = t.workflow;
      workflow_begin_ns_ = t.begin_ns;
    }
    std::vector<collect::CellValue> cells(t.used.begin(), t.used.end());
    cells.insert(cells.end(), t.generated.begin(), t.generated.end());
    spool_.task({.activity = activities_[t.activity],
                 .workflow = workflows_[t.workflow],
                 .number = t.number,
                 .begin = static_cast<uint64_t>(t.begin_ns),
                 .end = static_cast<uint64_t>(t.end_ns),
                 .shape = shapes_[t.activity],
                 .cells = std::move(cells),
                 .status = t.failed ? TaskStatus::kFailed : TaskStatus::kFinished});
    last_ns_ = std::max(last_ns_, t.end_ns);
    if (++tasks_ % kTasksOfSegment == 0) seal();
  }

  // Returns the bytes of its segments.
  uint64_t end() {
    end_workflow();
    sample_until(last_ns_ + 2 * kSampleEvery_ns);
    spool_.describe({{"host", "bench"},
                     {"pid", std::to_string(1 + spool_.producer() % 16)},
                     {"ended", "clean"},
                     {"records", std::to_string(spool_.drawn())}});
    seal();
    return bytes_;
  }

 private:
  void end_workflow() {
    if (workflow_ == kWorkflows) return;
    spool_.workflow({.workflow = workflows_[workflow_],
                     .campaign = campaign_,
                     .name = name_,
                     .begin = static_cast<uint64_t>(workflow_begin_ns_),
                     .end = static_cast<uint64_t>(last_ns_),
                     .status = TaskStatus::kFinished});
  }
  void sample_until(int64_t at_ns) {
    for (; sampled_ns_ <= at_ns; sampled_ns_ += kSampleEvery_ns) {
      if (samples_energy_) sample(energy_, sampled_ns_ / 10);  // 100 W in uJ
      sample(cpu_, sampled_ns_);                               // one CPU in ns
    }
  }
  void sample(uint32_t sensor, int64_t raw) {
    SampleRecord record{};
    record.header.kind = RecordKind::kSample;
    record.sensor_id = sensor;
    record.at_ticks = static_cast<uint64_t>(sampled_ns_);
    record.raw = static_cast<uint64_t>(raw);
    spool_.add(2, record);
  }
  void seal() {
    spool_.clock(static_cast<uint64_t>(last_ns_));
    bytes_ += fs::file_size(spool_.seal());
  }

  SpoolFixture spool_;
  bool samples_energy_;
  std::vector<uint32_t> activities_, shapes_, workflows_;
  uint32_t name_ = 0, campaign_ = 0, energy_ = 0, cpu_ = 0;
  uint32_t workflow_ = kWorkflows;  // none yet
  int64_t workflow_begin_ns_ = 0;
  int64_t sampled_ns_ = 0;
  int64_t last_ns_ = 0;
  uint64_t tasks_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace

Result<MadeFolder> make_folder(const fs::path& folder, uint64_t tasks) {
  const Directory directory{folder / ".headrace"};
  MadeFolder made;
  made.root = directory.root;
  made.tasks = tasks;
  std::unique_ptr<Process> process;
  uint32_t producer = kProducers;
  each_task(tasks, [&](const MadeTask& task) {
    if (task.producer != producer) {
      if (process != nullptr) made.segment_bytes += process->end();
      producer = task.producer;
      process = std::make_unique<Process>(directory, producer);
    }
    process->add(task);
  });
  if (process != nullptr) made.segment_bytes += process->end();
  process.reset();

  Result<store::Store> store = store::Store::open(directory.store(), store::OpenMode::kReadWrite);
  if (!store.ok()) return store.status();
  Result<collect::FoldReport> report = collect::fold(directory, *store);
  if (!report.ok()) return report.status();
  if (report->tasks != tasks || report->quarantined != 0) {
    return corrupt("of " + std::to_string(tasks) + " tasks " + std::to_string(report->tasks) +
                   " were folded, " + std::to_string(report->quarantined) + " set aside");
  }
  made.fold_s = static_cast<double>(report->elapsed_ns) / 1e9;
  const int64_t begin_ns = now_monotonic_ns();
  const Result<energy::Attributed> energy = energy::attribute(*store);
  if (!energy.ok()) return energy.status();
  made.energy_s = static_cast<double>(now_monotonic_ns() - begin_ns) / 1e9;
  HEADRACE_RETURN_IF_ERROR(store->connection().run("CHECKPOINT"));
  return made;
}

}  // namespace headrace::bench
