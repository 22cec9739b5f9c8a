#include "capture/exposure.h"

#include <algorithm>
#include <string>

#include "capture/task.h"

namespace headrace::capture {
namespace {

constexpr size_t kMostParts = (Fields::kMaxFields - 3) / 2;

void record_some(const Exposed& exposed, std::span<const ExposedPart> parts) {
  Fields fields;
  fields.add_int(Role::kAttribute, name_id("since_ns"), exposed.since_ns);
  fields.add_string(Role::kAttribute, name_id("model"), exposed.model);
  fields.add_int(Role::kAttribute, name_id("repeated"), exposed.repeated ? 1 : 0);
  std::string calls;
  for (const ExposedPart& part : parts) {
    calls.assign(part.name).push_back('#');
    fields.add_int(Role::kGenerated, name_id(part.name), std::max<int64_t>(part.self_ns, 0));
    fields.add_int(Role::kGenerated, name_id(calls), std::max<int64_t>(part.calls, 0));
  }
  log_values_of(exposed.task, LogStream::kExposure, fields);
}

}  // namespace

void record_exposure(const Exposed& exposed) {
  if (exposed.since_ns <= 0 || Recorder::get() == nullptr) return;
  std::span<const ExposedPart> parts = exposed.parts;
  while (!parts.empty()) {
    const size_t count = std::min(parts.size(), kMostParts);
    record_some(exposed, parts.first(count));
    parts = parts.subspan(count);
  }
}

}  // namespace headrace::capture
