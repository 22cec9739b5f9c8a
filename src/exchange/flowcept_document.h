// One document of Flowcept's, as it travels on its channel and stands in its buffer files: a flat
// map with names of its own. Fields stay as they came; what they mean is told by flowcept_told.h.
//
// Format: Flowcept 1.0.3 writes one JSON object a line into buffer files and one MessagePack map a
// message to its broker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "collect/told_value.h"

namespace headrace::exchange {

class FlowceptDocument {
 public:
  enum class Kind : uint8_t { kTask, kWorkflow, kAgent, kObject, kControl, kMonitor };
  struct Field {
    std::string name;
    std::string nested;  // one nested value, encode/nested.h
  };

  // Errors: kCorrupt with the place where the bytes stop being one, or when they are no map.
  static Result<FlowceptDocument> from_json(std::string_view line);
  static Result<FlowceptDocument> from_msgpack(std::string_view message);
  static Result<FlowceptDocument> from_nested(std::string_view nested);

  // By its type; without one by the rules of the peer's consumer: task_id or activity_id, then
  // agent_id, then name or environment_id. kInvalidArgument when that says nothing.
  Result<Kind> kind() const;

  const std::vector<Field>& fields() const { return fields_; }
  // Null when absent; a null field is absent, as it is to the peer.
  const Field* find(std::string_view name) const;
  static bool is_null(const Field& field);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // A string's text, a number's digits; nullopt for anything else.
  std::optional<std::string> text(std::string_view name) const;
  // Unix ns of seconds as a number (from 1e12 on: milliseconds) or of an ISO 8601 text, without a
  // zone in UTC; nullopt when absent. kInvalidArgument for what is no time from 1970 to 2262.
  Result<std::optional<int64_t>> time_ns(std::string_view name) const;
  // The fields of a map; {"arg0": ...} of a list or scalar, as the peer's consumer has it.
  FlowceptDocument inner(std::string_view name) const;
  bool is_map(std::string_view name) const;
  // The strings of a list; nullopt when it is none, or has anything else in it.
  std::optional<std::vector<std::string>> texts(std::string_view name) const;

  static Result<collect::Value> value_of(const Field& field) {
    return collect::Value::nested(field.nested);
  }

 private:
  std::vector<Field> fields_;
};

}  // namespace headrace::exchange
