// What may be typed: names, completions, and whether a filter can be read.
#include <iterator>

#include "query/filter_names.h"
#include "query/stored_names.h"
#include "query/table_builder.h"
#include "serve/api.h"

namespace headrace::serve {
namespace {

using query::FilterView;
using query::Json;

constexpr size_t kMostOfARole = 2000;

FilterView view_of(const Call& call) { return *query::filter_view(call.text("view")); }

// The field whose names or values a role means.
struct Role {
  const char* name;
  FilterView view;
  const char* field;
  bool is_keys;
  const char* before;  // what stands before such a name in a filter
};
constexpr Role kRoles[] = {{"used", FilterView::kTask, "used", true, "used."},
                           {"generated", FilterView::kTask, "generated", true, "generated."},
                           {"attributes", FilterView::kObject, "attributes", true, "attributes."},
                           {"tag", FilterView::kTask, "tag", true, "tag."},
                           {"activity", FilterView::kTask, "activity", false, ""},
                           {"hostname", FilterView::kTask, "hostname", false, ""},
                           {"campaign", FilterView::kCampaign, "name", false, ""},
                           {"workflow", FilterView::kWorkflow, "name", false, ""},
                           {"kind", FilterView::kObject, "kind", false, ""}};

std::vector<std::string> role_names() {
  std::vector<std::string> out = {"filter", "field", "view"};
  for (const Role& role : kRoles) out.emplace_back(role.name);
  return out;
}

class Names {
 public:
  // `begin` and `end`: the characters of what was typed that a name takes the place of.
  Names(size_t begin, size_t end)
      : begin_(begin),
        end_(end),
        table_({{"name", query::ColumnKind::kText, ""},
                {"role", query::ColumnKind::kText, ""},
                {"about", query::ColumnKind::kText, ""},
                {"begin", query::ColumnKind::kInteger, ""},
                {"end", query::ColumnKind::kInteger, ""}}) {}

  void add(const std::string& name, const std::string& role, const std::string& about = "") {
    table_.text(name).text(role).text(about);
    table_.integer(static_cast<int64_t>(begin_)).integer(static_cast<int64_t>(end_)).end_row();
    ++rows_;
  }
  size_t rows() const { return rows_; }
  Answer take() { return TableAnswer{table_.finish()}; }

 private:
  size_t begin_;
  size_t end_;
  size_t rows_ = 0;
  query::TableBuilder table_;
};

// The last word of a filter: what may stand there, and which characters it takes the place of.
Result<Answer> complete(const Call& call) {
  const std::string text = call.text("prefix");
  const auto found =
      query::complete_filter(call.session(), text, text.size(), view_of(call),
                             static_cast<size_t>(call.integer("limit").value_or(50)));
  if (!found.ok()) return found.status();
  Names out(found->begin, found->end);
  for (const query::Completion& item : found->items) out.add(item.text, "filter", item.about);
  return out.take();
}

// The names of all roles, in the order of kRoles: the same whatever is typed.
using RoleNames = std::vector<std::vector<std::string>>;

size_t bytes_of(const RoleNames& names) {
  size_t out = 0;
  for (const auto& list : names) {
    for (const std::string& name : list) out += sizeof name + name.size();
  }
  return out;
}

Result<RoleNames> read_names(const query::Session& session) {
  RoleNames out;
  for (const Role& role : kRoles) {
    const query::FilterField& field = *query::find_field(role.view, role.field);
    auto known = role.is_keys ? query::stored_keys(session, role.view, field)
                              : query::stored_values(session, role.view, field, kMostOfARole);
    if (!known.ok()) return known.status();
    out.push_back(std::move(*known));
  }
  return out;
}

Result<std::shared_ptr<const RoleNames>> kept_names(const Call& call) {
  Status failed;
  auto out = call.view().kept->get<RoleNames>(
      "names", call.view().watermark,
      [&](const auto&) {
        auto read = read_names(call.session());
        if (!read.ok()) failed = read.status();
        return read.ok() ? std::make_shared<const RoleNames>(std::move(*read)) : nullptr;
      },
      bytes_of);
  if (out == nullptr) return failed;
  return out;
}

Result<Answer> names(const Call& call) {
  const std::string wanted = call.text("role");
  if (wanted == "filter") return complete(call);
  const std::string prefix = call.text("prefix");
  const auto limit = static_cast<size_t>(call.integer("limit").value_or(10'000));
  Names out(0, prefix.size());
  const auto add = [&](const std::string& name, const std::string& role, const std::string& about) {
    if (out.rows() < limit && name.starts_with(prefix)) out.add(name, role, about);
  };
  if (wanted.empty() || wanted == "field") {
    for (const query::FilterField& field : query::filter_fields(view_of(call))) {
      add(std::string(field.name), "field", std::string(field.about));
    }
  }
  if (wanted.empty() || wanted == "view") {
    for (const std::string& name : query::view_names()) add(name, "view", "");
  }
  if (wanted == "field" || wanted == "view") return out.take();
  const auto known = kept_names(call);
  if (!known.ok()) return known.status();
  for (size_t i = 0; i < std::size(kRoles); ++i) {
    const Role& role = kRoles[i];
    if (!wanted.empty() && wanted != role.name) continue;
    // Alone a role's names stand bare, among others as a filter has them.
    for (const std::string& name : (**known)[i]) {
      add((wanted.empty() ? role.before : "") + name, role.name, "");
    }
  }
  return out.take();
}

Result<Answer> check(const Call& call) {
  const auto filter = query::known_filter(call.session(), call.text("filter"), view_of(call));
  if (!filter.ok()) return filter.status();
  return Answer(Json(Json::Map{{"ok", true}}));
}

}  // namespace

void add_name_routes(std::vector<Route>* out) {
  const Param view{.name = "view",
                   .about = "what the filter is of",
                   .choices = {"campaign", "workflow", "task", "object"},
                   .usual = "task"};
  out->push_back({"GET",
                  "/names",
                  "Names that begin so: what completes a word or a filter",
                  Form::kTable,
                  {{.name = "prefix", .about = "what is typed so far"},
                   {.name = "role",
                    .about = "what it is a name of; filter: the last word of one; "
                             "unset: all",
                    .choices = role_names()},
                   view,
                   {.name = "limit",
                    .about = "names to give",
                    .kind = ParamKind::kInteger,
                    .least = 1,
                    .most = 100'000}},
                  names});
  out->push_back({.method = "POST",
                  .path = "/filter/check",
                  .about = "Whether a filter can be read, and speaks of what there is",
                  .answer = check,
                  .body = {{.name = "filter", .about = "the filter's text"}, view}});
}

}  // namespace headrace::serve
