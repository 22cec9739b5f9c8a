// Any bytes as a producer's meta frame and data frame, folded into a real store: a record is taken
// or refused, none is half taken, and in the end the store holds one row for each that was taken.
//
// The input is u16 size of the meta payload, that payload, the data payload. A store is made anew
// every kBatch inputs; in between each input is a producer of its own. Where a store breaks its
// promise, the run says which of its inputs do that.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "collect/record_fold.h"
#include "encode/frame.h"
#include "store/store.h"
#include "store/texts.h"
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
  uint64_t samples = 0;    // of those that hold many
  uint64_t exposures = 0;  // of logs: rows elsewhere
};

World* make_world() {
  auto* world = new World{std::move(*store::Store::open_in_memory()), {}, {}, 1, {}, 0, 0};
  Result<store::Writer> writer = store::Writer::open(world->store.connection());
  FUZZ_CHECK(writer.ok());
  world->writer.emplace(std::move(*writer));
  world->fold = std::make_unique<RecordFold>(*world->writer);
  FUZZ_CHECK(world->writer->begin().ok());
  return world;
}

// What the store says that is not so; "" where all of it is.
std::string untruth(World& world) {
  const Status committed = world.writer->commit();
  if (!committed.ok()) return "it commits: " + committed.message();
  const auto rows = [&world](const char* table) {
    return static_cast<uint64_t>(world.store.connection()
                                     .integer(std::string("SELECT count(*) FROM ") + table)
                                     .value_or(-1));
  };
  const auto taken = [&world](RecordKind kind) { return world.taken[static_cast<size_t>(kind)]; };
  // Announcements of a task that ended too are settled by the commit.
  const uint64_t tasks = rows("task_slots") + rows("open_task");
  if (tasks > taken(RecordKind::kTask)) return "task: " + std::to_string(tasks) + " rows";
  struct Kind {
    const char* table;
    uint64_t records;
  };
  const Kind kinds[] = {{"workflow_record", taken(RecordKind::kWorkflow)},
                        {"campaign_record", taken(RecordKind::kCampaign)},
                        {"object_record", taken(RecordKind::kObject)},
                        {"log_row", taken(RecordKind::kLog) - world.exposures},
                        {"sample_row", taken(RecordKind::kSample) + world.samples}};
  for (const Kind& kind : kinds) {
    const uint64_t found = rows(kind.table);
    if (found == kind.records) continue;
    return kind.table + (": " + std::to_string(found) + " rows of ") +
           std::to_string(kind.records) + " records";
  }
  Result<std::vector<std::string>> views =
      store::texts(world.store.connection(),
                   "SELECT schema_name || '.' || '\"' || replace(view_name, '\"', '\"\"') || '\"' "
                   "FROM duckdb_views() WHERE NOT internal");
  FUZZ_CHECK(views.ok());
  for (const std::string& view : *views) {
    const Status read = world.store.connection().query("SELECT * FROM " + view).status();
    if (!read.ok()) return view + ": " + read.message();
  }
  return "";
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

void take(World& world, std::string_view bytes) {
  const size_t meta_bytes = std::min<size_t>(load_le<uint16_t>(bytes.data()), bytes.size() - 2);
  const ProducerId producer = world.next_producer++;
  ProducerState state(producer, *world.writer);
  ClockRecord clock{};
  clock.realtime_ns = 1'700'000'000'000'000'000;
  state.clocks().add(clock);
  state.learn(frame_of(bytes.substr(2, meta_bytes), producer, kFrameIsMeta), 1);
  state.prepare();
  const FrameView frame = frame_of(bytes.substr(2 + meta_bytes), producer, 0);
  for_each_record(frame, [&](const RecordView& record, uint64_t number) {
    const char* why = world.fold->take(state, record, frame.header.ring, number);
    FUZZ_CHECK(why == nullptr || *why != '\0');
    if (why != nullptr) return;
    ++world.taken[static_cast<size_t>(record.kind())];
    if (record.kind() == RecordKind::kSamples) {
      world.samples += load_le<SamplesRecord>(record.bytes().data()).samples;
    } else if (record.kind() == RecordKind::kLog) {
      world.exposures +=
          known_flags(record.header().flags) == static_cast<uint8_t>(LogStream::kExposure);
    }
  });
  FUZZ_CHECK(world.writer->error().ok());
}

std::string untruth_of(const std::vector<std::string>& inputs) {
  const std::unique_ptr<World> world(make_world());
  for (const std::string& input : inputs) take(*world, input);
  return untruth(*world);
}

// Ends the run, having said which few inputs break the promise together, by leaving out ever
// smaller parts of the rest.
void blame(std::vector<std::string> inputs, std::string what) {
  for (size_t part = inputs.size() / 2; part > 0; part /= 2) {
    for (size_t at = 0; at < inputs.size() && inputs.size() > 1;) {
      std::vector<std::string> rest(inputs.begin(), inputs.begin() + static_cast<ptrdiff_t>(at));
      rest.insert(rest.end(), inputs.begin() + std::min(at + part, inputs.size()), inputs.end());
      if (std::string still = untruth_of(rest); !still.empty()) {
        inputs = std::move(rest);
        what = std::move(still);
      } else {
        at += part;
      }
    }
  }
  std::fprintf(stderr, "not so: %s\n", what.c_str());
  for (const std::string& input : inputs) {
    std::fprintf(stderr, "not so with, in hex: %s\n", to_hex(input).c_str());
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World* world = make_world();
  static std::vector<std::string> inputs;
  if (size < 2) return 0;
  take(*world, inputs.emplace_back(reinterpret_cast<const char*>(data), size));
  if (inputs.size() < kBatch) return 0;
  if (const std::string what = untruth(*world); !what.empty()) blame(std::move(inputs), what);
  inputs.clear();
  delete world;
  world = make_world();
  return 0;
}
