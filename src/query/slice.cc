#include "query/slice.h"

#include <optional>
#include <utility>

namespace headrace::query {
namespace {

struct Start {
  Thing thing;
  NodeKind kind = NodeKind::kObject;
  Uuid id;
};

Result<Start> start_of(const Session& session, const std::string& text,
                       const std::filesystem::path& here) {
  Result<Thing> thing =
      identify(session, text, {ThingKind::kObject, ThingKind::kTask, ThingKind::kWorkflow}, here);
  if (!thing.ok()) return thing.status();
  const std::optional<Uuid> id = Uuid::parse(thing->id);
  if (!id) return corrupt("the store has an id that is none: " + thing->id);
  const NodeKind kind = thing->kind == ThingKind::kObject ? NodeKind::kObject
                        : thing->kind == ThingKind::kTask ? NodeKind::kTask
                                                          : NodeKind::kWorkflow;
  return Start{std::move(*thing), kind, *id};
}

}  // namespace

Result<Slice> slice_of(const Session& session, const std::string& text,
                       const std::filesystem::path& here, Direction direction,
                       const WhyOptions& options) {
  Result<Start> start = start_of(session, text, here);
  if (!start.ok()) return start.status();
  Result<EdgeIndex> index = EdgeIndex::open(session);
  if (!index.ok()) return index.status();
  Result<Lineage> lineage =
      walk_lineage(session, *index, start->kind, start->id, direction, options.lineage);
  if (!lineage.ok()) return lineage.status();
  if (!options.only_path.empty()) {
    Result<Start> end = start_of(session, options.only_path, here);
    if (!end.ok()) return end.status();
    const Direction back = direction == Direction::kBehind ? Direction::kAhead : Direction::kBehind;
    Result<Lineage> other =
        walk_lineage(session, *index, end->kind, end->id, back, options.lineage);
    if (!other.ok()) return other.status();
    Lineage between = lineage_between(*lineage, *other);
    if (between.nodes.empty()) {
      const bool behind = direction == Direction::kBehind;
      return not_found("nothing that was captured leads from " +
                       (behind ? options.only_path : text) + " to " +
                       (behind ? text : options.only_path) +
                       (options.lineage.inferred ? "" : "; --inferred also follows equal values"));
    }
    *lineage = std::move(between);
  }
  Result<NodeFacts> facts = read_nodes(session, *lineage);
  if (!facts.ok()) return facts.status();
  return Slice{std::move(start->thing), std::move(*lineage), std::move(*facts)};
}

}  // namespace headrace::query
