// What is looked at: everything, a campaign, or a workflow with those under it.
#pragma once

#include <set>
#include <string>

#include "base/id.h"
#include "base/status.h"
#include "query/session.h"
#include "top/folder.h"

namespace headrace::top {

struct Scope {
  enum class Kind : uint8_t { kEverything, kCampaign, kWorkflow };
  Kind kind = Kind::kEverything;
  Uuid id{};
  bool operator==(const Scope&) const = default;
};

// What a person names: a campaign or workflow by its name or the beginning of its id. Errors: of
// query::identify.
Result<Scope> scope_named(const query::Session& session, const std::string& name);

// The store's numbers of the workflows that belong to it.
std::set<uint32_t> workflows_of(const Folder& folder, const Scope& scope);
// One level up: a workflow's parent or campaign, a campaign's everything.
Scope above(const Folder& folder, const Scope& scope);
// "everything", "sweep", "sweep › tune".
std::string title_of(const Folder& folder, const Scope& scope);

}  // namespace headrace::top
