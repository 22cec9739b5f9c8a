// The meta.yaml of MLflow's file stores: one level of names and values, as PyYAML's safe_dump
// writes it. Nothing else of YAML is understood: no anchors, no types, no documents.
//
//   Result<MlflowMeta> meta = parse_meta("name: 'a: b'\nend_time: null\n");
//   meta->text("name") == "a: b", meta->integer("end_time") == nullopt
//
// A name whose value is a list or map of its own is kept as its lines.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace headrace::exchange {

class MlflowMeta {
 public:
  // "" for what is null or not there.
  std::string text(std::string_view name) const;
  // Nothing for what is null, not there or no integer.
  std::optional<int64_t> integer(std::string_view name) const;
  bool has(std::string_view name) const { return values_.contains(name); }

 private:
  friend Result<MlflowMeta> parse_meta(std::string_view yaml);
  std::map<std::string, std::optional<std::string>, std::less<>> values_;
};

// Errors: kCorrupt with the line that is none of these.
Result<MlflowMeta> parse_meta(std::string_view yaml);

}  // namespace headrace::exchange
