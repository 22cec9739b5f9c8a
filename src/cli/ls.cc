// headrace ls [campaigns|workflows|tasks|objects] [FILTER...]
#include <memory>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/open_session.h"
#include "cli/output.h"
#include "query/campaign.h"
#include "query/filter_names.h"
#include "query/nearest.h"
#include "query/selection.h"
#include "query/units.h"

namespace headrace::cli {
namespace {

using query::Filter;
using query::FilterOp;
using query::FilterValue;
using query::FilterView;

struct LsOptions {
  std::vector<std::string> words;  // WHAT and the filter
  std::string campaign;
  std::string workflow;
  std::string status;
  std::string activity;
  std::string sort;
  std::string columns;
  Output output;
};

const char* shown_columns(FilterView view) {
  switch (view) {
    case FilterView::kCampaign:
      return "campaign_id,name,started_at,ended_at,workflows,tasks,tags,note";
    case FilterView::kWorkflow:
      return "workflow_id,name,campaign,status,started_at,duration_s,tasks,exit_code,hostname,tags,"
             "note";
    case FilterView::kObject: return "object_id,kind,name,version,size_bytes,created_at,path";
    case FilterView::kTask: break;
  }
  return "task_id,activity,campaign,workflow_id,parent_task_id,status,started_at,duration_s";
}

const char* usual_order(FilterView view) {
  switch (view) {
    case FilterView::kCampaign: return "-started,name";
    case FilterView::kWorkflow: return "-started";
    case FilterView::kObject: return "-created,name";
    case FilterView::kTask: break;
  }
  return "started,id";
}

// What the words begin with, or what the options speak of.
FilterView view_of(const LsOptions& o, const query::Session& session) {
  if (!o.words.empty()) return *query::filter_view(o.words[0]);
  if (!o.activity.empty() || !o.workflow.empty()) return FilterView::kTask;
  if (!o.campaign.empty() || !o.status.empty()) return FilterView::kWorkflow;
  // Work without a campaign is found one level down.
  const auto campaigns = session.rows("SELECT 1 FROM campaign LIMIT 1");
  const bool has_campaigns = !campaigns.ok() || !campaigns->empty();
  return has_campaigns ? FilterView::kCampaign : FilterView::kWorkflow;
}

// A name that nothing has is a mistake to be told, not an empty list.
Status check_names(const query::Session& session, const LsOptions& o) {
  if (!o.campaign.empty()) {
    const auto found = query::find_campaign(session, o.campaign);
    if (!found.ok()) return found.status();
  }
  const auto check = [&](const std::string& word, const std::string& value,
                         const std::string& sql) -> Status {
    const auto rows = session.rows(sql);
    if (!rows.ok()) return rows.status();
    std::vector<std::string> names;
    for (const auto& row : *rows) {
      for (const query::Cell& cell : row) {
        if (cell.text == value) return {};
        if (value.size() >= 4 && cell.text.rfind(value, 0) == 0) return {};
      }
      names.push_back(row[0].text);
    }
    const auto near = query::nearest_names(value, names);
    return not_found("there is no " + word + " " + value +
                     (near.empty() ? (names.empty() ? "" : "; there are " + query::listed(names))
                                   : query::did_you_mean(near)));
  };
  if (!o.workflow.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        check("workflow", o.workflow, "SELECT DISTINCT name, workflow_id::VARCHAR FROM workflow"));
  }
  if (!o.activity.empty()) {
    HEADRACE_RETURN_IF_ERROR(
        check("activity", o.activity, "SELECT DISTINCT activity FROM task ORDER BY 1"));
  }
  return {};
}

// The filter of the words and of the options together.
Result<Filter> filter_of(const query::Session& session, const LsOptions& o, FilterView view) {
  HEADRACE_RETURN_IF_ERROR(check_names(session, o));
  std::string text;
  for (size_t i = 1; i < o.words.size(); ++i) text += (i > 1 ? " " : "") + o.words[i];
  Result<Filter> filter = query::known_filter(session, text, view);
  if (!filter.ok()) return filter;
  std::vector<Filter> all = {std::move(*filter)};
  const auto narrow = [&](const char* field, const std::string& value) {
    if (!value.empty()) {
      all.push_back(Filter::field({field}, FilterOp::kIs, {FilterValue::quoted(value)}));
    }
  };
  narrow(view == FilterView::kCampaign ? "name" : "campaign", o.campaign);
  narrow("status", o.status);
  narrow("activity", o.activity);
  if (view == FilterView::kWorkflow && !o.workflow.empty()) {
    const bool is_id = o.workflow.size() >= 4 &&
                       o.workflow.find_first_not_of("0123456789abcdefABCDEF-") == std::string::npos;
    std::vector<Filter> either = {
        Filter::field({"name"}, FilterOp::kIs, {FilterValue::quoted(o.workflow)})};
    if (is_id) {
      either.push_back(Filter::field({"id"}, FilterOp::kIs, {FilterValue::quoted(o.workflow)}));
    }
    all.push_back(Filter::any(std::move(either)));
  } else {
    narrow("workflow", o.workflow);
  }
  return query::flattened(Filter::all(std::move(all)));
}

Result<query::Selection> selection_of(const query::Session& session, const LsOptions& o) {
  query::Selection wanted;
  wanted.view = view_of(o, session);
  Result<Filter> filter = filter_of(session, o, wanted.view);
  if (!filter.ok()) return filter.status();
  wanted.filter = std::move(*filter);
  auto columns =
      query::parse_columns(o.columns.empty() ? shown_columns(wanted.view) : o.columns, wanted.view);
  if (!columns.ok()) return columns.status();
  wanted.columns = std::move(*columns);
  auto sort = query::parse_sort(o.sort.empty() ? usual_order(wanted.view) : o.sort, wanted.view);
  if (!sort.ok()) return sort.status();
  wanted.sort = std::move(*sort);
  return wanted;
}

int list(const LsOptions& o, const Program& program) {
  if (!o.words.empty() && !query::filter_view(o.words[0])) {
    const std::vector<std::string> known = {"campaigns", "workflows", "tasks", "objects"};
    const auto near = query::nearest_names(o.words[0], known);
    return program.fail(invalid_argument(
        "ls lists " + query::listed(known) + ", not " + o.words[0] +
        (near.empty()
             ? "; a filter stands after one of these, as in headrace ls tasks " + o.words[0]
             : query::did_you_mean(near))));
  }
  Result<query::Session> session = open_last_session(program);
  if (!session.ok()) return program.fail(session.status());
  Result<query::Selection> wanted = selection_of(*session, o);
  if (!wanted.ok()) return program.fail(wanted.status());
  // The store gives as many rows as are shown, and the others are only counted.
  Output output = o.output;
  const bool is_table = output.format() == query::Format::kTable;
  wanted->limit = output.limit.value_or(is_table ? kTableRows : 0);
  output.limit = 0;
  Result<query::ResultTable> table = query::select(*session, *wanted);
  if (!table.ok()) return program.fail(table.status());
  const int code = emit(program, output, std::move(*table));
  if (code != kDone || wanted->limit == 0) return code;
  const Result<uint64_t> rows = query::count(*session, *wanted);
  if (rows.ok() && *rows > wanted->limit) {
    program.say("showing " + query::grouped(wanted->limit) + " of " + query::grouped(*rows) +
                "; --limit 0 for all");
  }
  return code;
}

}  // namespace

