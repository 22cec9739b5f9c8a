// Campaigns, workflows, tasks and objects: lists of them, and all that is known of one.
#include <algorithm>

#include "query/describe.h"
#include "query/filter_names.h"
#include "query/kept_table.h"
#include "query/selection.h"
#include "query/shown_energy.h"
#include "query/table_builder.h"
#include "query/workflow_figures.h"
#include "serve/api.h"

namespace headrace::serve {
namespace {

using query::Filter;
using query::FilterOp;
using query::FilterValue;
using query::FilterView;
using query::ThingKind;

constexpr size_t kFiguresBytes = 1000;  // a workflow

struct ListedView {
  FilterView view;
  ThingKind kind;
  const char* order;
  const char* columns;  // the id first
};

constexpr ListedView kCampaigns{FilterView::kCampaign, ThingKind::kCampaign, "-started,name",
                                "campaign_id,name,started_at,ended_at,workflows,tasks,tags,note"};
constexpr ListedView kWorkflows{
    FilterView::kWorkflow, ThingKind::kWorkflow, "-started",
    "workflow_id,campaign,parent_workflow_id,name,status,started_at,ended_at,duration_s,tasks,"
    "hostname,pid,command,exit_code,tags,note,error"};
constexpr ListedView kTasks{
    FilterView::kTask, ThingKind::kTask, "started,id",
    "task_id,activity,status,started_at,ended_at,duration_s,energy_j,rank,workflow_id,campaign,"
    "parent_task_id,used,generated,hostname,pid,thread,device,attempt,tags,error"};
constexpr ListedView kObjects{
    FilterView::kObject, ThingKind::kObject, "-created,name",
    "object_id,kind,name,path,version,size_bytes,sha256,created_at,attributes"};

void narrow(const char* field, const std::string& value, std::vector<Filter>* all) {
  if (!value.empty()) {
    all->push_back(Filter::field({field}, FilterOp::kIs, {FilterValue::quoted(value)}));
  }
}

// An id stands in a filter as it is, a name is looked up.
Result<std::string> id_of(const Call& call, const char* name, ThingKind kind) {
  const std::string text = call.text(name);
  if (text.empty()) return std::string();
  const Result<query::Thing> thing = query::identify(call.session(), text, {kind}, here_of(call));
  if (!thing.ok()) return thing.status();
  return kind == ThingKind::kCampaign ? thing->name : thing->id;
}

// The table again, as one that more columns can be added to.
query::TableBuilder builder_like(const query::ResultTable& table) {
  std::vector<query::BuiltColumn> columns;
  for (const query::ResultColumn& column : table.columns()) {
    columns.push_back({column.name, column.kind, column.unit});
  }
  columns.push_back({"failed", query::ColumnKind::kInteger, ""});
  columns.push_back({"running", query::ColumnKind::kInteger, ""});
  columns.push_back({"energy_j", query::ColumnKind::kReal, "J"});
  columns.push_back({"energy_u95_j", query::ColumnKind::kReal, "J"});
  columns.push_back({"energy_truth", query::ColumnKind::kText, ""});
  return query::TableBuilder(std::move(columns));
}

void copy_cell(const query::ResultColumn& column, const query::Cell& cell,
               query::TableBuilder* out) {
  if (cell.is_null) {
    out->null();
    return;
  }
  switch (column.kind) {
    case query::ColumnKind::kInteger:
      out->integer(std::strtoll(cell.text.c_str(), nullptr, 10));
      break;
    case query::ColumnKind::kReal: out->real(cell.real); break;
    case query::ColumnKind::kBool: out->boolean(cell.real != 0); break;
    case query::ColumnKind::kTime: out->integer(cell.time_ns); break;
    default: out->text(cell.text);
  }
}

using SharedFigures = std::shared_ptr<const query::WorkflowFigures>;

size_t bytes_of(const query::WorkflowFigures& all) {
  return (all.workflows.size() + all.campaigns.size()) * kFiguresBytes;
}

// The figures if they were made before, without waiting for who makes them; `made`: these.
SharedFigures made_figures(const Call& call, const SharedFigures& made = nullptr) {
  return call.view().kept->get<query::WorkflowFigures>(
      "made figures", call.view().watermark, [&made](const auto&) { return made; },
      [](const auto&) { return size_t{0}; });
}

Result<SharedFigures> kept_figures(const Call& call) {
  Status failed;
  auto out = call.view().kept->get<query::WorkflowFigures>(
      "figures", call.view().watermark,
      [&](const auto&) {
        auto read = query::workflow_figures(call.session());
        if (!read.ok()) failed = read.status();
        return read.ok() ? std::make_shared<const query::WorkflowFigures>(std::move(*read))
                         : nullptr;
      },
      bytes_of);
  if (out == nullptr) return failed;
  return made_figures(call, out);
}

// Campaigns and workflows with what became of their tasks, which no column of a view has.
Result<query::ResultTable> with_figures(const Call& call, const ListedView& listed,
                                        query::ResultTable& table) {
  const bool is_campaign = listed.kind == ThingKind::kCampaign;
  if (!is_campaign && listed.kind != ThingKind::kWorkflow) return std::move(table);
  const Result<SharedFigures> known = kept_figures(call);
  if (!known.ok()) return known.status();
  const SharedFigures& figures = *known;
  const auto& sums = is_campaign ? figures->campaigns : figures->workflows;
  query::TableBuilder out = builder_like(table);
  for (;;) {
    const Result<bool> more = table.next();
    if (!more.ok()) return more.status();
    if (!*more) return out.finish();
    for (size_t row = 0; row < table.rows(); ++row) {
      for (size_t i = 0; i < table.columns().size(); ++i) {
        copy_cell(table.columns()[i], table.cell(i, row), &out);
      }
      const auto found = sums.find(table.cell(0, row).text);
      const query::Figures own = found == sums.end() ? query::Figures{} : found->second;
      out.integer(own.failed).integer(own.running).real(own.energy_j).real(own.energy_u95_j);
      if (own.energy_truth.empty()) {
        out.null();
      } else {
        out.text(own.energy_truth);
      }
      out.end_row();
    }
  }
}

// All values of a task as JSON cost much, so which tasks are shown is found without them first.
Status narrow_to_shown(const query::Session& session, query::Selection* wanted) {
  const bool has_values =
      std::any_of(wanted->columns.begin(), wanted->columns.end(), [](const query::FieldPath& path) {
        return path.size() == 1 && (path[0] == "used" || path[0] == "generated");
      });
  if (wanted->view != FilterView::kTask || !has_values) return {};
  query::Selection which = *wanted;
  which.columns = {{"task_id"}};
  Result<query::ResultTable> ids = query::select(session, which);
  if (!ids.ok()) return ids.status();
  std::vector<FilterValue> shown;
  for (;;) {
    const Result<bool> more = ids->next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < ids->rows(); ++row) {
      shown.push_back(FilterValue::quoted(ids->cell(0, row).text));
    }
  }
  if (shown.empty()) return {};
  wanted->filter = Filter::field({"id"}, FilterOp::kIs, std::move(shown));
  wanted->offset = 0;
  return {};
}

// Where the energy of tasks stands among plain columns that have the id too: then it is looked up
// for the rows that are shown, rather than computed for all that there are.
std::optional<size_t> energy_place(const query::Selection& wanted) {
  std::optional<size_t> place;
  bool has_id = false;
  if (wanted.view != FilterView::kTask) return place;
  for (size_t i = 0; i < wanted.columns.size(); ++i) {
    const query::FieldPath& path = wanted.columns[i];
    if (path.size() != 1) return std::nullopt;
    has_id |= path[0] == "id" || path[0] == "task_id";
    if (path[0] == "energy" || path[0] == "energy_j") place = i;
  }
  return has_id ? place : std::nullopt;
}

Result<query::ResultTable> with_energy(const Call& call, query::ResultTable from, size_t place) {
  const Result<query::KeptTable> kept = query::KeptTable::keep(std::move(from));
  if (!kept.ok()) return kept.status();
  query::ResultTable ids = kept->reader();
  const size_t id_column = ids.column("task_id").value_or(0);
  std::vector<Uuid> tasks;
  for (;;) {
    const Result<bool> more = ids.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    for (size_t row = 0; row < ids.rows(); ++row) {
      tasks.push_back(Uuid::parse(ids.cell(id_column, row).text).value_or(Uuid{}));
    }
  }
  const auto energy = query::energy_of_tasks(call.session(), tasks);
  if (!energy.ok()) return energy.status();
  std::vector<query::BuiltColumn> columns;
  for (const query::ResultColumn& column : kept->columns()) {
    columns.push_back({column.name, column.kind, column.unit});
  }
  const std::vector<query::BuiltColumn> own = {{"energy_j", query::ColumnKind::kReal, "J"},
                                               {"energy_u95_j", query::ColumnKind::kReal, "J"},
                                               {"energy_truth", query::ColumnKind::kText, ""},
                                               {"energy_resolution", query::ColumnKind::kText, ""}};
  columns.insert(columns.begin() + static_cast<long>(place), own.begin(), own.end());
  query::TableBuilder out(std::move(columns));
  query::ResultTable table = kept->reader();
  size_t number = 0;
  for (;;) {
    const Result<bool> more = table.next();
    if (!more.ok()) return more.status();
    if (!*more) return out.finish();
    for (size_t row = 0; row < table.rows(); ++row, ++number) {
      for (size_t i = 0; i <= table.columns().size(); ++i) {
        if (i == place) {
          const auto found = energy->find(tasks[number]);
          const query::ShownEnergy one =
              found == energy->end() ? query::ShownEnergy{} : found->second;
          out.real(one.energy_j).real(one.u95_j);
          for (const std::string* text : {&one.truth, &one.resolution}) {
            if (text->empty()) {
              out.null();
            } else {
              out.text(*text);
            }
          }
        }
        if (i < table.columns().size()) copy_cell(table.columns()[i], table.cell(i, row), &out);
      }
      out.end_row();
    }
  }
}

Result<Answer> list(const Call& call, const ListedView& listed) {
  query::Selection wanted;
  wanted.view = listed.view;
  Result<Filter> filter = query::known_filter(call.session(), call.text("filter"), listed.view);
  if (!filter.ok()) return filter.status();
  std::vector<Filter> all = {std::move(*filter)};
  const Result<std::string> campaign = id_of(call, "campaign", ThingKind::kCampaign);
  if (!campaign.ok()) return campaign.status();
  narrow("campaign", *campaign, &all);
  const Result<std::string> workflow = id_of(call, "workflow", ThingKind::kWorkflow);
  if (!workflow.ok()) return workflow.status();
  narrow("workflow", *workflow, &all);
  wanted.filter = query::flattened(Filter::all(std::move(all)));
  const std::string columns = call.text("columns").empty() ? listed.columns : call.text("columns");
  if (!columns.empty()) {
    auto paths = query::parse_columns(columns, listed.view);
    if (!paths.ok()) return paths.status();
    wanted.columns = std::move(*paths);
  }
  auto sort =
      query::parse_sort(call.text("sort").empty() ? listed.order : call.text("sort"), listed.view);
  if (!sort.ok()) return sort.status();
  wanted.sort = std::move(*sort);
  wanted.limit = static_cast<uint64_t>(call.integer("limit").value_or(100));
  wanted.offset = static_cast<uint64_t>(call.integer("offset").value_or(0));
  const Result<uint64_t> total = query::count(call.session(), wanted);
  if (!total.ok()) return total.status();
  HEADRACE_RETURN_IF_ERROR(narrow_to_shown(call.session(), &wanted));
  const std::optional<size_t> energy = energy_place(wanted);
  if (energy) wanted.columns.erase(wanted.columns.begin() + static_cast<long>(*energy));
  Result<query::ResultTable> table = query::select(call.session(), wanted);
  if (table.ok() && energy) table = with_energy(call, std::move(*table), *energy);
  if (table.ok() && call.text("columns").empty()) table = with_figures(call, listed, *table);
  return rows(std::move(table), *total);
}

Result<Answer> one(const Call& call, ThingKind kind) {
  const Result<query::Thing> thing =
      query::identify(call.session(), call.text("id"), {kind}, here_of(call));
  if (!thing.ok()) return thing.status();
  const SharedFigures figures = made_figures(call);
  return document(query::describe(call.session(), *thing, figures.get()));
}

std::vector<Param> list_params(std::vector<Param> before) {
  const std::vector<Param> usual = {
      {.name = "filter", .about = "a filter as on the command line, docs/filter.md"},
      {.name = "sort", .about = "fields, - for the largest first: -duration_s,started"},
      {.name = "columns", .about = "fields: id,used.lr,generated.*,energy"},
      {.name = "limit",
       .about = "rows to give",
       .kind = ParamKind::kInteger,
       .usual = "100",
       .least = 1,
       .most = 100'000},
      {.name = "offset",
       .about = "rows to leave out before them",
       .kind = ParamKind::kInteger,
       .usual = "0"}};
  before.insert(before.end(), usual.begin(), usual.end());
  return before;
}

}  // namespace

std::filesystem::path here_of(const Call& call) { return call.session().root().parent_path(); }

void add_list_routes(std::vector<Route>* out) {
  const Param of_campaign{.name = "campaign", .about = "only of this campaign: its name or id"};
  const Param of_workflow{.name = "workflow", .about = "only of this workflow: its name or id"};
  out->push_back({"GET", "/campaigns", "Campaigns, the newest first", Form::kTable, list_params({}),
                  [](const Call& call) { return list(call, kCampaigns); }});
  out->push_back({"GET",
                  "/campaigns/{id}",
                  "All that is known of a campaign",
                  Form::kDocument,
                  {},
                  [](const Call& call) { return one(call, ThingKind::kCampaign); }});
  out->push_back({"GET", "/workflows", "Workflows, the newest first", Form::kTable,
                  list_params({of_campaign}),
                  [](const Call& call) { return list(call, kWorkflows); }});
  out->push_back({"GET",
                  "/workflows/{id}",
                  "All that is known of a workflow",
                  Form::kDocument,
                  {},
                  [](const Call& call) { return one(call, ThingKind::kWorkflow); }});
  out->push_back({"GET", "/tasks", "Tasks, in the order in which they began", Form::kTable,
                  list_params({of_campaign, of_workflow}),
                  [](const Call& call) { return list(call, kTasks); }});
  out->push_back({"GET",
                  "/tasks/{id}",
                  "All that is known of a task",
                  Form::kDocument,
                  {},
                  [](const Call& call) { return one(call, ThingKind::kTask); }});
  out->push_back({"GET", "/objects", "Objects, the newest first", Form::kTable, list_params({}),
                  [](const Call& call) { return list(call, kObjects); }});
  out->push_back({"GET",
                  "/objects/{id}",
                  "All that is known of an object",
                  Form::kDocument,
                  {},
                  [](const Call& call) { return one(call, ThingKind::kObject); }});
}

}  // namespace headrace::serve
