#include "encode/frame.h"

#include <cstring>

#include "base/crc32c.h"

namespace headrace {
namespace {

uint32_t checksum_of(FrameHeader header, std::string_view payload) {
  header.checksum = 0;
  const uint32_t crc = crc32c({reinterpret_cast<const char*>(&header), sizeof header});
  return crc32c(payload, crc);
}

bool records_fit(const FrameView& frame) {
  std::string_view rest = frame.payload;
  for (uint32_t i = 0; i < frame.header.records; ++i) {
    if (rest.size() < sizeof(RecordHeader)) return false;
    const auto header = load_le<RecordHeader>(rest.data());
    if (header.size_bytes < sizeof(RecordHeader) || header.size_bytes % 8 != 0 ||
        header.size_bytes > rest.size()) {
      return false;
    }
    rest.remove_prefix(header.size_bytes);
  }
  return rest.empty();
}

}  // namespace

void append_frame(std::string& out, FrameHeader header, std::string_view payload) {
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  header.checksum = checksum_of(header, payload);
  out.append(reinterpret_cast<const char*>(&header), sizeof header);
  out.append(payload);
}

std::string_view name_of(FrameError error) {
  switch (error) {
    case FrameError::kNone: return "none";
    case FrameError::kShort: return "the file ends inside the frame";
    case FrameError::kMagic: return "no frame begins here";
    case FrameError::kVersion: return "it needs a newer headrace than this one to be read";
    case FrameError::kLength: return "the frame's length is impossible";
    case FrameError::kChecksum: return "the frame's checksum does not match its bytes";
    case FrameError::kRecords: return "the frame's records do not fit its length";
  }
  return "unknown";
}

FrameError read_frame(std::string_view bytes, FrameView* out) {
  if (bytes.size() < sizeof(FrameHeader)) return FrameError::kShort;
  out->header = load_le<FrameHeader>(bytes.data());
  if (out->header.magic != kFrameMagic) return FrameError::kMagic;
  if (out->header.payload_bytes > kMaxPayloadBytes) return FrameError::kLength;
  if (out->header.payload_bytes > bytes.size() - sizeof(FrameHeader)) return FrameError::kShort;
  out->payload = bytes.substr(sizeof(FrameHeader), out->header.payload_bytes);
  if (checksum_of(out->header, out->payload) != out->header.checksum) return FrameError::kChecksum;
  // After the checksum: bytes that are damaged are not a newer version's.
  const FrameHeader& header = out->header;
  const bool is_readable = header.min_reader != 0 ? header.min_reader <= kFrameVersion
                                                  : header.version <= kNewestReadableVersion;
  if (header.version == 0 || !is_readable) return FrameError::kVersion;
  return records_fit(*out) ? FrameError::kNone : FrameError::kRecords;
}

}  // namespace headrace
