#include "collect/earlier_segments.h"

#include <algorithm>

#include "collect/frame_walk.h"

namespace headrace::collect {
namespace {

// More entries than a producer may have (capture/dictionary.h) mean damage that a checksum missed.
constexpr uint32_t kMaxEntries = 1u << 20;

}  // namespace

EarlierSegments EarlierSegments::read(const Directory& directory, ProducerId producer) {
  EarlierSegments out;
  std::vector<SegmentFile> files = list_segments(directory);
  std::erase_if(files, [producer](const SegmentFile& f) { return f.producer != producer; });
  if (!files.empty()) out.next_ordinal_ = files.back().ordinal + 1;
  for (size_t i = files.size(); i-- > 0;) {
    Result<FileBytes> bytes = FileBytes::open(files[i].path);
    if (bytes.ok() && out.take(std::move(*bytes), files[i])) break;
  }
  return out;
}

// True when nothing older is needed. The head of a segment is written with its first data frame, so
// one that has a data frame has all of the dictionary as it was then.
bool EarlierSegments::take(FileBytes bytes, const SegmentFile& file) {
  files_.push_back(std::move(bytes));
  FrameWalk frames(files_.back().view(), true, 0, file.producer);
  std::vector<std::string_view> meta;
  std::string_view facts;
  bool has_records = false;
  while (frames.next()) {
    const FrameView& frame = frames.frame();
    const FrameHeader& header = frame.header;
    if (header.producer != file.producer) continue;
    const bool is_meta = (header.flags & kFrameIsMeta) != 0;
    if (is_meta) {
      meta.push_back(frame.payload);
    } else {
      has_records = true;
      uint64_t& past = past_[header.ring];
      past = std::max(past, header.first_number + header.records);
    }
    for_each_record(frame, [&](const RecordView& record, uint64_t) {
      DictionaryRecord entry{};
      GapRecord gap{};
      ProducerRecord producer{};
      if (is_meta && record.kind() == RecordKind::kDictionary && record.fixed(&entry)) {
        if (entry.id == 0 || entry.id > kMaxEntries) return;
        if (known_.size() < entry.id) known_.resize(entry.id);
        known_[entry.id - 1] = true;
      } else if (is_meta && record.kind() == RecordKind::kProducer && record.fixed(&producer)) {
        const std::string_view rest = record.bytes().substr(sizeof producer);
        if (producer.length_bytes <= rest.size()) facts = rest.substr(0, producer.length_bytes);
      } else if (!is_meta && record.kind() == RecordKind::kGap && record.fixed(&gap)) {
        gaps_.try_emplace({gap.ring, gap.first_number}, gap.count);
      }
    });
  }
  meta_.insert(meta_.begin(), meta.begin(), meta.end());
  if (last_facts_.empty()) last_facts_ = facts;
  return has_records && std::find(known_.begin(), known_.end(), false) == known_.end();
}

uint64_t EarlierSegments::past(uint32_t ring) const {
  const auto found = past_.find(ring);
  return found == past_.end() ? 0 : found->second;
}

uint64_t EarlierSegments::told_gap(uint32_t ring, uint64_t first_number) const {
  const auto found = gaps_.find({ring, first_number});
  return found == gaps_.end() ? 0 : found->second;
}

}  // namespace headrace::collect
