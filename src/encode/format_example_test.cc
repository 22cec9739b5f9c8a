// The worked example of docs/formats/segment.md is what this code writes, byte for byte.
#include <bit>
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sstream>
#include <string>

#include "encode/frame.h"
#include "encode/nested.h"

namespace headrace {
namespace {

std::string dictionary_record(uint32_t id, EntryKind kind, const std::string& entry) {
  DictionaryRecord record{};
  const size_t size = round_up_8(sizeof record + entry.size());
  record.header = {static_cast<uint32_t>(size), RecordKind::kDictionary, static_cast<uint8_t>(kind),
                   0};
  record.id = id;
  record.length_bytes = static_cast<uint32_t>(entry.size());
  std::string out(reinterpret_cast<const char*>(&record), sizeof record);
  out += entry;
  out.resize(size, '\0');
  return out;
}

// One finished task `train` with used.lr = 0.5 and generated.note = "ok".
std::string example() {
  std::string activity;
  NestedWriter map(activity);
  map.begin_map(1);
  map.string("name");
  map.string("train");
  std::string workflow(16, '\0');
  workflow[15] = 7;
  const ShapeCell cells[2] = {{1, Role::kUsed, ValueTag::kFloat, 0, 0},
                              {2, Role::kGenerated, ValueTag::kString, 0, 0}};
  const std::string shape(reinterpret_cast<const char*>(cells), sizeof cells);
  const std::string meta = dictionary_record(1, EntryKind::kString, "lr") +
                           dictionary_record(2, EntryKind::kString, "note") +
                           dictionary_record(3, EntryKind::kActivity, activity) +
                           dictionary_record(4, EntryKind::kWorkflow, workflow) +
                           dictionary_record(5, EntryKind::kShape, shape);
  FrameHeader header;
  header.flags = kFrameIsMeta;
  header.producer = 0x123456789ABCDEFull;
  header.ring = kMetaRing;
  header.records = 5;
  std::string out;
  append_frame(out, header, meta);

  TaskRecord task{};
  task.header = {sizeof task + 16 + 8, RecordKind::kTask, 0, 2};
  task.activity_id = 3;
  task.workflow_id = 4;
  task.number = TaskNumber{1} << kTaskCounterBits | 1;
  task.begin_ticks = 1000;
  task.end_ticks = 3000;
  task.shape_id = 5;
  task.status = TaskStatus::kFinished;
  task.ring = 1;
  std::string payload(reinterpret_cast<const char*>(&task), sizeof task);
  ByteWriter bytes(payload);
  bytes.f64(0.5);
  bytes.u64(pack({sizeof task + 16, 2}));
  bytes.raw("ok\0\0\0\0\0\0", 8);
  header.flags = 0;
  header.ring = 1;
  header.records = 1;
  append_frame(out, header, payload);
  return out;
}

std::string dump(const std::string& bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    char offset[32];
    std::snprintf(offset, sizeof offset, "%04zx ", at);
    out += offset;
    for (size_t i = at; i < std::min(at + 16, bytes.size()); ++i) {
      out += (i % 8 == 0 ? "  " : " ") + to_hex(std::string_view(bytes).substr(i, 1));
    }
    out += '\n';
  }
  return out;
}

TEST(SegmentFormat, TheDocumentsExampleIsWhatIsWritten) {
  std::ifstream file(HEADRACE_SOURCE_DIR "/docs/formats/segment.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find(dump(example())), std::string::npos)
      << "docs/formats/segment.md must hold:\n"
      << dump(example());
}

}  // namespace
}  // namespace headrace
