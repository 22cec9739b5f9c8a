// Any bytes as a filter, and as a Mongo filter: what is read prints as a text that reads back
// equal, and becomes SQL, on every view. The first byte chooses the view.
#include <cstdint>
#include <string>
#include <string_view>

#include "query/filter_lexer.h"
#include "query/filter_parser.h"
#include "query/filter_sql.h"
#include "query/json.h"
#include "query/mongo_filter.h"
#include "tests/fuzz/check.h"

using namespace headrace;         // NOLINT: a program, not a header
using namespace headrace::query;  // NOLINT

namespace {

void becomes_sql(const Filter& filter, FilterView view) {
  const store::Registry registry;
  FilterSql sql(view, registry, 1'700'000'000'000'000'000);
  FUZZ_CHECK(sql.condition(filter).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const auto view = static_cast<FilterView>(data[0] % 4);
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Result<Filter> filter = parse_filter(text, view);
  if (filter.ok()) {
    const std::string printed = filter_text(*filter);
    const Result<Filter> again = parse_filter(printed, view);
    // Quoting may make a text longer than is read.
    FUZZ_CHECK(again.ok() ? *again == *filter : printed.size() > kLongestFilter);
    becomes_sql(*filter, view);
  } else {
    FUZZ_CHECK(!filter.status().message().empty());
  }
  const Result<Json> document = Json::parse(text);
  if (!document.ok()) return 0;
  const Result<Filter> mongo = mongo_filter(*document, view);
  if (mongo.ok()) becomes_sql(*mongo, view);
  const Result<Selection> selection = mongo_selection(*document, view);
  FUZZ_CHECK(selection.ok() || !selection.status().message().empty());
  return 0;
}
