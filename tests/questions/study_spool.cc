#include "study_spool.h"

#include <cmath>

#include "base/bytes.h"
#include "collect/spool_fixture.h"
#include "encode/record.h"
#include "encode/sensor_entry.h"
#include "study_machine.h"

namespace headrace::questions {
namespace {

using collect::cell_of;
using collect::SpoolFixture;

constexpr uint64_t kMs_ns = 1'000'000;
constexpr uint32_t kSamplesRing = 1000;
constexpr uint32_t kOthersRing = 999;
constexpr int64_t kSampleEvery_ms = 100;
constexpr int64_t kGpuEvery_ms = 20;

ProducerId producer_of(size_t workflow) { return 0x5719d7000 + workflow; }

Sensor sensor(const std::string& name, const std::string& quantity, const std::string& unit,
              const std::string& domain, const std::string& source, double scale,
              SensorKind kind = SensorKind::kGauge) {
  Sensor out;
  out.name = name;
  out.quantity = quantity;
  out.unit = unit;
  out.domain = domain;
  out.source = source;
  out.scale = scale;
  out.kind = kind;
  return out;
}

Sensor of_gpu(const std::string& host, Sensor out) {
  out.device = "emulated GPU of " + host;
  return out;
}

// One process: its workflow's tasks, and the readings that it took while it lived.
class StudyProcess {
 public:
  StudyProcess(const Directory& directory, const StudyPlan& plan, size_t workflow)
      : plan_(plan),
        number_(workflow),
        about_(plan.workflows[workflow]),
        spool_(directory, producer_of(workflow)) {
    spool_.frame_bytes = 32 << 10;
  }

  void write() {
    workflow_ = spool_.workflow_id(id_of_workflow(number_));
    std::string ring;
    ByteWriter bytes(ring);
    bytes.u32(1);
    bytes.u32(static_cast<uint32_t>(1000 + number_));
    spool_.entry(EntryKind::kRing, ring);
    objects();
    for (size_t task = 0; task < plan_.tasks.size(); ++task) {
      if (plan_.tasks[task].workflow == number_) add_task(task);
    }
    spool_.workflow({.workflow = workflow_,
                     .campaign = spool_.campaign_id(named_uuid("campaign", "study"), "study"),
                     .name = spool_.string(about_.name),
                     .begin = at(about_.begin_ms),
                     .end = at(about_.end_ms),
                     .status = TaskStatus::kFinished});
    process_samples();
    if (plan_.hosts[about_.host] != plan_.hosts.back()) {
      node_samples();
    } else {
      estimates();
    }
    spool_.describe({{"host", plan_.hosts[about_.host]},
                     {"pid", std::to_string(1000 + number_)},
                     {"ended", "clean"},
                     {"records", std::to_string(spool_.drawn())}});
    spool_.clock(at(about_.end_ms));
    spool_.seal();
  }

 private:
  static uint64_t at(int64_t ms) { return static_cast<uint64_t>(ms) * kMs_ns; }

  // Said by every process, as each that meets an object does.
  void objects() {
    for (const PlannedObject& object : plan_.objects) {
      ObjectRecord record{};
      record.header.kind = RecordKind::kObject;
      const auto bytes = object.id.bytes();
      std::copy(bytes.begin(), bytes.end(), record.object);
      record.kind_id = spool_.string(object.kind);
      record.workflow_id = workflow_;
      record.at_ticks = at(about_.begin_ms);
      record.shape_id = spool_.shape({{"name", Role::kAttribute, ValueTag::kString},
                                      {"path", Role::kAttribute, ValueTag::kString},
                                      {"size_bytes", Role::kAttribute, ValueTag::kInt}});
      spool_.add(kOthersRing, record,
                 {cell_of(object.name), cell_of("study/" + object.name), cell_of(int64_t{4096})});
    }
  }

  void add_task(size_t number) {
    const PlannedTask& task = plan_.tasks[number];
    std::vector<collect::ShapeField> fields;
    std::vector<collect::CellValue> cells;
    const auto add = [&](const PlannedValues& values, Role role) {
      static constexpr ValueTag kTags[] = {ValueTag::kFloat, ValueTag::kInt, ValueTag::kString,
                                           ValueTag::kObject};
      for (const auto& [key, value] : values) {
        fields.push_back({key, role, kTags[value.index()]});
        cells.push_back(std::visit([](const auto& v) { return cell_of(v); }, value));
      }
    };
    add(task.used, Role::kUsed);
    add(task.generated, Role::kGenerated);
    spool_.task(
        {.activity = spool_.activity(task.activity),
         .workflow = workflow_,
         .number = split_task_uuid(id_of_task(plan_, number)).number,
         .parent =
             task.parent < 0
                 ? 0
                 : split_task_uuid(id_of_task(plan_, static_cast<size_t>(task.parent))).number,
         .begin = at(task.begin_ms),
         .end = at(task.end_ms),
         .shape = spool_.shape(fields),
         .cells = cells});
  }

  uint32_t entry(const Sensor& about) {
    return spool_.entry(EntryKind::kSensor, encode_sensor(about));
  }
  void sample(uint32_t sensor_id, int64_t at_ms, double raw) {
    SampleRecord record{};
    record.header.kind = RecordKind::kSample;
    record.sensor_id = sensor_id;
    record.at_ticks = at(at_ms);
    record.raw = static_cast<uint64_t>(std::llround(raw));
    spool_.add(kSamplesRing, record);
  }

