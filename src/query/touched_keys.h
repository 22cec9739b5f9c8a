// Which captured values an SQL text asks for: `used.lr`, `generated['val loss']`, `t.used.cfg.lr`.
//
// Found in DuckDB's own parse tree (json_serialize_sql), so strings, comments and quoting are as
// DuckDB sees them. Only references that can mean the view `task` count: one that is qualified by
// another table's name or alias does not.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/value.h"
#include "query/json.h"

namespace headrace::query {

struct TouchedPath {
  Role role = Role::kUsed;
  std::vector<std::string> names;  // what stands after `used`: ["cfg", "lr"]
  auto operator<=>(const TouchedPath&) const = default;
};

struct TouchedKeys {
  bool reads_task = false;         // the view `task` stands in a FROM
  std::vector<TouchedPath> paths;  // each once
  bool bare_used = false;          // `used` as a whole
  bool bare_generated = false;
  bool star_of_values = false;      // used.* or generated.*
  bool star = false;                // every column may be asked for
  std::set<std::string> columns;    // every name in a column reference, lower case
  std::vector<std::string> tables;  // every table or view named, once, as written
};

// `tree` is what json_serialize_sql gave, without error.
TouchedKeys find_touched_keys(const Json& tree);

}  // namespace headrace::query
