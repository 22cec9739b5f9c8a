// The worked example of docs/formats/ring.md is a file that this code reads, byte for byte.
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>

#include "collect/ring_fixture.h"
#include "collect/ring_reader.h"
#include "encode/sensor_entry.h"

namespace headrace::collect {
namespace {

const Directory kDirectory{"/study/.headrace"};
constexpr ProducerId kProducer = 0x123456789ABCDEF;

// Rows of 16 bytes; those of zeros alone are left out, since a hole reads as zeros.
std::string dump(const std::string& bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = std::string_view(bytes).substr(at, 16);
    if (row.find_first_not_of('\0') == std::string_view::npos) continue;
    char offset[32];
    std::snprintf(offset, sizeof offset, "%05zx ", at);
    out += offset;
    for (size_t i = 0; i < row.size(); ++i) {
      out += (i % 8 == 0 ? "  " : " ") + to_hex(row.substr(i, 1));
    }
    out += '\n';
  }
  return out;
}

// The other way round: what someone can read who has the page and nothing else.
std::string bytes_of(std::istream& page) {
  std::string out;
  for (std::string line; std::getline(page, line);) {
    if (line.size() != 56) continue;
    std::istringstream words(line);
    size_t at = 0;
    if (!(words >> std::hex >> at)) continue;
    out.resize(std::max(out.size(), at + 16));
    for (unsigned byte = 0; words >> byte;) out[at++] = static_cast<char>(byte);
  }
  return out;
}

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Ring 1 with one finished task, the names it needs, a task that is open, and a sample that waits
// to be recorded on ring 2.
std::string example() {
  SpoolFixture p{kDirectory, kProducer};
  RingFixture ring{kDirectory, kProducer};
  std::memset(ring.header().hostname, 0, sizeof ring.header().hostname);
  std::memcpy(ring.header().hostname, "node1", 5);
  const uint32_t activity = p.activity("train");
  const uint32_t shape = p.shape({{"lr", Role::kUsed, ValueTag::kFloat}});
  p.task({.activity = activity,
          .number = 1,
          .begin = 1000,
          .end = 3000,
          .shape = shape,
          .cells = {cell_of(0.5)}});
  Sensor sensor;
  sensor.name = "load";
  const uint32_t load = p.entry(EntryKind::kSensor, encode_sensor(sensor));
  ring.meta(0, records_of(p.meta_frames()[0]));
  ring.waiting(2, {{load, 0, 2500, 7}});
  ring.records(1, 0, 0, records_of(p.frames()[0]));
  RingFixture::add_value(ring.open_task(2, activity), p.string("lr"), Role::kUsed, ValueTag::kFloat,
                         cell_of(0.25));
  return ring.bytes();
}

TEST(RingFormat, TheDocumentsExampleIsWhatIsWrittenAndRead) {
  std::ifstream file(HEADRACE_SOURCE_DIR "/docs/formats/ring.md");
  std::stringstream text;
  text << file.rdbuf();
  ASSERT_NE(text.str().find(dump(example())), std::string::npos)
      << "docs/formats/ring.md must hold:\n"
      << dump(example());

  std::string bytes = bytes_of(text);
  bytes.resize(round_up(bytes.size(), capture::kChunkBytes));
  const Result<RingContents> ring = parse_ring(bytes);
  ASSERT_TRUE(ring.ok()) << ring.status().message();
  EXPECT_EQ(ring->owner.producer, kProducer);
  EXPECT_EQ(ring->owner.spool_path, "/study/.headrace/spool");
  ASSERT_EQ(ring->chunks.size(), 1u);
  EXPECT_EQ(ring->chunks[0].records, 1u);
  ASSERT_EQ(ring->open_tasks.size(), 1u);
  EXPECT_EQ(ring->open_tasks[0].record.number, 2u);
  EXPECT_EQ(ring->waiting.ring, 2u);
  EXPECT_EQ(ring->waiting.record_past, 0u);
  ASSERT_EQ(ring->waiting.samples.size(), 1u);
  EXPECT_EQ(ring->waiting.samples[0].at_ticks, 2500u);
  EXPECT_TRUE(ring->damage.empty());
}

}  // namespace
}  // namespace headrace::collect
