// What a person names, as an id to write with.
#pragma once

#include <string>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "query/identify.h"

namespace headrace::cli {

struct Identified {
  query::Thing thing;
  Uuid id;
};

// The one campaign or workflow that `text` means; see query::identify.
Result<Identified> identified(const query::Session& session, const std::string& text,
                              const std::vector<query::ThingKind>& kinds);

}  // namespace headrace::cli
