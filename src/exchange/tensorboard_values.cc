#include "exchange/tensorboard_values.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "encode/nested.h"

namespace headrace::exchange {
namespace {

using collect::Value;

// A map of which the entries are known before their count is.
class MapOf {
 public:
  NestedWriter& key(std::string_view name) {
    ++count_;
    writer_.string(name);
    return writer_;
  }
  Value value() const {
    std::string nested;
    NestedWriter(nested).begin_map(count_);
    return Value::nested(nested + entries_).value_or(Value::null());
  }

 private:
  std::string entries_;
  NestedWriter writer_{entries_};
  uint32_t count_ = 0;
};

bool is_whole(const EventTensor& tensor) {
  return tensor.elements >= 0 && static_cast<uint64_t>(tensor.elements) == tensor.numbers.size();
}

Value tensor_value(const EventTensor& tensor, std::string_view plugin) {
  MapOf out;
  // The first two strings of the plugin's tensors are a picture's width and height.
  const bool is_images = plugin == "images" && tensor.strings.size() >= 2;
  out.key("type").string(is_images ? "images" : plugin == "audio" ? "audio" : "tensor");
  if (is_images) {
    out.key("width").string(tensor.strings[0]);
    out.key("height").string(tensor.strings[1]);
    out.key("count").integer(std::max<int64_t>(tensor.elements - 2, 0));
  }
  out.key("dtype").string(tensor.dtype);
  NestedWriter& shape = out.key("shape");
  shape.begin_list(static_cast<uint32_t>(tensor.shape.size()));
  for (const int64_t size : tensor.shape) shape.integer(size);
  out.key("size_bytes").integer(static_cast<int64_t>(tensor.size_bytes));
  if (!is_whole(tensor)) return out.value();
  NestedWriter& values = out.key("values");
  values.begin_list(static_cast<uint32_t>(tensor.numbers.size()));
  const bool is_integer = tensor.integers.size() == tensor.numbers.size();
  for (size_t i = 0; i < tensor.numbers.size(); ++i) {
    if (is_integer) {
      values.integer(tensor.integers[i]);
    } else {
      values.real(tensor.numbers[i]);
    }
  }
  return out.value();
}

Value histogram_value(const EventHistogram& histogram) {
  MapOf out;
  out.key("type").string("histogram");
  out.key("count").real(histogram.count);
  out.key("min").real(histogram.min);
  out.key("max").real(histogram.max);
  out.key("sum").real(histogram.sum);
  if (histogram.count > 0) {
    const double mean = histogram.sum / histogram.count;
    const double square = histogram.sum_squares / histogram.count - mean * mean;
    out.key("mean").real(mean);
    out.key("std").real(std::sqrt(std::max(square, 0.0)));
  }
  out.key("buckets").integer(static_cast<int64_t>(histogram.buckets));
  return out.value();
}

Value image_value(const EventImage& image) {
  MapOf out;
  out.key("type").string("image");
  out.key("width").integer(image.width);
  out.key("height").integer(image.height);
  out.key("size_bytes").integer(static_cast<int64_t>(image.size_bytes));
  return out.value();
}

Value audio_value(const EventAudio& audio) {
  MapOf out;
  out.key("type").string("audio");
  out.key("sample_rate_hz").real(audio.sample_rate_hz);
  out.key("frames").integer(audio.frames);
  out.key("size_bytes").integer(static_cast<int64_t>(audio.size_bytes));
  out.key("content_type").string(audio.content_type);
  return out.value();
}

}  // namespace

Value summary_value(const SummaryValue& value, std::string_view plugin) {
  switch (value.kind) {
    case SummaryKind::kSimple: return Value::of(static_cast<double>(value.simple));
    case SummaryKind::kTensor:
      if (value.tensor.elements == 1 && value.tensor.numbers.size() == 1) {
        return value.tensor.integers.empty() ? Value::of(value.tensor.numbers[0])
                                             : Value::of(value.tensor.integers[0]);
      }
      return tensor_value(value.tensor, plugin);
    case SummaryKind::kHistogram: return histogram_value(value.histogram);
    case SummaryKind::kImage: return image_value(value.image);
    case SummaryKind::kAudio: return audio_value(value.audio);
    case SummaryKind::kNone: break;
  }
  return Value::null();
}

Value hparam_value(const HparamValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return Value::of(*number);
  if (const auto* text = std::get_if<std::string>(&value)) return Value::of(*text);
  if (const auto* truth = std::get_if<bool>(&value)) return Value::of(*truth);
  if (const auto* json = std::get_if<HparamJson>(&value)) {
    return Value::json(json->text).value_or(Value::of(json->text));
  }
  return Value::null();
}

}  // namespace headrace::exchange
