// 7. Capture and 8. Run It Again: what is missing from the card, and how to get the same once more.
#include <utility>

#include "query/units.h"
#include "report/campaign_part.h"
#include "report/card_parts.h"
#include "report/questions.h"

namespace headrace::report {
namespace {

using query::Json;

std::string count_text(const Json& count) {
  return query::grouped(static_cast<uint64_t>(count.number().value_or(0)));
}

}  // namespace

Result<std::string> card_capture(const CardSubject& subject) {
  const Result<Json> found = capture_json(*subject.scope);
  if (!found.ok()) return found.status();
  const Json& facts = *found;
  const bool whole = facts["lost_records"].number() == 0 && facts["damaged_frames"].number() == 0;
  std::string out = "## 7. Capture\n\n";
  out += whole ? "Nothing was lost: "
               : count_text(facts["lost_records"]) + " records were lost and " +
                     count_text(facts["damaged_frames"]) + " frames damaged; stored are ";
  out += count_text(facts["tasks"]) + " tasks, " + count_text(facts["objects"]) + " objects, " +
         count_text(facts["edges"]) + " edges, " + count_text(facts["samples"]) + " samples and " +
         count_text(facts["log_lines"]) + " log lines.\n\n";
  MarkdownTable gaps({"Lost because", ">Records", "Host", ">Process", "Producer"});
  for (const Json& gap : *facts["gaps"].as<Json::List>()) {
    gaps.row({markdown_text(gap["reason"].text()), count_text(gap["count"]),
              gap["hostname"].is_null() ? "–" : markdown_text(gap["hostname"].text()),
              gap["pid"].is_null() ? "–" : gap["pid"].text(),
              markdown_code(gap["producer"].text())});
  }
  out += gaps.text();
  for (const Json& line : *facts["overhead"].as<Json::List>()) {
    out += line["name"].text() + ": " + line["value"].text() + ".\n\n";
  }
  return out;
}

std::string card_again(const CardSubject& subject) {
  const Scope& scope = *subject.scope;
  std::string out = "## 8. Run It Again\n\n";
  std::string commands;
  if (subject.reproduction) {
    const query::Reproduction& r = *subject.reproduction;
    out += (r.folder.empty() ? "What ran" : "What ran, in " + markdown_code(r.folder)) + ":\n\n" +
           markdown_block(r.command);
    commands += "headrace reproduce " + r.workflow.id + "\n";
    if (!r.folder.empty()) commands += "headrace rerun " + r.workflow.id + " FOLDER\n";
  }
  commands +=
      "headrace show " + scope.of.id + "\nheadrace report " + scope.of.id + " -o report.html";
  out += "With this store:\n\n" + markdown_block(commands);
  if (!subject.reproduction || subject.reproduction->missing.empty()) return out;
  out += "Missing for that:\n\n";
  for (const std::string& sentence : subject.reproduction->missing) {
    out += "- " + markdown_text(sentence) + "\n";
  }
  return out + "\n";
}

}  // namespace headrace::report
