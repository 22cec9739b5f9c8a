// What every view and column of the store means: the one source of docs/schema.md and of the
// comments in the store itself. A test holds it against DuckDB's own DESCRIBE of every view.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace headrace::store {

struct ViewColumn {
  const char* name;
  const char* type;     // as DESCRIBE says it
  const char* unit;     // "" where there is none
  const char* meaning;  // what NULL stands for is said where a column can be NULL for a reason
  const char* prov;     // the term of W3C PROV; "" where it has none
};

struct ViewWords {
  const char* name;
  const char* row;   // what one row is
  const char* prov;  // as above
  std::span<const ViewColumn> columns;
};

// All views of the schema `main`, those that scientists ask first.
std::span<const ViewWords> view_words();

// COMMENT statements for a view and its columns, or for all with an empty name. A view that is made
// again loses its comments.
std::string comments_sql(std::string_view view = {});

// The text of docs/schema.md.
std::string schema_page();

}  // namespace headrace::store
