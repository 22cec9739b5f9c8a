// What of MLflow's content becomes what of Headrace's:
//
//   experiment                   campaign of its runs, and an object of kind "experiment"
//   run                          a workflow, part of that of its parent run, and one task in it
//   that
//                                used the parameters and datasets and generated the last metrics
//   metric                       a row of the workflow, at its time, with its step
//   parameter, tag               used of both; a tag of the workflow. Tags of MLflow itself
//                                ("mlflow.user") are attributes
//   artifact                     an object of kind "file", hashed where it lies on this machine
//   dataset                      an object of kind "dataset", used
//   logged model, model version  an object of kind "model", generated or used; a registered model
//                                without versions one of kind "registered model"
//   trace, span                  tasks: mlflow_trace_teller.h
//
// Content is told again and again as it grows; what has been told in the same words is not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/bytes.h"
#include "base/status.h"
#include "collect/intake.h"
#include "exchange/mlflow_records.h"

namespace headrace::exchange {

class MlflowTeller {
 public:
  // Larger artifacts are not hashed.
  static constexpr uint64_t kMostHashedBytes = uint64_t{1} << 30;

  // `campaign`: instead of the experiments' names, or empty. `base`: where artifact locations that
  // are relative begin.
  MlflowTeller(std::string campaign, std::filesystem::path base)
      : campaign_(std::move(campaign)), base_(std::move(base)) {}

  // Errors: the intake's. What it cannot take is quarantined.
  Status tell(const MlflowContent& content, collect::Intake& intake);

  // What was told, so that a later one goes on from there.
  void save(ByteWriter& out) const;
  void load(ByteReader& in);

 private:
  // Whether something is new or other than what was told under this name; notes it.
  bool is_news(const std::string& name, const std::string& content);
  Status tell_experiment(const MlflowExperiment& experiment, collect::Intake& intake);
  Status tell_run(const MlflowRun& run, bool has_more_metrics, collect::Intake& intake);
  Status tell_run_task(const MlflowRun& run, bool has_ended, collect::Intake& intake);
  // Of a run, or of a model that a run made.
  Status tell_artifacts(const std::string& owner, const std::string& location,
                        const std::string& run, collect::Intake& intake);
  Status tell_link(const MlflowRun& run, const MlflowLink& link, collect::Intake& intake);
  Status tell_dataset(const MlflowDataset& dataset, collect::Intake& intake);
  Status tell_model(const MlflowModel& model, collect::Intake& intake);
  Status tell_version(const MlflowModelVersion& version, collect::Intake& intake);
  Status tell_registered(const MlflowRegisteredModel& model, collect::Intake& intake);
  Status tell_object(const collect::ObjectTold& object, collect::Intake& intake);
  Status tell_edge(const std::string& run, const std::string& object, bool is_generated,
                   const std::string& name, collect::Intake& intake);

  std::string campaign_;
  std::filesystem::path base_;
  std::map<std::string, std::string> names_;                 // of experiments and datasets, by id
  std::map<std::string, uint64_t> told_;                     // name to a hash of its content
  std::map<std::string, MlflowRegisteredModel> registered_;  // by name
  std::set<std::string> ended_;                              // runs whose task has ended
  std::set<std::string> listed_;  // ended runs whose artifacts this process has looked at
};

}  // namespace headrace::exchange
