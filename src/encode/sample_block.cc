#include "encode/sample_block.h"

#include <algorithm>
#include <numeric>

#include "encode/packed_numbers.h"

namespace headrace {
namespace {

constexpr uint64_t kFlagsFollow = 1;
constexpr uint64_t kTimesFollow = 2;
constexpr unsigned kColumnBits = 2;

// A sample in a column of its own takes 20 bytes, two in one 22 each; and 8 for its time.
constexpr size_t kMostBytesEach = 32;
constexpr size_t kMostBytesOnce = 64;

// A number of them that a column or the times have.
bool take_count(std::string_view& bytes, size_t* out) {
  uint64_t count = 0;
  if (!take_varint(bytes, &count) || count > kMaxSamples) return false;
  *out = count;
  return true;
}

}  // namespace

SampleBlockWriter::SampleBlockWriter(size_t most) {
  for (auto* scratch : {&times_, &which_, &last_which_, &raw_}) scratch->reserve(most);
  order_.reserve(most);
  bytes_.reserve(kMostBytesOnce + kMostBytesEach * most);
}

std::string_view SampleBlockWriter::write(std::span<PlainSample> samples) {
  bytes_.clear();
  times_.clear();
  for (const PlainSample& sample : samples) times_.push_back(sample.at_ticks);
  std::sort(times_.begin(), times_.end());
  times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
  put_varint(times_.size(), bytes_);
  pack_numbers(times_, bytes_);

  // Sorted by number, because stable_sort allocates.
  order_.resize(samples.size());
  std::iota(order_.begin(), order_.end(), uint32_t{0});
  const auto column_of = [&](uint32_t i) {
    return uint64_t{samples[i].sensor_id} << 8 | samples[i].flags;
  };
  std::sort(order_.begin(), order_.end(), [&](uint32_t a, uint32_t b) {
    return column_of(a) != column_of(b) ? column_of(a) < column_of(b) : a < b;
  });

  last_which_.resize(times_.size());
  std::iota(last_which_.begin(), last_which_.end(), uint64_t{0});
  uint64_t before = 0;
  for (size_t at = 0; at < order_.size();) {
    const uint64_t column = column_of(order_[at]);
    which_.clear();
    raw_.clear();
    for (; at < order_.size() && column_of(order_[at]) == column; ++at) {
      const PlainSample& sample = samples[order_[at]];
      const auto time = std::lower_bound(times_.begin(), times_.end(), sample.at_ticks);
      which_.push_back(static_cast<uint64_t>(time - times_.begin()));
      raw_.push_back(sample.raw);
    }
    const bool flags_follow = (column & 255) != (before & 255);
    const bool times_follow = which_ != last_which_;
    put_varint(((column >> 8) - (before >> 8)) << kColumnBits | (flags_follow ? kFlagsFollow : 0) |
                   (times_follow ? kTimesFollow : 0),
               bytes_);
    if (flags_follow) bytes_.push_back(static_cast<char>(column));
    if (times_follow) {
      put_varint(which_.size(), bytes_);
      pack_numbers(which_, bytes_);
    }
    pack_numbers(raw_, bytes_);
    before = column;
    std::swap(which_, last_which_);
  }
  return bytes_;
}

bool read_samples_record(const RecordView& record, std::vector<PlainSample>* out) {
  out->clear();
  SamplesRecord fixed{};
  if (!record.fixed(&fixed) || fixed.header.cells != 0 || fixed.samples == 0 ||
      fixed.samples > kMaxSamples) {
    return false;
  }
  std::string_view rest = record.bytes().substr(sizeof fixed);
  if (fixed.block_bytes > rest.size()) return false;
  rest = rest.substr(0, fixed.block_bytes);

  size_t count = 0;
  if (!take_count(rest, &count)) return false;
  std::vector<uint64_t> times(count);
  if (!unpack_numbers(rest, times)) return false;
  std::vector<uint64_t> which(count);
  std::iota(which.begin(), which.end(), uint64_t{0});
  std::vector<uint64_t> raw;
  uint64_t sensor_id = 0;
  uint8_t flags = 0;
  while (!rest.empty()) {
    uint64_t what = 0;
    if (!take_varint(rest, &what)) return false;
    if (what >> kColumnBits > UINT32_MAX - sensor_id) return false;
    sensor_id += what >> kColumnBits;
    if ((what & kFlagsFollow) != 0) {
      if (rest.empty()) return false;
      flags = static_cast<uint8_t>(rest.front());
      rest.remove_prefix(1);
    }
    if ((what & kTimesFollow) != 0) {
      if (!take_count(rest, &count)) return false;
      which.resize(count);
      if (!unpack_numbers(rest, which)) return false;
      const auto is_none = [&](uint64_t i) { return i >= times.size(); };
      if (std::any_of(which.begin(), which.end(), is_none)) return false;
    }
    raw.resize(which.size());
    if (which.size() > fixed.samples - out->size() || !unpack_numbers(rest, raw)) return false;
    for (size_t i = 0; i < raw.size(); ++i) {
      out->push_back({static_cast<uint32_t>(sensor_id), flags, times[which[i]], raw[i]});
    }
  }
  return out->size() == fixed.samples;
}

}  // namespace headrace
