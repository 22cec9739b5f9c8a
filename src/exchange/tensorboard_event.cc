#include "exchange/tensorboard_event.h"

#include "exchange/protobuf_wire.h"

namespace headrace::exchange {
namespace {

bool read_metadata(std::string_view message, SummaryValue& out) {
  WireReader in(message);
  while (in.next()) {
    if (in.is(2, WireType::kBytes)) out.display_name = in.bytes();
    if (in.is(3, WireType::kBytes)) out.description = in.bytes();
    if (!in.is(1, WireType::kBytes)) continue;
    WireReader plugin(in.bytes());
    while (plugin.next()) {
      if (plugin.is(1, WireType::kBytes)) out.plugin = plugin.bytes();
      if (plugin.is(2, WireType::kBytes)) out.plugin_content = plugin.bytes();
    }
    if (!plugin.ok()) return false;
  }
  return in.ok();
}

bool read_image(std::string_view message, EventImage& out) {
  WireReader in(message);
  while (in.next()) {
    if (in.is(1, WireType::kVarint)) out.height = in.as_int();
    if (in.is(2, WireType::kVarint)) out.width = in.as_int();
    if (in.is(4, WireType::kBytes)) out.size_bytes = in.bytes().size();
  }
  return in.ok();
}

bool read_histogram(std::string_view message, EventHistogram& out) {
  WireReader in(message);
  while (in.next()) {
    if (in.is(7, WireType::kBytes)) out.buckets += in.bytes().size() / 8;
    if (in.is(7, WireType::kEight)) ++out.buckets;
    if (in.type() != WireType::kEight) continue;
    switch (in.number()) {
      case 1: out.min = in.as_double(); break;
      case 2: out.max = in.as_double(); break;
      case 3: out.count = in.as_double(); break;
      case 4: out.sum = in.as_double(); break;
      case 5: out.sum_squares = in.as_double(); break;
      default: break;
    }
  }
  return in.ok();
}

bool read_audio(std::string_view message, EventAudio& out) {
  WireReader in(message);
  while (in.next()) {
    if (in.is(1, WireType::kFour)) out.sample_rate_hz = in.as_float();
    if (in.is(3, WireType::kVarint)) out.frames = in.as_int();
    if (in.is(4, WireType::kBytes)) out.size_bytes = in.bytes().size();
    if (in.is(5, WireType::kBytes)) out.content_type = in.bytes();
  }
  return in.ok();
}

bool read_value(std::string_view message, SummaryValue& out) {
  WireReader in(message);
  bool is_whole = true;
  while (in.next() && is_whole) {
    if (in.is(2, WireType::kFour)) {
      out.kind = SummaryKind::kSimple;
      out.simple = in.as_float();
    }
    if (in.type() != WireType::kBytes) continue;
    switch (in.number()) {
      case 1: out.tag = in.bytes(); break;
      case 4:
        out.kind = SummaryKind::kImage;
        is_whole = read_image(in.bytes(), out.image);
        break;
      case 5:
        out.kind = SummaryKind::kHistogram;
        is_whole = read_histogram(in.bytes(), out.histogram);
        break;
      case 6:
        out.kind = SummaryKind::kAudio;
        is_whole = read_audio(in.bytes(), out.audio);
        break;
      case 8:
        out.kind = SummaryKind::kTensor;
        is_whole = read_tensor(in.bytes(), out.tensor);
        break;
      case 9: is_whole = read_metadata(in.bytes(), out); break;
      default: break;
    }
  }
  return in.ok() && is_whole;
}

bool read_summary(std::string_view message, Event& out) {
  WireReader in(message);
  while (in.next()) {
    if (!in.is(1, WireType::kBytes)) continue;
    if (!read_value(in.bytes(), out.values.emplace_back())) return false;
  }
  return in.ok();
}

bool read_log_message(std::string_view message, Event& out) {
  WireReader in(message);
  while (in.next()) {
    if (in.is(1, WireType::kVarint)) out.level = in.varint();
    if (in.is(2, WireType::kBytes)) out.text = in.bytes();
  }
  return in.ok();
}

bool read_session_log(std::string_view message, Event& out) {
  WireReader in(message);
  while (in.next()) {
    if ((in.number() == 2 || in.number() == 3) && in.type() == WireType::kBytes &&
        !in.bytes().empty()) {
      out.text = in.bytes();
    }
  }
  return in.ok();
}

}  // namespace

bool read_event(std::string_view record, Event& out) {
  out = {};
  WireReader in(record);
  bool is_whole = true;
  while (in.next() && is_whole) {
    if (in.is(1, WireType::kEight)) out.wall_time_s = in.as_double();
    if (in.is(2, WireType::kVarint)) out.step = in.as_int();
    if (in.type() != WireType::kBytes) continue;
    switch (in.number()) {
      case 3:
        out.kind = EventKind::kFileVersion;
        out.text = in.bytes();
        break;
      case 4:
      case 9: out.kind = EventKind::kGraph; break;
      case 5:
        out.kind = EventKind::kSummary;
        is_whole = read_summary(in.bytes(), out);
        break;
      case 6:
        out.kind = EventKind::kLogMessage;
        is_whole = read_log_message(in.bytes(), out);
        break;
      case 7:
        out.kind = EventKind::kSessionLog;
        is_whole = read_session_log(in.bytes(), out);
        break;
      case 8: out.kind = EventKind::kRunMetadata; break;
      default: break;
    }
  }
  return in.ok() && is_whole;
}

}  // namespace headrace::exchange
