#include "cli/identified.h"

#include <optional>

namespace headrace::cli {

Result<Identified> identified(const query::Session& session, const std::string& text,
                              const std::vector<query::ThingKind>& kinds) {
  const Result<query::Thing> thing = query::identify(session, text, kinds, "/");
  if (!thing.ok()) return thing.status();
  const std::optional<Uuid> id = Uuid::parse(thing->id);
  if (!id) return corrupt("the store has an id that is none: " + thing->id);
  return Identified{*thing, *id};
}

}  // namespace headrace::cli
