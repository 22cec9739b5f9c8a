// The sections of a card, each in card_<part>.cc, as Markdown with its headings.
#pragma once

#include <optional>
#include <string>

#include "query/reproduce.h"
#include "report/markdown.h"
#include "report/scope.h"

namespace headrace::report {

struct CardSubject {
  const Scope* scope = nullptr;
  // Of the workflow; of a campaign, of the first of its workflows for which it is known.
  std::optional<query::Reproduction> reproduction{};
};

Result<std::string> card_overview(const CardSubject& subject);    // 4. Workflow Overview
Result<std::string> card_resources(const CardSubject& subject);   // 4.3 Resource Usage
Result<std::string> card_activities(const CardSubject& subject);  // 5. Activities
Result<std::string> card_artifacts(
    const CardSubject& subject);                               // 6. Significant Workflow Artifacts
Result<std::string> card_capture(const CardSubject& subject);  // 7. Capture
std::string card_again(const CardSubject& subject);            // 8. Run It Again

// "12.4 kJ", "≈ 12.4 kJ" where it was not measured, "not recorded".
std::string joules_text(const std::optional<double>& joules, const std::string& truth);
// A cell's number with its unit, or "–".
std::string quantity_text(const query::Cell& cell, const std::string& unit);

}  // namespace headrace::report
