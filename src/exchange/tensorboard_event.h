// One record of an event file: an Event of TensorFlow's event.proto, with what Headrace keeps of
// it.
//
// Scalars come in two forms, a simple value and a tensor of one element whose plugin is "scalars";
// both read the same. Of images, sounds and histograms the size is kept, not the content.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exchange/tensorboard_tensor.h"

namespace headrace::exchange {

enum class SummaryKind : uint8_t { kNone, kSimple, kTensor, kImage, kHistogram, kAudio };

struct EventImage {
  int64_t height = 0;
  int64_t width = 0;
  uint64_t size_bytes = 0;  // encoded, as PNG most often
};
struct EventHistogram {
  double min = 0;
  double max = 0;
  double count = 0;
  double sum = 0;
  double sum_squares = 0;
  uint64_t buckets = 0;
};
struct EventAudio {
  double sample_rate_hz = 0;
  int64_t frames = 0;
  uint64_t size_bytes = 0;
  std::string content_type;
};

struct SummaryValue {
  std::string tag;
  // Only with the first value of a tag, as most writers do it.
  std::string plugin;
  std::string plugin_content;
  std::string display_name;
  std::string description;
  SummaryKind kind = SummaryKind::kNone;
  float simple = 0;
  EventTensor tensor;
  EventImage image;
  EventHistogram histogram;
  EventAudio audio;
};

// What else an event can hold, one at a time.
enum class EventKind : uint8_t {
  kNothing,
  kFileVersion,
  kSummary,
  kLogMessage,
  kSessionLog,
  kGraph,        // graph_def, meta_graph_def
  kRunMetadata,  // tagged_run_metadata
};

struct Event {
  double wall_time_s = 0;  // since the epoch
  int64_t step = 0;
  EventKind kind = EventKind::kNothing;
  std::string text;    // file version; message; checkpoint's path or message of a session
  uint64_t level = 0;  // of a message: 10 debug, 20 info, 30 warning, 40 error, 50 fatal
  std::vector<SummaryValue> values;
};

// False when `record` is no such message.
bool read_event(std::string_view record, Event& out);

}  // namespace headrace::exchange
