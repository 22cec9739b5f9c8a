// For tests: a producer that says everything the format can say: each kind of record, entry, value,
// role and status, and what belongs to it.
//
//   SpoolFixture p(directory, 7);
//   say_everything(p);
//   p.seal();
#pragma once

#include <string>
#include <vector>

#include "collect/spool_fixture.h"
#include "encode/sensor_entry.h"

namespace headrace::collect {

inline std::string nested_example(const Uuid& inside) {
  std::string out;
  NestedWriter w(out);
  w.begin_map(2);
  w.string("list");
  w.begin_list(14);
  w.null();
  w.boolean(true);
  w.integer(-7);
  w.real(0.5);
  w.real(std::bit_cast<double>(uint64_t{0x7ff8000000000001}));
  w.string("caf\xC3\xA9");
  w.bytes(std::string_view("\x00\xFF", 2));
  w.big_integer("1267650600228229401496703205376");
  w.time_ns(kEpoch_ns);
  w.object(inside);
  w.placeholder("Socket", "no encoder");
  w.begin_map(1);
  w.integer(1);
  w.string("a key that is no string");
  w.begin_list(0);
  w.begin_set(1);
  w.integer(2);
  w.string("empty");
  w.begin_map(0);
  return out;
}
inline std::string placeholder_example() {
  std::string cell;
  NestedWriter w(cell);
  w.placeholder("Generator", "no encoder");
  return cell.substr(5);  // a cell holds the map without the placeholder's own tag and length
}

// A value of each tag, in the order of the tags.
struct OfEachTag {
  std::vector<ShapeField> fields;
  std::vector<CellValue> cells;
};
inline OfEachTag of_each_tag(Role role, const Uuid& made) {
  OfEachTag out;
  const auto add = [&](const char* name, ValueTag tag, CellValue value, uint8_t flags = 0) {
    out.fields.push_back({name, role, tag, flags});
    out.cells.push_back(std::move(value));
  };
  add("nothing", ValueTag::kNull, {});
  add("yes", ValueTag::kBool, cell_of(true));
  add("least", ValueTag::kInt, cell_of(int64_t{INT64_MIN}));
  add("minus zero", ValueTag::kFloat, cell_of(-0.0));
  add("nan", ValueTag::kFloat, {0x7ff8000000000000, {}, false});
  add("text", ValueTag::kString, cell_of("caf\xC3\xA9 \"quoted\"\n"));
  add("odd text", ValueTag::kString, cell_of(std::string_view("a\xFFz\xED\xA0\x80", 6)));
  add("bytes", ValueTag::kBytes, cell_of(std::string_view("\x00\x01\xFE", 3)));
  add("big", ValueTag::kBigInt, cell_of("-170141183460469231731687303715884105729"));
  add("when", ValueTag::kTime, cell_of(int64_t{kEpoch_ns}));
  add("object", ValueTag::kObject, cell_of(made), kCellIsInferred);
  add("nested", ValueTag::kNested, cell_of(std::string_view(nested_example(made))));
  add("unkept", ValueTag::kPlaceholder, cell_of(std::string_view(placeholder_example())));
  add("price", ValueTag::kTyped, cell_of("decimal:0.10"));
  return out;
}

// How it ends: "clean" or "abruptly" as `ended` says, or not at all.
struct Said {
  std::string host = "node1";
  std::string ended = "clean";
  uint64_t study = 0;  // another one has other workflows, campaigns and objects
};

inline void say_everything(SpoolFixture& p, const Said& said = {}) {
  // Ids that name their study, so that a test may hold several against each other in one store.
  const auto id_of = [&said](uint64_t which) {
    return said.study == 0 ? named_uuid("everything", std::to_string(which))
                           : Uuid{said.study << 32 | 0x8000, uint64_t{1} << 63 | which};
  };
  p.describe({{"host", said.host},
              {"pid", "42"},
              {"rank", "3"},
              {"boot_id", "b"},
              {"start_time_ticks", "9"},
              {"command", "program --flag"}});
  p.clock(1'000'000);
  std::string ring;
  ByteWriter bytes(ring);
  bytes.u32(1);
  bytes.u32(4242);
  bytes.raw("worker", 6);
  p.entry(EntryKind::kRing, ring);

  const uint32_t campaign = p.campaign_id(id_of(1), "question " + std::to_string(said.study));
  const uint32_t outer = p.workflow_id(id_of(2));
  const uint32_t inner = p.workflow_id(id_of(3));
  const uint32_t activity = p.activity("train");
  const uint32_t foreign = p.task_ref(task_uuid(0x123456789ABCDEF, uint64_t{1} << 40 | 5));
  const uint32_t note = p.shape({{"note", Role::kTag, ValueTag::kString}});

  CampaignRecord asked{};
  asked.header.kind = RecordKind::kCampaign;
  asked.campaign_id = campaign;
  asked.shape_id = note;
  asked.at_ticks = 5;
  p.add(1, asked, {cell_of("first")});
  p.workflow({.workflow = outer, .campaign = campaign, .name = p.string("outer"), .begin = 10});
  p.workflow({.workflow = inner, .parent = outer, .name = p.string("inner"), .begin = 15});

  const uint64_t base = uint64_t{1} << kTaskCounterBits;  // of ring 1
  uint64_t number = 0;
  for (const Role role : {Role::kUsed, Role::kGenerated, Role::kTag, Role::kAttribute}) {
    const OfEachTag values = of_each_tag(role, id_of(4));
    ++number;
    p.task({.activity = activity,
            .workflow = number % 2 == 0 ? outer : inner,
            .number = base + number,
            .parent = number == 1   ? 0
                      : number == 3 ? foreign
                                    : base + number - 1,
            .begin = 20 * number,
            .end = 20 * number + 15,
            .shape = p.shape(values.fields),
            .cells = values.cells,
            .flags = number == 3 ? kTaskParentIsForeign : uint8_t{0}});
  }
  const uint32_t error = p.shape(
      {{"type", Role::kError, ValueTag::kString}, {"message", Role::kError, ValueTag::kString}});
  p.task({.activity = activity,
          .workflow = outer,
          .number = base + 5,
          .begin = 100,
          .end = 110,
          .shape = error,
          .cells = {cell_of("ValueError"), cell_of("diverged")},
          .status = TaskStatus::kFailed});
  p.task({.activity = activity,
          .number = base + 6,
          .begin = 120,
          .end = 121,
          .status = TaskStatus::kCancelled,
          .ring = 2});
  p.task({.activity = activity,
          .workflow = outer,
          .number = base + 7,
          .parent = base + 1,
          .begin = 130,
          .status = TaskStatus::kRunning,
          .flags = kTaskIsOpen,
          .ring = 0});

  ObjectRecord object{};
  object.header.kind = RecordKind::kObject;
  const auto id = id_of(4).bytes();
  std::copy(id.begin(), id.end(), object.object);
  object.kind_id = p.string("dataset");
  object.workflow_id = outer;
  object.at_ticks = 30;
  object.shape_id = p.shape({{"name", Role::kAttribute, ValueTag::kString},
                             {"path", Role::kAttribute, ValueTag::kString},
                             {"size_bytes", Role::kAttribute, ValueTag::kInt},
                             {"sha256", Role::kAttribute, ValueTag::kBytes}});
  p.add(2, object,
        {cell_of("corpus"), cell_of("corpus " + std::to_string(said.study) + ".txt"),
         cell_of(int64_t{12}), cell_of("\x0A\x0B")});

  const auto log = [&](LogStream stream, uint64_t task, uint32_t shape, CellValue cell) {
    LogRecord record{};
    record.header.kind = RecordKind::kLog;
    record.header.flags = static_cast<uint8_t>(stream);
    record.task = task;
    record.workflow_id = outer;
    record.shape_id = shape;
    record.at_ticks = 140 + task % base;
    p.add(2, record, {std::move(cell)});
  };
  log(LogStream::kMetric, base + 1, p.shape({{"loss", Role::kGenerated, ValueTag::kFloat}}),
      cell_of(0.25));
  const uint32_t line = p.shape({{"text", Role::kAttribute, ValueTag::kString}});
  log(LogStream::kStdout, 0, line, cell_of("said"));
  log(LogStream::kStderr, 0, line, cell_of("warned"));
  LogRecord exposed{};
  exposed.header.kind = RecordKind::kLog;
  exposed.header.flags = static_cast<uint8_t>(LogStream::kExposure);
  exposed.task = base + 1;
  exposed.workflow_id = outer;
  exposed.shape_id = p.shape({{"since_ns", Role::kAttribute, ValueTag::kInt},
                              {"model", Role::kAttribute, ValueTag::kString},
                              {"repeated", Role::kAttribute, ValueTag::kInt},
                              {"encoder|forward", Role::kGenerated, ValueTag::kInt},
                              {"encoder|forward#", Role::kGenerated, ValueTag::kInt},
                              {"encoder|backward", Role::kGenerated, ValueTag::kInt},
                              {"encoder|backward#", Role::kGenerated, ValueTag::kInt}});
  exposed.at_ticks = 143;
  p.add(2, exposed,
        {cell_of(int64_t{40}), cell_of("net"), cell_of(int64_t{0}), cell_of(int64_t{12}),
         cell_of(int64_t{3}), cell_of(int64_t{18}), cell_of(int64_t{3})});

  EdgeRecord seen{};
  seen.header.kind = RecordKind::kEdge;
  seen.task_id = p.task_ref(task_uuid(p.producer(), base + 6));
  seen.workflow_id = outer;
  seen.at_ticks = 145;
  seen.shape_id = p.shape({{"file", Role::kGenerated, ValueTag::kObject}});
  p.add(2, seen, {cell_of(id_of(4))});

  Sensor sensor;
  sensor.name = "rapl.package-0";
  sensor.quantity = "hw.energy";
  sensor.unit = "J";
  sensor.kind = SensorKind::kCounter;
  sensor.domain = "node/cpu-0";
  sensor.source = "powercap";
  sensor.scale = 1e-6;
  sensor.range = 1000;
  const uint32_t of_sensor = p.entry(EntryKind::kSensor, encode_sensor(sensor));
  uint64_t at = 150;
  for (const auto& [raw, flags] : std::vector<std::pair<uint64_t, uint8_t>>{
           {900, 0}, {100, 0}, {0, kSampleIsGap}, {300, kSampleIsEstimate}}) {
    SampleRecord sample{};
    sample.header.kind = RecordKind::kSample;
    sample.header.flags = flags;
    sample.sensor_id = of_sensor;
    sample.at_ticks = at++;
    sample.raw = raw;
    p.add(3, sample);
  }
  // Numbers 4, 5 and 6 of ring 3 were lost, each for a reason of its own.
  p.skip(3, 3);
  for (const GapReason reason :
       {GapReason::kWriteFailed, GapReason::kPoolExhausted, GapReason::kTooLarge}) {
    GapRecord gap{};
    gap.header.kind = RecordKind::kGap;
    gap.header.flags = static_cast<uint8_t>(reason);
    gap.ring = 3;
    gap.first_number = 3 + static_cast<uint64_t>(reason);
    gap.count = 1;
    gap.at_ticks = 160;
    p.add(0, gap);
  }
  p.workflow({.workflow = inner,
              .parent = outer,
              .name = p.string("inner"),
              .begin = 15,
              .end = 170,
              .status = TaskStatus::kFailed});
  const OfEachTag results = of_each_tag(Role::kGenerated, id_of(4));
  p.workflow({.workflow = outer,
              .campaign = campaign,
              .name = p.string("outer"),
              .begin = 10,
              .end = 180,
              .shape = p.shape(results.fields),
              .cells = results.cells,
              .status = TaskStatus::kFinished});
  if (said.ended.empty()) return;
  std::vector<std::pair<std::string, std::string>> facts = {{"host", said.host},
                                                            {"pid", "42"},
                                                            {"rank", "3"},
                                                            {"boot_id", "b"},
                                                            {"start_time_ticks", "9"},
                                                            {"command", "program --flag"},
                                                            {"ended", said.ended}};
  if (said.ended == "clean") facts.emplace_back("records", std::to_string(p.drawn()));
  p.describe(facts);
}

// One segment of one process that says all of it.
inline void record_everything(const Directory& to) {
  SpoolFixture p(to, 7);
  say_everything(p);
  p.seal();
}

}  // namespace headrace::collect
