#include "binding/query/selections.h"

#include <utility>
#include <vector>

#include "query/filter_names.h"
#include "query/filter_parser.h"
#include "query/json.h"
#include "query/mongo_filter.h"

namespace headrace::binding {
namespace {

using query::Filter;
using query::FilterView;
using query::Json;

std::vector<Json> items(const Json& json) {
  const auto* list = json.as<Json::List>();
  return list == nullptr ? std::vector<Json>{} : *list;
}

std::string with_commas(const Json& json) {
  std::string out;
  for (const Json& item : items(json)) out += (out.empty() ? "" : ",") + item.text();
  return out;
}

Result<Filter> read_filters(const query::Session& session, const Json& question, FilterView view) {
  const bool* known = question["must_be_known"].as<bool>();
  std::vector<Filter> all;
  for (const Json& text : items(question["filters"])) {
    Result<Filter> filter = known != nullptr && *known
                                ? query::known_filter(session, text.text(), view)
                                : query::parse_filter(text.text(), view);
    if (!filter.ok()) return filter;
    all.push_back(std::move(*filter));
  }
  for (const Json& document : items(question["documents"])) {
    Result<Filter> filter = query::mongo_filter(document, view);
    if (!filter.ok()) return filter;
    all.push_back(std::move(*filter));
  }
  return query::flattened(Filter::all(std::move(all)));
}

Status read_columns(const Json& names, FilterView view, std::vector<query::FieldPath>* out) {
  if (items(names).empty()) return {};
  Result<std::vector<query::FieldPath>> columns = query::parse_columns(with_commas(names), view);
  if (!columns.ok()) return columns.status();
  *out = std::move(*columns);
  return {};
}

uint64_t number(const Json& json) {
  const auto* value = json.as<int64_t>();
  return value == nullptr || *value < 0 ? 0 : static_cast<uint64_t>(*value);
}

}  // namespace

Result<query::Selection> read_selection(const query::Session& session,
                                        const std::string& question_text) {
  const Result<Json> question = Json::parse(question_text);
  if (!question.ok()) return question.status();
  query::Selection out;
  const auto view = query::filter_view((*question)["view"].text());
  if (!view) return invalid_argument("there is no view " + (*question)["view"].text());
  out.view = *view;
  Result<Filter> filter = read_filters(session, *question, *view);
  if (!filter.ok()) return filter.status();
  out.filter = std::move(*filter);
  HEADRACE_RETURN_IF_ERROR(read_columns((*question)["columns"], *view, &out.columns));
  HEADRACE_RETURN_IF_ERROR(read_columns((*question)["group_by"], *view, &out.group_by));
  if (!items((*question)["sort"]).empty()) {
    Result<std::vector<query::SortKey>> sort =
        query::parse_sort(with_commas((*question)["sort"]), *view);
    if (!sort.ok()) return sort.status();
    out.sort = std::move(*sort);
  }
  for (const Json& one : items((*question)["aggregates"])) {
    const std::vector<Json> parts = items(one);
    if (parts.size() < 2) return invalid_argument("an aggregate is a function and a field");
    query::Aggregate aggregate{parts[0].text(), {}, ""};
    if (!parts[1].text().empty() && !parts[1].is_null()) {
      Result<std::vector<query::FieldPath>> path = query::parse_columns(parts[1].text(), *view);
      if (!path.ok()) return path.status();
      aggregate.path = path->front();
    }
    if (parts.size() > 2) aggregate.name = parts[2].text();
    out.aggregates.push_back(std::move(aggregate));
  }
  out.limit = number((*question)["limit"]);
  out.offset = number((*question)["offset"]);
  const bool* absent_first = (*question)["absent_first"].as<bool>();
  out.absent_first = absent_first != nullptr && *absent_first;
  return out;
}

}  // namespace headrace::binding