void add_ls(CLI::App& app, Program& program) {
  auto options = std::make_shared<LsOptions>();
  CLI::App* verb = add_verb(
      app, "ls", "Lists campaigns, workflows, tasks or objects",
      "  headrace ls                                    campaigns\n"
      "  headrace ls workflows --campaign sweep         its workflows\n"
      "  headrace ls tasks status:failed                what went wrong\n"
      "  headrace ls tasks activity:train 'used.lr<1e-3' --sort -generated.loss --limit 20\n"
      "  headrace ls tasks 'energy>1kJ' NOT status:failed --columns id,used.*,energy\n"
      "  headrace ls tasks --activity train --json | jq .\n");
  verb->add_option("WHAT", options->words,
                   "campaigns, workflows, tasks or objects (default: by the options given), then a "
                   "filter: terms like status:failed, 'used.lr<1e-3', NOT, OR (docs/filter.md)")
      ->option_text("[FILTER...]");
  verb->add_option("--campaign", options->campaign, "Only of this campaign")->type_name("NAME");
  verb->add_option("--workflow", options->workflow, "Only of this workflow (name or id)")
      ->type_name("NAME");
  verb->add_option("--status", options->status,
                   "pending, running, finished, failed, cancelled or lost")
      ->check(CLI::IsMember({"pending", "running", "finished", "failed", "cancelled", "lost"}))
      ->type_name("STATUS");
  verb->add_option("--activity", options->activity, "Only tasks of this activity")
      ->type_name("NAME");
  verb->add_option("--sort", options->sort,
                   "By these fields, - for the largest first: -generated.loss,started")
      ->type_name("FIELDS");
  verb->add_option("--columns", options->columns, "These fields: id,used.lr,generated.*,energy")
      ->type_name("FIELDS");
  add_output_options(verb, options->output);
  program.runs(verb, [options, &program] { return list(*options, program); });
}

}  // namespace headrace::cli
