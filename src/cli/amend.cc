#include "cli/amend.h"

#include <filesystem>
#include <utility>

#include "cli/identified.h"
#include "cli/open_session.h"

namespace headrace::cli {

int amend(const Program& program, const std::string& what, const std::string& action,
          const std::vector<std::string>& values, const std::string& done) {
  Result<store::Store> store = open_to_amend(program);
  if (!store.ok()) return program.fail(store.status());
  const query::Session session = query::Session::over(program.root(), std::move(*store));
  const Result<Identified> named =
      identified(session, what, {query::ThingKind::kCampaign, query::ThingKind::kWorkflow});
  if (!named.ok()) return program.fail(named.status());
  const query::Thing& thing = named->thing;
  const std::string kind(query::name_of(thing.kind));
  for (const std::string& value : values) {
    const Status status = store::amend(session.store(), {kind, named->id, action, value});
    if (!status.ok()) return program.fail(status);
  }
  program.say(done + " " + kind + " " + thing.name + " (" + thing.id.substr(0, 8) + ")");
  return kDone;
}

}  // namespace headrace::cli
