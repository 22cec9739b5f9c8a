// Any bytes as a producer's meta frame and data frame, folded into a real store: a record is taken
// or refused, none is half taken, and in the end the store holds one row for each that was taken.
//
// The input is u16 size of the meta payload, that payload, the data payload. A store is made anew
// every kBatch inputs; in between each input is a producer of its own.
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "collect/record_fold.h"
#include "encode/frame.h"
#include "store/store.h"
#include "tests/fuzz/check.h"

using namespace headrace;           // NOLINT: a program, not a header
using namespace headrace::collect;  // NOLINT

namespace {

constexpr uint64_t kBatch = 2000;

struct World {
  store::Store store;
  std::optional<store::Writer> writer;
  std::unique_ptr<RecordFold> fold;
  ProducerId next_producer = 1;
  uint64_t taken[256] = {};
  uint64_t samples = 0;  // of those that hold many
};

World* make_world() {
  auto* world = new World{std::move(*store::Store::open_in_memory()), {}, {}, 1, {}, 0};
  Result<store::Writer> writer = store::Writer::open(world->store.connection());
  FUZZ_CHECK(writer.ok());
  world->writer.emplace(std::move(*writer));
  world->fold = std::make_unique<RecordFold>(*world->writer);
  FUZZ_CHECK(world->writer->begin().ok());
  return world;
}

void check(World& world) {
  const Status committed = world.writer->commit();
  if (!committed.ok()) std::fprintf(stderr, "commit: %s\n", committed.message().c_str());
  FUZZ_CHECK(committed.ok());
  const auto rows = [&world](const char* table) {
    return static_cast<uint64_t>(world.store.connection()
                                     .integer(std::string("SELECT count(*) FROM ") + table)
                                     .value_or(-1));
  };
  const auto taken = [&world](RecordKind kind) { return world.taken[static_cast<size_t>(kind)]; };
  // Announcements of a task that ended too are settled by the commit.
  FUZZ_CHECK(rows("task_slots") <= taken(RecordKind::kTask));
  FUZZ_CHECK(rows("task_slots") + rows("open_task") <= taken(RecordKind::kTask));
  FUZZ_CHECK(rows("workflow_record") == taken(RecordKind::kWorkflow));
  FUZZ_CHECK(rows("campaign_record") == taken(RecordKind::kCampaign));
  FUZZ_CHECK(rows("object_record") == taken(RecordKind::kObject));
  FUZZ_CHECK(rows("log_row") == taken(RecordKind::kLog));
  FUZZ_CHECK(rows("sample_row") == taken(RecordKind::kSample) + world.samples);
  FUZZ_CHECK(world.store.connection().query("SELECT * FROM task").ok());
}

// A frame of whatever whole records stand at the start of `payload`.
FrameView frame_of(std::string_view payload, ProducerId producer, uint16_t flags) {
  FrameView frame;
  frame.header.producer = producer;
  frame.header.flags = flags;
  frame.header.ring = 1;
  size_t at = 0;
  while (payload.size() - at >= sizeof(RecordHeader)) {
    const auto header = load_le<RecordHeader>(payload.data() + at);
    if (header.size_bytes < sizeof(RecordHeader) || header.size_bytes % 8 != 0 ||
        header.size_bytes > payload.size() - at) {
      break;
    }
    at += header.size_bytes;
    ++frame.header.records;
  }
  frame.payload = payload.substr(0, at);
  return frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World* world = make_world();
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t meta_bytes = std::min<size_t>(load_le<uint16_t>(data), size - 2);
  const ProducerId producer = world->next_producer++;
  ProducerState state(producer, *world->writer);
  ClockRecord clock{};
  clock.realtime_ns = 1'700'000'000'000'000'000;
  state.clocks().add(clock);
  state.learn(frame_of(bytes.substr(2, meta_bytes), producer, kFrameIsMeta), 1);
  state.prepare();
  const FrameView frame = frame_of(bytes.substr(2 + meta_bytes), producer, 0);
  for_each_record(frame, [&](const RecordView& record, uint64_t number) {
    const char* why = world->fold->take(state, record, frame.header.ring, number);
    FUZZ_CHECK(why == nullptr || *why != '\0');
    if (why != nullptr) return;
    ++world->taken[static_cast<size_t>(record.kind())];
    if (record.kind() == RecordKind::kSamples) {
      world->samples += load_le<SamplesRecord>(record.bytes().data()).samples;
    }
  });
  FUZZ_CHECK(world->writer->error().ok());
  if (producer % kBatch == 0) {
    check(*world);
    delete world;
    world = make_world();
  }
  return 0;
}