  void process_samples() {
    const uint32_t cpu = entry(sensor("process.cpu_time", "process.cpu.time", "s", "process",
                                      "proc", 1e-9, SensorKind::kCounter));
    const uint32_t own = entry(sensor("headrace.sampler.cpu_time", "headrace.sampler.cpu_time", "s",
                                      "process/sampler", "headrace", 1e-9, SensorKind::kCounter));
    const StudyMachine machine(plan_, about_.host);
    const Counted first = machine.counted(about_.begin_ms);
    for (int64_t ms = about_.begin_ms; ms <= about_.end_ms; ms += kSampleEvery_ms) {
      sample(cpu, ms, machine.counted(ms).busy_ns - first.busy_ns);
      sample(own, ms, static_cast<double>(ms - about_.begin_ms) * 1e3);  // a thousandth of the time
    }
  }

  void estimates() {
    Sensor about = sensor("estimate.cpu", "hw.energy", "J", "node/cpu", "estimate",
                          kEstimate_w * 1e-9, SensorKind::kCounter);
    about.truth = Truth::kEstimated;
    about.method = "cpu_time_x_constant";
    about.assumption = "10.00 W for each busy logical CPU, made up; taken to be right within 50 %";
    const uint32_t energy = entry(about);
    const StudyMachine machine(plan_, about_.host);
    const Counted first = machine.counted(about_.begin_ms);
    for (int64_t ms = about_.begin_ms; ms <= about_.end_ms; ms += kSampleEvery_ms) {
      sample(energy, ms, machine.counted(ms).busy_ns - first.busy_ns);
    }
  }

  void node_samples() {
    const std::string& host = plan_.hosts[about_.host];
    const auto counter = SensorKind::kCounter;
    const auto gpu = [&](const char* name, const char* quantity, const char* unit, double scale,
                         SensorKind kind = SensorKind::kGauge) {
      return entry(of_gpu(host, sensor(name, quantity, unit, "node/gpu-0", "nvml", scale, kind)));
    };
    const uint32_t gpu_energy = gpu("nvml.gpu-0.energy", "hw.energy", "J", 1e-3, counter);
    const uint32_t power = gpu("nvml.gpu-0.power", "hw.power", "W", 1e-3);
    const uint32_t celsius = gpu("nvml.gpu-0.temperature", "hw.temperature", "Cel", 1);
    const uint32_t use = gpu("nvml.gpu-0.utilization", "hw.gpu.utilization", "1", 0.01);
    const uint32_t throttle = gpu("nvml.gpu-0.throttle_reasons", "hw.gpu.throttle_reasons", "1", 1);
    const uint32_t package =
        entry(sensor("rapl.package-0", "hw.energy", "J", "node/cpu-0", "powercap", 1e-6, counter));
    const uint32_t memory =
        entry(sensor("rapl.dram-0", "hw.energy", "J", "node/dram-0", "powercap", 1e-6, counter));
    const uint32_t node =
        entry(sensor("board.energy", "hw.energy", "J", "node", "hwmon", 1e-6, counter));
    const uint32_t busy =
        entry(sensor("cpu.user", "system.cpu.time", "s", "node/cpu", "proc", 0.01, counter));
    const uint32_t idle =
        entry(sensor("cpu.idle", "system.cpu.time", "s", "node/cpu", "proc", 0.01, counter));
    Sensor disk_about =
        sensor("disk.vda.busy", "system.disk.io_time", "s", "node/disk-vda", "proc", 1e-3, counter);
    disk_about.device = "vda";
    const uint32_t disk = entry(disk_about);
    const StudyMachine machine(plan_, about_.host);
    for (int64_t ms = about_.begin_ms; ms <= about_.end_ms; ms += kGpuEvery_ms) {
      const Counted so_far = machine.counted(ms);
      sample(gpu_energy, ms, so_far.gpu_uj * 1e-3);
      if (ms % kSampleEvery_ms != 0) continue;
      const Stretch& now = machine.doing(ms);
      sample(power, ms, now.gpu_w * 1e3);
      sample(celsius, ms, static_cast<double>(machine.celsius(ms)));
      sample(use, ms, now.gpu_use * 100);
      sample(throttle, ms, static_cast<double>(now.throttle));
      sample(package, ms, so_far.cpu_uj);
      sample(memory, ms, so_far.memory_uj);
      sample(node, ms, so_far.node_uj);
      sample(busy, ms, so_far.busy_ns * 1e-7);
      sample(idle, ms, so_far.idle_ns * 1e-7);
      sample(disk, ms, so_far.disk_ns * 1e-6);
    }
  }

  const StudyPlan& plan_;
  const size_t number_;
  const PlannedWorkflow& about_;
  SpoolFixture spool_;
  uint32_t workflow_ = 0;
};

}  // namespace

Uuid id_of_task(const StudyPlan& plan, size_t task) {
  return task_uuid(producer_of(plan.tasks[task].workflow),
                   TaskNumber{1} << kTaskCounterBits | (task + 1));
}

Uuid id_of_workflow(size_t workflow) {
  return named_uuid("workflow", "study " + std::to_string(workflow));
}

void write_study(const Directory& directory, const StudyPlan& plan) {
  for (size_t workflow = 0; workflow < plan.workflows.size(); ++workflow) {
    StudyProcess(directory, plan, workflow).write();
  }
}

}  // namespace headrace::questions
