// Which version of its path or name an object is: a column's SQL, over rows of object_row named
// `o`.
#pragma once

namespace headrace::store {

// Counts the distinct contents at one path (or name and kind), in the order they were first seen,
// so all objects of that path or name must be among the rows. A model that comes from another
// program has the number that it has there, if that tells one; else it is counted by its name too,
// because several may lie in one folder.
constexpr const char* kObjectVersion = R"sql(coalesce(
  CASE WHEN o.kind = 'model' AND o.attributes LIKE '%"foreign_id"%'
       THEN TRY_CAST((o.attributes::JSON->>'$.version') AS BIGINT) END,
  dense_rank() OVER (PARTITION BY coalesce(o.path, o.name), CASE WHEN o.path IS NULL THEN o.kind END,
                       CASE WHEN o.kind = 'model' AND o.attributes LIKE '%"foreign_id"%' THEN o.name END
                     ORDER BY o.created_ns, o.object)))sql";

}  // namespace headrace::store
