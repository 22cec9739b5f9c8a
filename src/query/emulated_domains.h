// Which joules come of an emulated sensor (model/emulated.h): they are no measurement, though they
// are divided as if, and are shown as such.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "query/session.h"

namespace headrace::query {

class EmulatedDomains {
 public:
  EmulatedDomains() = default;
  explicit EmulatedDomains(std::set<std::string> domains) : domains_(std::move(domains)) {}
  // Of the processes `reach` (energy_reach.h), or of all. Cost: a pass over the sensors.
  static Result<EmulatedDomains> read(const Session& session, const std::string& reach = "");

  // An estimate is one with or without a laboratory.
  bool is_emulated(const std::string& domain, std::string_view truth) const {
    return truth != "estimated" && domains_.contains(domain);
  }
  // As it is shown: `truth`, or kEmulatedTruth.
  std::string shown(const std::string& domain, const std::string& truth) const;

 private:
  std::set<std::string> domains_;
};

// The same of a figure whose assumption is known.
std::string shown_truth(const std::string& truth, std::string_view assumption);

// Of a sum, whose parts have these truths: kEmulatedTruth if one is, mixed if they differ.
std::string joint_truth(const std::string& a, const std::string& b);

}  // namespace headrace::query
