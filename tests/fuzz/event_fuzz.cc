// Any bytes as an event file of TensorBoard: every byte is a record, damage or still waits, the
// pieces in which the file comes change nothing, and what a record says is bounded by its size.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "exchange/tensorboard_event.h"
#include "exchange/tensorboard_frames.h"
#include "exchange/tensorboard_hparams.h"
#include "exchange/tensorboard_values.h"
#include "tests/fuzz/check.h"

using namespace headrace::exchange;  // NOLINT: a program, not a header

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr size_t kFrame = 16;  // bytes around a record

struct Read {
  std::vector<uint64_t> records;  // offsets
  std::vector<EventDamage> damage;
  uint64_t position = 0;
  bool operator==(const Read&) const = default;
};

void look_into(std::string_view record) {
  Event event;
  if (!read_event(record, event)) return;
  FUZZ_CHECK(event.values.size() <= record.size());
  FUZZ_CHECK(event.text.size() <= record.size());
  for (const SummaryValue& value : event.values) {
    FUZZ_CHECK(value.tensor.numbers.size() <= kTensorKept);
    FUZZ_CHECK(value.tensor.strings.size() <= kTensorKept);
    FUZZ_CHECK(value.tensor.elements >= -1);
    static_cast<void>(summary_value(value, value.plugin));
    Hparams hparams;
    if (!read_hparams(value.plugin_content, hparams)) continue;
    for (const auto& [name, held] : hparams.values) static_cast<void>(hparam_value(held));
  }
}

Read read_in_pieces(std::string_view bytes, size_t piece, bool look) {
  Read out;
  EventFrames frames;
  uint64_t told = 0;
  for (size_t at = 0; at < bytes.size(); at += piece) {
    frames.add(bytes.substr(at, piece));
    while (frames.next()) {
      out.records.push_back(frames.record_offset());
      told += frames.record().size() + kFrame;
      if (look) look_into(frames.record());
    }
  }
  frames.finish();
  out.damage = frames.take_damage();
  out.position = frames.position();
  for (const EventDamage& damage : out.damage) {
    FUZZ_CHECK(damage.offset + damage.length_bytes <= bytes.size());
    FUZZ_CHECK(damage.length_bytes > 0);
    told += damage.length_bytes;
  }
  FUZZ_CHECK(told == out.position);
  FUZZ_CHECK(out.position + frames.pending_bytes() == bytes.size());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Read whole = read_in_pieces(bytes, size + 1, true);
  FUZZ_CHECK(read_in_pieces(bytes, size / 3 + 1, false) == whole);
  // A later reader that begins where this one was finds nothing it had already.
  EventFrames later(whole.position);
  later.add(bytes.substr(whole.position));
  FUZZ_CHECK(!later.next());
  // Without its frame, so that a mutation reaches the messages without a right checksum.
  look_into(bytes);
  return 0;
}

// Mutated bytes rarely have a right checksum, so most changes are given one.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 4 == 0) return size;
  for (size_t at = 0; at + kFrame <= size;) {
    auto* const bytes = reinterpret_cast<char*>(data + at);
    const auto length = headrace::load_le<uint64_t>(bytes);
    if (length > size - at - kFrame) break;
    headrace::store_le(bytes + 8, masked_crc32c({bytes, 8}));
    headrace::store_le(bytes + 12 + length, masked_crc32c({bytes + 12, length}));
    at += length + kFrame;
  }
  return size;
}
