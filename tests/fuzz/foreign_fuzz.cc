// Any bytes as what other systems write: documents of Flowcept in JSON and MessagePack, spans,
// trace files, meta.yaml and parameters of MLflow. What is read is valid, what is not says why, and
// nothing is much larger than the bytes it came from. The first byte chooses.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "encode/nested.h"
#include "exchange/flowcept_document.h"
#include "exchange/flowcept_msgpack.h"
#include "exchange/mlflow_meta.h"
#include "exchange/mlflow_spans.h"
#include "exchange/mlflow_values.h"
#include "tests/fuzz/check.h"

using namespace headrace;            // NOLINT: a program, not a header
using namespace headrace::exchange;  // NOLINT

namespace {

constexpr size_t kLookedAt = 200;  // fields, each of which is sought among all

void fields_are_valid(const FlowceptDocument& document) {
  std::set<std::string_view> names;
  for (const FlowceptDocument::Field& field : document.fields()) {
    FUZZ_CHECK(names.insert(field.name).second);
    FUZZ_CHECK(nested_to_json(field.nested).ok());
    FUZZ_CHECK(FlowceptDocument::value_of(field).ok());
  }
}

void look_into(const Result<FlowceptDocument>& document) {
  if (!document.ok()) {
    FUZZ_CHECK(!document.status().message().empty());
    return;
  }
  fields_are_valid(*document);
  const Result<FlowceptDocument::Kind> kind = document->kind();
  FUZZ_CHECK(kind.ok() || !kind.status().message().empty());
  size_t looked_at = 0;
  for (const FlowceptDocument::Field& field : document->fields()) {
    if (++looked_at > kLookedAt) break;
    const bool is_there = document->has(field.name);
    FUZZ_CHECK(is_there != FlowceptDocument::is_null(field));
    const Result<std::optional<int64_t>> at = document->time_ns(field.name);
    FUZZ_CHECK(at.ok() ? at->has_value() == is_there && at->value_or(0) >= 0
                       : !at.status().message().empty());
    const FlowceptDocument inner = document->inner(field.name);
    fields_are_valid(inner);
    const auto texts = document->texts(field.name);
    FUZZ_CHECK(!texts || texts->size() == inner.fields().size());
    FUZZ_CHECK(!document->is_map(field.name) || !document->text(field.name));
  }
}

void message(std::string_view bytes) {
  const Result<std::string> nested = nested_from_msgpack(bytes);
  const Result<FlowceptDocument> document = FlowceptDocument::from_msgpack(bytes);
  look_into(document);
  if (!nested.ok()) return;
  FUZZ_CHECK(nested->size() <= 9 * bytes.size());
  FUZZ_CHECK(nested_to_json(*nested).ok());
  FUZZ_CHECK(document.ok() == (static_cast<uint8_t>(nested->front()) == kNestedMap));
}

void look_into(const MlflowSpan& span) {
  FUZZ_CHECK(!span.id.empty());
  FUZZ_CHECK(span.begin_ns.value_or(0) >= 0 && span.end_ns.value_or(0) >= 0);
  static_cast<void>(json_or_text(span.inputs));
  static_cast<void>(json_or_text(span.outputs));
  for (const auto& [name, value] : span.attributes) static_cast<void>(json_or_text(value));
  FUZZ_CHECK(span.events.empty() || span.events.front() == '[');
  FUZZ_CHECK(span.links.empty() || span.links.front() == '[');
}

void spans(std::string_view text) {
  MlflowSpan span;
  const Status one = read_span(text, span);
  FUZZ_CHECK(one.ok() || !one.message().empty());
  if (one.ok()) look_into(span);
  const Result<std::vector<MlflowSpan>> all = read_traces_json(text);
  FUZZ_CHECK(all.ok() || !all.status().message().empty());
  if (!all.ok()) return;
  for (const MlflowSpan& each : *all) look_into(each);
}

// Its names stand at the beginning of its lines.
void meta(std::string_view text) {
  const Result<MlflowMeta> read = parse_meta(text);
  FUZZ_CHECK(read.ok() || read.status().message().find("meta.yaml") != std::string::npos);
  if (!read.ok()) return;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.find_first_not_of(" \r") == std::string_view::npos || line[0] == ' ' || line[0] == '-')
      continue;
    const std::string_view name = line.substr(0, line.find(':'));
    FUZZ_CHECK(read->has(name));
    FUZZ_CHECK(!read->integer(name) || !read->text(name).empty());
  }
}

void param(std::string_view text) {
  const collect::Value value = param_value(text);
  if (value.tag == ValueTag::kString) FUZZ_CHECK(value.tail == text);
  if (value.tag == ValueTag::kInt)
    FUZZ_CHECK(std::to_string(static_cast<int64_t>(value.cell)) == text);
  FUZZ_CHECK(value.tag == ValueTag::kString || text.size() < 32);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: look_into(FlowceptDocument::from_json(text)); break;
    case 1: message(text); break;
    case 2: spans(text); break;
    case 3: meta(text); break;
    default: param(text);
  }
  return 0;
}
