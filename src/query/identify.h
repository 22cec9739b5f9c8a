// Finding what a person means: a campaign, workflow, task or object by its name, the beginning of
// its id, a path or the beginning of a hash.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "query/session.h"

namespace headrace::query {

enum class ThingKind : uint8_t { kCampaign, kWorkflow, kTask, kObject };
std::string_view name_of(ThingKind kind);

struct Thing {
  ThingKind kind = ThingKind::kObject;
  std::string id;
  std::string name;   // an object's path where it has one
  std::string about;  // "version 3", "finished 2026-11-21 14:02:11": tells namesakes apart
};

// Everything of the given kinds that `text` may mean, the newest first. Understood are
//   a name; for an object also its path, as typed from `here`, or the end of its path
//   4 or more digits that an id begins with, or its beginning and end: "9f2c01ab..03e1"
//   6 or more digits that an object's SHA-256 begins with
//   any of these after a kind: "task:9f2c", "model:best.pt", "workflow:train"
Result<std::vector<Thing>> find_things(const Session& session, const std::string& text,
                                       const std::vector<ThingKind>& kinds,
                                       const std::filesystem::path& here);

// The one thing that `text` means. Of several versions of one object the newest. kNotFound with the
// nearest names; kInvalidArgument when it may mean several, which are listed.
Result<Thing> identify(const Session& session, const std::string& text,
                       const std::vector<ThingKind>& kinds, const std::filesystem::path& here);

// Is `text` digits of an id: "9f2c01ab", "9f2c01ab-77..03e1"?
bool looks_like_id(const std::string& text);

}  // namespace headrace::query
