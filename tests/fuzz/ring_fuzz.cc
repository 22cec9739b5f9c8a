// Any bytes as what a killed process left in its ring: nothing is read outside of them, records
// come whole, in order and without repetition.
//
// The input is folded small: u8 how many pages of 4 KiB follow the header, then pieces {u16 place
// in units of 64 bytes, u8 units} and their bytes, laid into zeros.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "capture/ring_file.h"
#include "collect/ring_reader.h"
#include "tests/fuzz/check.h"

using namespace headrace;           // NOLINT: a program, not a header
using namespace headrace::collect;  // NOLINT

namespace {

constexpr size_t kUnit = 64;

std::string unfold(std::string_view in) {
  if (in.empty()) return {};
  std::string out(capture::kRingHeaderBytes + size_t{4096} * static_cast<uint8_t>(in[0]), '\0');
  in.remove_prefix(1);
  while (in.size() >= 3) {
    const size_t at = kUnit * load_le<uint16_t>(in.data());
    const size_t size = std::min(kUnit * static_cast<uint8_t>(in[2]), in.size() - 3);
    const std::string_view piece = in.substr(3, size);
    if (at + size <= out.size()) out.replace(at, size, piece);
    in.remove_prefix(3 + size);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes = unfold({reinterpret_cast<const char*>(data), size});
  const Result<RingContents> ring = parse_ring(bytes);
  if (!ring.ok()) return 0;
  const auto is_inside = [&bytes](std::string_view view) {
    return view.empty() || (view.data() >= bytes.data() &&
                            view.data() + view.size() <= bytes.data() + bytes.size());
  };
  std::map<uint32_t, uint64_t> past;
  for (const RingChunk& chunk : ring->chunks) {
    FUZZ_CHECK(is_inside(chunk.payload));
    FUZZ_CHECK(chunk.first_number >= past[chunk.ring] && chunk.past() >= chunk.first_number);
    past[chunk.ring] = chunk.past();
    std::string_view rest = chunk.payload;
    for (uint32_t i = 0; i < chunk.records; ++i) {
      FUZZ_CHECK(rest.size() >= sizeof(RecordHeader));
      const auto header = load_le<RecordHeader>(rest.data());
      FUZZ_CHECK(header.size_bytes >= sizeof header && header.size_bytes <= rest.size());
      rest.remove_prefix(header.size_bytes);
    }
    FUZZ_CHECK(rest.empty());
  }
  for (const std::string_view meta : ring->meta) FUZZ_CHECK(is_inside(meta));
  for (const RingTask& task : ring->open_tasks) {
    FUZZ_CHECK(is_inside(task.tail) && task.record.number != 0);
    FUZZ_CHECK(task.cells.size() == task.shape.size());
  }
  FUZZ_CHECK(ring->waiting.samples.size() <= capture::kMaxWaiting);
  for (const PlainSample& one : ring->waiting.samples) FUZZ_CHECK(one.sensor_id != 0);
  for (const RingDamage& damage : ring->damage) {
    FUZZ_CHECK(damage.offset + damage.length_bytes <= bytes.size());
  }
  return 0;
}
