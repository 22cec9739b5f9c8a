// Campaigns: a scientific question worked on over several workflows, programs and days.
//
//   headrace::Campaign campaign("mesh study", {{"question", "which mesh is fine enough"}});
//   headrace::Workflow coarse("solve", {{"nx", 64}});    // belongs to the campaign
//
// The same name is the same campaign, everywhere. HEADRACE_CAMPAIGN names one from outside.
#pragma once

#include <utility>

#include <headrace/value.h>

namespace headrace {

// Workflows begun while it lives belong to it. Ended in the reverse order of beginning.
class Campaign {
 public:
  explicit Campaign(Text name, Values attributes = {})
      : campaign_(headrace_campaign_begin(name.c_str(), detail::c_values(attributes),
                                          attributes.size())) {}
  Campaign(Campaign&& other) noexcept : campaign_(std::exchange(other.campaign_, nullptr)) {}
  Campaign& operator=(Campaign&&) = delete;
  ~Campaign() { end(); }
  // Leaves it before the scope does. Later calls do nothing.
  void end() { headrace_campaign_end(std::exchange(campaign_, nullptr)); }

 private:
  headrace_campaign* campaign_;
};

}  // namespace headrace
