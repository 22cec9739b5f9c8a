// What a person says later: tags and notes. Only with --allow-write.
#include "collect/open.h"
#include "query/identify.h"
#include "serve/api.h"
#include "serve/site.h"
#include "store/amendment.h"

namespace headrace::serve {
namespace {

using query::Json;

constexpr int64_t kLendMs = 10'000;
constexpr size_t kLongestText = 64 << 10;

Result<Answer> amend(const Call& call, const std::string& action, const std::string& value) {
  if (value.size() > kLongestText) return invalid_argument("a tag or note is at most 64 KiB long");
  const std::string kind = call.text("kind");
  if (kind != "campaign" && kind != "workflow") {
    return not_found("a campaign or a workflow can be tagged, not a " + kind.substr(0, 40));
  }
  LiveStore& live = call.source().live();
  // The file is ours until `lent` goes, after the store.
  const Result<std::shared_ptr<void>> lent = live.lend(kLendMs);
  if (!lent.ok()) return lent.status();
  collect::OpenOptions options;
  options.ask_server = false;
  options.store.wait_ms = 2000;
  Result<store::Store> store = collect::open_for_change(live.directory(), options);
  if (!store.ok()) return store.status();
  const query::Session session = query::Session::over(live.directory().root, std::move(*store));
  const Result<query::Thing> thing = query::identify(
      session, call.text("id"),
      {kind == "campaign" ? query::ThingKind::kCampaign : query::ThingKind::kWorkflow}, "/");
  if (!thing.ok()) return thing.status();
  const auto id = Uuid::parse(thing->id);
  if (!id) return corrupt("the store has an id that is none: " + thing->id);
  HEADRACE_RETURN_IF_ERROR(store::amend(session.store(), {kind, *id, action, value}));
  return Answer(Json::Map{{"kind", kind}, {"id", thing->id}, {"name", thing->name}});
}

Result<Answer> tag(const Call& call) {
  if (!call.text("set").empty()) return amend(call, "tag", call.text("set"));
  if (!call.text("remove").empty()) return amend(call, "untag", call.text("remove"));
  return invalid_argument("say what to set or to remove");
}

Result<Answer> note(const Call& call) { return amend(call, "note", call.text("text")); }

}  // namespace

void add_amend_routes(std::vector<Route>* out) {
  out->push_back({.method = "PATCH",
                  .path = "/tags/{kind}/{id}",
                  .about = "Sets or removes a tag of a campaign or workflow (--allow-write)",
                  .answer = tag,
                  .is_of_store = false,
                  .body = {{.name = "set", .about = "NAME or NAME=VALUE"},
                           {.name = "remove", .about = "NAME"}},
                  .changes_store = true});
  out->push_back({.method = "PUT",
                  .path = "/note/{kind}/{id}",
                  .about = "Writes the note of a campaign or workflow (--allow-write)",
                  .answer = note,
                  .is_of_store = false,
                  .body = {{.name = "text", .about = "the note"}},
                  .changes_store = true});
}

}  // namespace headrace::serve
