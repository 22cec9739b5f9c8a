#include "report/card.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "model/emulated.h"
#include "query/summary.h"
#include "query/units.h"
#include "report/campaign_part.h"
#include "report/card_parts.h"

namespace headrace::report {
namespace {

using query::Json;

constexpr size_t kWorkflowsAsked = 20;  // for how they were run

std::filesystem::path current_folder() {
  std::error_code error;
  return std::filesystem::current_path(error);
}

std::string asked_again(const Scope& scope) {
  return std::string(query::name_of(scope.of.kind)) + ":" + scope.of.id;
}

Result<std::optional<query::Reproduction>> reproduction_of(const Scope& scope) {
  for (size_t i = 0; i < scope.workflows.size() && i < kWorkflowsAsked; ++i) {
    Result<query::Reproduction> found =
        query::reproduction_of(*scope.session, "workflow:" + scope.workflows[i], current_folder());
    if (!found.ok()) return found.status();
    if (!found->command.empty()) return std::optional(std::move(*found));
  }
  return std::optional<query::Reproduction>();
}

void add_fact(const std::string& name, const Json& value, MarkdownTable* facts) {
  if (!value.is_null() && !value.text().empty()) facts->row({name, markdown_text(value.text())});
}

std::string seconds_text(const Json& seconds) {
  return seconds.number() ? query::duration_text(*seconds.number()) : "not ended";
}

// 1. Workflow
std::string identity(const Scope& scope, const Json& of, const Json& workflows) {
  MarkdownTable facts({"Fact", "Value"});
  facts.row({"Name", markdown_text(scope.of.name)});
  facts.row({scope.is_workflow() ? "Workflow id" : "Campaign id", markdown_code(scope.of.id)});
  if (scope.is_workflow()) {
    add_fact("Campaign", of["campaign"], &facts);
    const Json& own = workflows.as<Json::List>()->front();
    add_fact("Status", own["status"], &facts);
    if (!own["command"].is_null()) facts.row({"Command", markdown_code(own["command"].text())});
    add_fact("Exit code", own["exit_code"], &facts);
  } else {
    add_fact("Workflows", of["workflows"], &facts);
  }
  add_fact("Started", of["started_at"], &facts);
  facts.row({"Time", seconds_text(of["duration_s"])});
  std::string tags;
  for (const Json& tag : *of["tags"].as<Json::List>())
    tags += (tags.empty() ? "" : ", ") + tag.text();
  add_fact("Tags", tags, &facts);
  add_fact("Note", of["note"], &facts);
  return "## 1. Workflow\n\n" + facts.text();
}

// 2. Summary
std::string summary(const Scope& scope, const Json& of, const Json& workflows) {
  int64_t failed = 0;
  for (const Json& workflow : *workflows.as<Json::List>())
    failed += *workflow["failed"].as<int64_t>();
  const Json& energy = of["energy"];
  std::string out = "## 2. Summary\n\n";
  out += markdown_text(scope.of.name) + " ran " +
         query::grouped(static_cast<uint64_t>(of["tasks"].number().value_or(0))) + " tasks";
  if (!scope.is_workflow()) out += " in " + of["workflows"].text() + " workflows";
  out += of["duration_s"].is_null() ? " so far" : " within " + seconds_text(of["duration_s"]);
  out += failed == 0 ? "; none failed. "
                     : "; " + query::grouped(static_cast<uint64_t>(failed)) + " failed. ";
  out +=
      energy.is_null()
          ? "Their energy was not recorded."
          : "They took " + joules_text(energy["energy_j"].number(), energy["truth"].text()) +
                (energy["truth"].text() == kEmulatedTruth ? "."
                                                          : " (" + energy["truth"].text() + ").");
  return out + "\n\n";
}

// 3. Infrastructure
std::string infrastructure(const CardSubject& subject, const Json& of) {
  MarkdownTable facts({"Fact", "Value"});
  std::string hosts;
  for (const Json& host : *of["hostnames"].as<Json::List>()) {
    hosts += (hosts.empty() ? "" : ", ") + host.text();
  }
  add_fact("Hosts", hosts, &facts);
  std::string packages;
  if (subject.reproduction) {
    const query::Reproduction& r = *subject.reproduction;
    add_fact("Language", r.language, &facts);
    add_fact("Folder", r.folder, &facts);
    if (!r.commit.empty()) {
      add_fact("Code",
               "git " + r.commit.substr(0, 12) + (r.branch.empty() ? "" : " on " + r.branch) +
                   (r.dirty ? ", with changes that were kept" : ", unchanged"),
               &facts);
    }
    for (const query::RecordedFile& file : r.code) {
      facts.row({"Code",
                 markdown_text(file.path) +
                     (file.sha256.empty() ? "" : " " + markdown_code(file.sha256.substr(0, 12)))});
    }
    for (const auto& [name, version] : r.packages) {
      packages += (packages.empty() ? "" : " ") + name + "==" + version;
    }
  }
  std::string out = "## 3. Infrastructure\n\n" + facts.text();
  if (!packages.empty()) {
    out += "<details><summary>" + std::to_string(subject.reproduction->packages.size()) +
           " packages</summary>\n\n" + markdown_block(packages) + "</details>\n\n";
  }
  if (!subject.reproduction) {
    out +=
        "The environment was not captured; `headrace run -- COMMAND` captures code, packages, "
        "machine and job.\n\n";
  }
  return out;
}

Result<std::string> observations(const Scope& scope) {
  const auto found = query::summarize(*scope.session, asked_again(scope), current_folder());
  if (!found.ok()) return found.status();
  std::string out = "### 4.4 Observations\n\n";
  for (const query::Finding& finding : found->findings) {
    out += "- " + markdown_text(finding.sentence) + "\n";
  }
  return out + (found->findings.empty() ? "Nothing stands out.\n\n" : "\n");
}

constexpr const char* kAggregation =
    "## Aggregation Method\n\n"
    "- Rows of section 5 stand for all tasks of an activity. Time is wall time of each task, added "
    "up "
    "over tasks that may have run side by side; the median and the 95th percentile are of single "
    "tasks.\n"
    "- Energy of an activity is what was attributed to its tasks, those inside them included, so "
    "activities that hold one another are not to be added up. Energy of the whole is of the tasks "
    "that "
    "lie in no other, and adds up to what sensors measured less what was idle.\n"
    "- A straggler took longer than the median of its activity by more than five robust standard "
    "deviations.\n";

}  // namespace

std::string joules_text(const std::optional<double>& joules, const std::string& truth) {
  if (!joules) return "not recorded";
  return (truth == "measured" ? "" : "≈ ") + query::si_text(*joules, "J") +
         (truth == kEmulatedTruth ? ", emulated" : "");
}

std::string quantity_text(const query::Cell& cell, const std::string& unit) {
  if (cell.is_null) return "–";
  if (unit == "By" || unit == "B") return query::bytes_text(cell.real);
  if (unit == "s") return query::duration_text(cell.real);
  // A share and a plain count take no prefix.
  if (unit.empty() || unit == "1" || unit == "%" || unit == "s/s") {
    return query::number_text(cell.real, 4) + (unit == "1" || unit.empty() ? "" : " " + unit);
  }
  return query::si_text(cell.real, unit);
}

Result<std::string> workflow_card(const query::Session& session, const CardQuestion& question) {
  const Result<Scope> scope = find_scope(session, question.of);
  if (!scope.ok()) return scope.status();
  const Result<Json> of = of_json(*scope);
  if (!of.ok()) return of.status();
  const Result<Json> workflows = workflows_json(*scope);
  if (!workflows.ok()) return workflows.status();
  CardSubject subject{&*scope};
  auto reproduction = reproduction_of(*scope);
  if (!reproduction.ok()) return reproduction.status();
  subject.reproduction = std::move(*reproduction);

  std::string out = "# Workflow Card: " + markdown_text(scope->of.name) + "\n\n";
  if (!question.made_by.empty()) out += "Written by " + markdown_text(question.made_by) + ".\n\n";
  out += identity(*scope, *of, *workflows) + summary(*scope, *of, *workflows) +
         infrastructure(subject, *of);
  for (const auto part : {card_overview, card_resources}) {
    const Result<std::string> text = part(subject);
    if (!text.ok()) return text.status();
    out += *text;
  }
  const Result<std::string> observed = observations(*scope);
  if (!observed.ok()) return observed.status();
  out += *observed;
  for (const auto part : {card_activities, card_artifacts, card_capture}) {
    const Result<std::string> text = part(subject);
    if (!text.ok()) return text.status();
    out += *text;
  }
  return out + card_again(subject) + kAggregation;
}

}  // namespace headrace::report
