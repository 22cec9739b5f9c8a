// What Flowcept's documents say, told to the intake in Headrace's words.
//
//   task        activity_id, times, status, used, generated, tags, parent, error and host as a
//               task's own; every other field as an attribute of the same name, fields that are
//               not Flowcept's together in `other_fields`
//   workflow    its own, campaign_id the name of its campaign; other fields as of a task
//   agent       an object of kind `agent`
//   object      an object of its object_type, a version each
//
// Fields that a finished task lacks are named in the attribute `untold`, so that an export is the
// document again. Partial documents of a task meet in the intake.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/status.h"
#include "collect/intake.h"
#include "exchange/flowcept_document.h"

namespace headrace::exchange {

class FlowceptTelling {
 public:
  // A document that came as `bytes`. `place` says where, for the quarantine: "line 7"; `id` is the
  // task's when it has none. What makes no sense goes to quarantine. Errors: of the intake only.
  Status tell(collect::Intake& intake, const Result<FlowceptDocument>& document,
              std::string_view bytes, const std::string& place, const std::string& id);
  // Before a commit. Tells of the workflows that tasks named and no document described, and, when
  // the source `has_ended`, that tasks whose documents had no status have ended.
  Status settle(collect::Intake& intake, bool has_ended);

  // Whether the last document was one of control, which is told nowhere.
  bool is_control() const { return is_control_; }
  // Given to tasks and workflows without: what the peer keeps beside its channel.
  void use_campaign(std::string campaign) { campaign_ = std::move(campaign); }
  // Begin of tasks without any time, unless documents before them had one.
  void use_time(int64_t ns) { latest_ns_ = ns; }
  int64_t latest_ns() const { return latest_ns_; }
  // What must be known when the source is read on another day.
  std::string kept() const;
  void take_kept(std::string_view kept);

  uint64_t ignored() const { return ignored_; }  // monitors' documents, which mean nothing stored

 private:
  struct Implied {
    std::string campaign;
    int64_t begin_ns = 0;
    int64_t end_ns = 0;
    bool is_new = true;
  };
  Status tell_task(collect::Intake& intake, const FlowceptDocument& document,
                   const std::string& id);
  Status tell_workflow(collect::Intake& intake, const FlowceptDocument& document);
  Status tell_agent(collect::Intake& intake, const FlowceptDocument& document);
  Status tell_object(collect::Intake& intake, const FlowceptDocument& document);
  void imply(const collect::TaskTold& task, const std::string& campaign);

  std::map<std::string, std::set<std::string>> open_;  // task to what its parts have told
  std::map<std::string, collect::TaskTold> unended_;   // the last part of tasks without status
  std::map<std::string, Implied> implied_;
  std::set<std::string> described_;  // workflows
  std::string campaign_;
  int64_t latest_ns_ = 0;
  uint64_t ignored_ = 0;
  bool is_control_ = false;
};

}  // namespace headrace::exchange
