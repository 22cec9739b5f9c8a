#include "exchange/mlflow_spans.h"

#include <string>
#include <utility>

#include "query/json.h"

namespace headrace::exchange {
namespace {

using query::Json;

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  return c == '/' ? 63 : -1;
}

// Eight bytes in base64 as 16 hex digits, as the database's columns have them; anything else as it
// is, without a leading 0x.
std::string span_id(const Json& id) {
  const std::string* text = id.as<std::string>();
  if (text == nullptr) return {};
  if (text->starts_with("0x")) return text->substr(2);
  if (text->size() != 12 || text->back() != '=') return *text;
  uint64_t bits = 0;
  for (size_t i = 0; i < 11; ++i) {
    const int six = sextet((*text)[i]);
    if (six < 0) return *text;
    // 66 bits hold 64: the last two are filling.
    bits = i < 10 ? bits << 6 | static_cast<uint64_t>(six) : bits << 4 | six >> 2;
  }
  std::string out(16, '0');
  for (size_t i = 16; i-- > 0; bits >>= 4) out[i] = "0123456789abcdef"[bits & 15];
  return out;
}

void set_time(const Json& time, std::optional<int64_t>& out) {
  if (const int64_t* ns = time.as<int64_t>(); ns != nullptr && *ns >= 0) out = *ns;
}

// "STATUS_CODE_OK" and "OK" are the same.
std::string status_of(const Json& code) {
  const std::string* text = code.as<std::string>();
  if (text == nullptr) return {};
  return text->starts_with("STATUS_CODE_") ? text->substr(12) : *text;
}

std::string text_of(const Json& value) { return value.is_null() ? std::string() : value.text(); }

Status read_object(const Json& span, MlflowSpan& out) {
  const bool is_old = span["context"].as<Json::Map>() != nullptr;
  std::string id = span_id(is_old ? span["context"]["span_id"] : span["span_id"]);
  if (id.empty()) return corrupt("it is no span of MLflow's: it has no span_id");
  out.id = std::move(id);
  out.parent = span_id(span[is_old ? "parent_id" : "parent_span_id"]);
  if (const std::string* name = span["name"].as<std::string>()) out.name = *name;
  set_time(span[is_old ? "start_time" : "start_time_unix_nano"], out.begin_ns);
  set_time(span[is_old ? "end_time" : "end_time_unix_nano"], out.end_ns);
  out.status = status_of(is_old ? span["status_code"] : span["status"]["code"]);
  out.message = text_of(is_old ? span["status_message"] : span["status"]["message"]);
  if (const auto* attributes = span["attributes"].as<Json::Map>()) {
    for (const auto& [name, value] : *attributes) {
      const std::string* text = value.as<std::string>();
      std::string json = text != nullptr ? *text : value.dump();
      if (name == "mlflow.spanInputs") {
        out.inputs = std::move(json);
      } else if (name == "mlflow.spanOutputs") {
        out.outputs = std::move(json);
      } else {
        out.attributes.emplace_back(name, std::move(json));
      }
    }
  }
  const auto* events = span["events"].as<Json::List>();
  if (events != nullptr && !events->empty()) out.events = span["events"].dump();
  for (size_t i = 0; events != nullptr && i < events->size(); ++i) {
    const Json& event = (*events)[i];
    if (event["name"].text() != "exception") continue;
    out.error_type = text_of(event["attributes"]["exception.type"]);
    out.error_message = text_of(event["attributes"]["exception.message"]);
    out.error_traceback = text_of(event["attributes"]["exception.stacktrace"]);
  }
  const auto* links = span["links"].as<Json::List>();
  if (links != nullptr && !links->empty()) out.links = span["links"].dump();
  return ok_status();
}

}  // namespace

Status read_span(std::string_view text, MlflowSpan& out) {
  const Result<Json> span = Json::parse(text);
  return span.ok() ? read_object(*span, out) : span.status();
}

Result<std::vector<MlflowSpan>> read_traces_json(std::string_view text) {
  const Result<Json> trace = Json::parse(text);
  if (!trace.ok()) return trace.status();
  const auto* spans = (*trace)["spans"].as<Json::List>();
  if (spans == nullptr)
    return corrupt("it is no traces.json of MLflow's: it has no list \"spans\"");
  std::vector<MlflowSpan> out(spans->size());
  for (size_t i = 0; i < out.size(); ++i) {
    HEADRACE_RETURN_IF_ERROR(read_object((*spans)[i], out[i]));
  }
  return out;
}

}  // namespace headrace::exchange
