#include "capture/meta_tail.h"

#include <algorithm>
#include <cstring>

#include "capture/shared_word.h"

namespace headrace::capture {

void MetaTail::append(std::string_view records, uint32_t last_id, uint64_t version) {
  if (chunks_.empty() || chunks_.back().chunk->committed + records.size() > kChunkPayloadBytes) {
    chunks_.reserve(kMetaChunks);
    ChunkHeader* chunk = pool_.take(ChunkKind::kMeta);
    if (chunk == nullptr) return;
    chunk->ring = 0;
    chunk->sequence = sequence_++;
    chunk->first_number = 0;
    chunk->committed = 0;
    chunk->hole_reason = 0;
    chunk->next = 0;
    store_release(chunk->kind, static_cast<uint32_t>(ChunkKind::kMeta));
    chunks_.push_back({chunk, 0, 0});
  }
  Tail& tail = chunks_.back();
  std::memcpy(payload_of(tail.chunk) + tail.chunk->committed, records.data(), records.size());
  store_release(tail.chunk->committed,
                static_cast<uint32_t>(tail.chunk->committed + records.size()));
  tail.last_id = std::max(tail.last_id, last_id);
  tail.version = std::max(tail.version, version);
}

void MetaTail::written(uint32_t next_id, uint64_t version) {
  const auto is_written = [&](const Tail& tail) {
    return tail.last_id < next_id && tail.version <= version;
  };
  while (chunks_.size() > 1 && is_written(chunks_.front())) {
    pool_.give(chunks_.front().chunk);
    chunks_.erase(chunks_.begin());
  }
  // The last chunk is emptied where it stands.
  if (chunks_.size() == 1 && is_written(chunks_.front())) {
    store_release(chunks_.front().chunk->committed, 0u);
  }
}

}  // namespace headrace::capture
