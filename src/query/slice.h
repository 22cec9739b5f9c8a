// The part of the lineage that a question is about: a thing as a person typed it, what lies behind
// it or ahead of it, and what is known of each.
#pragma once

#include <filesystem>
#include <string>

#include "base/status.h"
#include "query/why.h"
#include "query/why_nodes.h"

namespace headrace::query {

struct Slice {
  Thing subject;
  Lineage lineage;
  NodeFacts facts;
};

// Errors: as of explain().
Result<Slice> slice_of(const Session& session, const std::string& text,
                       const std::filesystem::path& here, Direction direction,
                       const WhyOptions& options);

}  // namespace headrace::query
