#include "exchange/flowcept_document.h"

#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>
#include <unordered_map>

#include "base/bytes.h"
#include "encode/nested.h"
#include "encode/nested_from_json.h"
#include "exchange/flowcept_msgpack.h"

namespace headrace::exchange {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
// From here on a number of seconds is taken for milliseconds, as the peer's readers do.
constexpr double kFirstMilliseconds = 1e12;

ValueTag tag_of(std::string_view nested) {
  return nested.empty() ? ValueTag::kNull : static_cast<ValueTag>(nested.front());
}
bool is_container(std::string_view nested, uint8_t tag) {
  return !nested.empty() && static_cast<uint8_t>(nested.front()) == tag;
}

// A key as the peer's consumer makes it: text.
std::string key_text(std::string_view nested) {
  ByteReader in(nested);
  const auto tag = static_cast<ValueTag>(in.u8());
  if (tag == ValueTag::kString || tag == ValueTag::kBigInt || tag == ValueTag::kBytes) {
    return std::string(in.text());
  }
  if (tag == ValueTag::kNull) return "None";
  if (tag == ValueTag::kBool) return in.u8() != 0 ? "True" : "False";
  const Result<std::string> json = nested_to_json(nested);
  return json.ok() ? *json : std::string();
}

std::optional<int64_t> ns_of_seconds(double seconds) {
  if (std::abs(seconds) >= kFirstMilliseconds) seconds /= 1000;
  if (!(seconds >= 0 && seconds < 9.2e9)) return std::nullopt;
  // Apart, so that each part is exact.
  const double whole = std::floor(seconds);
  return static_cast<int64_t>(whole) * kNsPerSecond +
         static_cast<int64_t>(std::llround((seconds - whole) * kNsPerSecond));
}

// 2026-11-22T17:05:00.123456+01:00, the fraction and the zone may be absent, a space for the T.
std::optional<int64_t> ns_of_iso(const std::string& text) {
  std::tm moment{};
  int past = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d%*1[T ]%2d:%2d:%2d%n", &moment.tm_year, &moment.tm_mon,
                  &moment.tm_mday, &moment.tm_hour, &moment.tm_min, &moment.tm_sec, &past) != 6) {
    return std::nullopt;
  }
  moment.tm_year -= 1900;
  moment.tm_mon -= 1;
  const std::tm told = moment;
  const time_t seconds = timegm(&moment);
  // What is no date or time of day was made another one.
  if (seconds < 0 || moment.tm_mon != told.tm_mon || moment.tm_mday != told.tm_mday ||
      moment.tm_hour != told.tm_hour || moment.tm_min != told.tm_min) {
    return std::nullopt;
  }
  auto at = static_cast<size_t>(past);
  int64_t ns = 0;
  if (at < text.size() && text[at] == '.') {
    int64_t unit = kNsPerSecond;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      unit /= 10;
      ns += (text[at] - '0') * unit;
    }
  }
  int64_t east_s = 0;
  if (const std::string zone = text.substr(at); !zone.empty() && zone != "Z") {
    int hours = 0;
    int minutes = 0;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') ||
        std::sscanf(zone.c_str() + 1, "%2d:%2d", &hours, &minutes) != 2) {
      return std::nullopt;
    }
    east_s = (hours * 3600 + minutes * 60) * (zone[0] == '-' ? -1 : 1);
  }
  if (seconds - east_s < 0 || seconds - east_s > 9'200'000'000) return std::nullopt;
  return (static_cast<int64_t>(seconds) - east_s) * kNsPerSecond + ns;
}

}  // namespace

Result<FlowceptDocument> FlowceptDocument::from_json(std::string_view line) {
  const Result<std::string> nested = nested_from_json(line);
  return nested.ok() ? from_nested(*nested) : nested.status();
}

Result<FlowceptDocument> FlowceptDocument::from_msgpack(std::string_view message) {
  const Result<std::string> nested = nested_from_msgpack(message);
  return nested.ok() ? from_nested(*nested) : nested.status();
}

Result<FlowceptDocument> FlowceptDocument::from_nested(std::string_view nested) {
  if (!is_container(nested, kNestedMap)) return corrupt("a document is a map, this is none");
  FlowceptDocument out;
  ByteReader in(nested);
  in.u8();
  const uint32_t count = in.u32();
  std::unordered_map<std::string, size_t> places;
  for (uint32_t i = 0; i < count; ++i) {
    const size_t key_at = in.position();
    if (!skip_nested(in, 1)) return corrupt("a damaged document");
    const size_t value_at = in.position();
    if (!skip_nested(in, 1)) return corrupt("a damaged document");
    std::string name = key_text(nested.substr(key_at, value_at - key_at));
    std::string value(nested.substr(value_at, in.position() - value_at));
    const auto [place, is_new] = places.try_emplace(name, out.fields_.size());
    if (is_new)
      out.fields_.push_back({std::move(name), std::move(value)});
    else
      out.fields_[place->second].nested = std::move(value);
  }
  return out;
}

