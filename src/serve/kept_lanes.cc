#include "serve/kept_lanes.h"

#include "serve/api.h"

namespace headrace::serve {
namespace {

constexpr size_t kLaneBytes = 48;  // a task, over all columns

}  // namespace

Result<std::optional<query::Thing>> asked_thing(const Call& call) {
  for (const auto kind : {query::ThingKind::kWorkflow, query::ThingKind::kCampaign}) {
    const std::string text = call.text(std::string(query::name_of(kind)));
    if (text.empty()) continue;
    Result<query::Thing> thing = query::identify(call.session(), text, {kind}, here_of(call));
    if (!thing.ok()) return thing.status();
    return std::optional(std::move(*thing));
  }
  return std::optional<query::Thing>();
}

Result<std::shared_ptr<const query::TaskLanes>> kept_lanes(const Call& call, bool with_energy) {
  const Result<std::optional<query::Thing>> of = asked_thing(call);
  if (!of.ok()) return of.status();
  const query::Thing* thing = *of ? &**of : nullptr;
  Status failed;
  auto kept = call.view().kept->get<query::TaskLanes>(
      "lanes " + (thing == nullptr ? "" : thing->id) + (with_energy ? " energy" : ""),
      call.view().watermark,
      [&](const std::shared_ptr<const query::TaskLanes>&) {
        auto read = query::read_task_lanes(call.session(), thing, with_energy);
        if (!read.ok()) failed = read.status();
        return read.ok() ? *read : nullptr;
      },
      [](const query::TaskLanes& lanes) { return lanes.tasks() * kLaneBytes; });
  if (kept == nullptr) return failed;
  return kept;
}

}  // namespace headrace::serve