Result<FlowceptDocument::Kind> FlowceptDocument::kind() const {
  if (const std::optional<std::string> type = text("type")) {
    if (*type == "task") return Kind::kTask;
    if (*type == "workflow") return Kind::kWorkflow;
    if (*type == "agent") return Kind::kAgent;
    if (*type == "object") return Kind::kObject;
    if (*type == "flowcept_control") return Kind::kControl;
    if (*type == "flowcept_agent") return Kind::kMonitor;
    return invalid_argument("a document of the unknown type '" + *type + "'");
  }
  if (has("type")) return invalid_argument("a document whose type is no text");
  if (has("task_id") || has("activity_id")) return Kind::kTask;
  if (has("agent_id")) return Kind::kAgent;
  if (has("name") || has("environment_id")) return Kind::kWorkflow;
  return invalid_argument(
      "a document without type that is no task (task_id or activity_id), agent (agent_id) or "
      "workflow (name or environment_id)");
}

bool FlowceptDocument::is_null(const Field& field) {
  return tag_of(field.nested) == ValueTag::kNull;
}

const FlowceptDocument::Field* FlowceptDocument::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (field.name == name) return is_null(field) ? nullptr : &field;
  }
  return nullptr;
}

std::optional<std::string> FlowceptDocument::text(std::string_view name) const {
  const Field* field = find(name);
  if (field == nullptr) return std::nullopt;
  ByteReader in(field->nested);
  switch (static_cast<ValueTag>(in.u8())) {
    case ValueTag::kString:
    case ValueTag::kBigInt: return std::string(in.text());
    case ValueTag::kInt: return std::to_string(in.i64());
    case ValueTag::kFloat: {
      const Result<std::string> json = nested_to_json(field->nested);
      return json.ok() ? std::optional<std::string>(*json) : std::nullopt;
    }
    default: return std::nullopt;
  }
}

Result<std::optional<int64_t>> FlowceptDocument::time_ns(std::string_view name) const {
  const Field* field = find(name);
  if (field == nullptr) return std::optional<int64_t>();
  ByteReader in(field->nested);
  std::optional<int64_t> ns;
  switch (static_cast<ValueTag>(in.u8())) {
    case ValueTag::kFloat: ns = ns_of_seconds(in.f64()); break;
    case ValueTag::kInt: ns = ns_of_seconds(static_cast<double>(in.i64())); break;
    case ValueTag::kTime:
      if (const int64_t told = in.i64(); told >= 0) ns = told;
      break;
    case ValueTag::kString: ns = ns_of_iso(std::string(in.text())); break;
    default: break;
  }
  if (ns) return ns;
  const Result<std::string> json = nested_to_json(field->nested);
  return invalid_argument("its " + std::string(name) + " is no time: " +
                          (json.ok() ? json->substr(0, 100) : std::string("damaged")));
}

FlowceptDocument FlowceptDocument::inner(std::string_view name) const {
  FlowceptDocument out;
  const Field* field = find(name);
  if (field == nullptr) return out;
  if (is_container(field->nested, kNestedMap)) {
    Result<FlowceptDocument> map = from_nested(field->nested);
    return map.ok() ? std::move(*map) : out;
  }
  if (!is_container(field->nested, kNestedList)) {
    out.fields_.push_back({"arg0", field->nested});
    return out;
  }
  ByteReader in(field->nested);
  in.u8();
  const uint32_t count = in.u32();
  for (uint32_t i = 0; i < count; ++i) {
    const size_t begin = in.position();
    if (!skip_nested(in, 1)) return out;
    out.fields_.push_back(
        {"arg" + std::to_string(i), field->nested.substr(begin, in.position() - begin)});
  }
  return out;
}

bool FlowceptDocument::is_map(std::string_view name) const {
  const Field* field = find(name);
  return field != nullptr && is_container(field->nested, kNestedMap);
}

std::optional<std::vector<std::string>> FlowceptDocument::texts(std::string_view name) const {
  const Field* field = find(name);
  if (field == nullptr || !is_container(field->nested, kNestedList)) return std::nullopt;
  std::vector<std::string> out;
  ByteReader in(field->nested);
  in.u8();
  const uint32_t count = in.u32();
  for (uint32_t i = 0; i < count; ++i) {
    if (in.u8() != static_cast<uint8_t>(ValueTag::kString)) return std::nullopt;
    out.emplace_back(in.text());
  }
  return in.ok() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace headrace::exchange
