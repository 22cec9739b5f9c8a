// What MLflow keeps, in any of its stores and versions. Times are ms since the epoch; what is not
// there is empty.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"
#include "exchange/mlflow_traces_told.h"

namespace headrace::exchange {

using MlflowPairs = std::vector<std::pair<std::string, std::string>>;

struct MlflowExperiment {
  std::string id;
  std::string name;
  std::string artifact_location;
  std::string lifecycle_stage;  // active, deleted
  std::optional<int64_t> created_ms;
  MlflowPairs tags;
};

// A dataset that a run used, or a logged model that it used or made.
struct MlflowLink {
  std::string object;   // id of a dataset or logged model
  std::string context;  // training, ...
  bool is_model = false;
  bool is_output = false;
};

struct MlflowRun {
  std::string id;
  std::string experiment;  // id
  std::string name;
  std::string status;  // RUNNING SCHEDULED FINISHED FAILED KILLED
  std::string lifecycle_stage;
  std::optional<int64_t> begin_ms;
  std::optional<int64_t> end_ms;
  std::string user;
  std::string source_name;
  std::string source_version;
  std::string entry_point;
  std::string artifact_uri;
  MlflowPairs params;
  MlflowPairs tags;
  std::vector<std::pair<std::string, double>> last_metrics;
  std::vector<MlflowLink> links;
};

struct MlflowMetric {
  std::string run;
  std::string key;
  double value = 0;
  int64_t at_ms = 0;
  int64_t step = 0;
};

struct MlflowDataset {
  std::string id;
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::string schema;
  std::string profile;
};

struct MlflowModel {
  std::string id;
  std::string experiment;
  std::string name;
  std::string run;
  std::string artifact_location;
  std::string lifecycle_stage;
  std::string type;
  std::string status;
  std::optional<int64_t> created_ms;
  MlflowPairs params;
  MlflowPairs tags;
  std::vector<std::pair<std::string, double>> metrics;
};

struct MlflowModelVersion {
  std::string name;
  std::string version;
  std::string run;
  std::string source;
  std::string location;
  std::string stage;
  std::string status;
  std::string description;
  std::string user;
  std::optional<int64_t> created_ms;
  std::vector<std::string> aliases;
  MlflowPairs tags;
};

struct MlflowRegisteredModel {
  std::string name;
  std::string description;
  std::optional<int64_t> created_ms;
  MlflowPairs tags;
};

// A step of a trace. Inputs, outputs, attributes, events and links are JSON.
struct MlflowSpan {
  std::string id;  // 16 hex digits
  std::string parent;
  std::string name;
  std::string status;  // OK ERROR UNSET
  std::string message;
  std::optional<int64_t> begin_ns;  // Unix ns
  std::optional<int64_t> end_ns;
  std::string inputs;
  std::string outputs;
  MlflowPairs attributes;
  std::string events;
  std::string links;
  std::string error_type;
  std::string error_message;
  std::string error_traceback;
};

struct MlflowTrace {
  std::string id;
  std::string experiment;  // id
  std::string name;
  std::string status;  // OK ERROR IN_PROGRESS
  std::string client_request_id;
  std::optional<int64_t> begin_ms;
  std::optional<int64_t> duration_ms;
  MlflowPairs tags;
  MlflowPairs metadata;
  std::vector<MlflowSpan> spans;
  std::string look;             // other when there is more of it
  bool was_told_ended = false;  // handed over before as one that has ended

  bool has_ended() const { return status != "IN_PROGRESS"; }
  std::string tag(std::string_view key) const { return value_of(tags, key); }
  std::string metadatum(std::string_view key) const { return value_of(metadata, key); }
  // Id of the run in which it was made, or empty.
  std::string run() const { return metadatum("mlflow.sourceRun"); }

 private:
  static std::string value_of(const MlflowPairs& pairs, std::string_view wanted) {
    for (const auto& [key, value] : pairs) {
      if (key == wanted) return value;
    }
    return {};
  }
};

// All but metrics and traces is as it is now; of metrics what has not been handed over before, of
// traces those that are new or were not complete.
struct MlflowContent {
  std::vector<MlflowExperiment> experiments;
  std::vector<MlflowRun> runs;
  std::vector<MlflowDataset> datasets;
  std::vector<MlflowModel> models;
  std::vector<MlflowModelVersion> model_versions;
  std::vector<MlflowRegisteredModel> registered_models;
  std::vector<MlflowMetric> metrics;
  std::vector<MlflowTrace> traces;
  bool has_more_metrics = false;
  bool has_more_traces = false;
  // Pieces that make no sense: their bytes and why.
  MlflowPairs unreadable;
};

// A store of MLflow's. Used by one thread.
class MlflowStore {
 public:
  virtual ~MlflowStore() = default;
  // False: nothing has changed since the call before, and `out` is empty. Errors: kUnavailable for
  // a moment, kIo, kCorrupt; kUnsupported when it has become another version's.
  virtual Result<bool> read(MlflowContent& out) = 0;
  // How far metrics were handed over.
  virtual void save(ByteWriter& out) const = 0;
  virtual void load(ByteReader& in) = 0;
  // What was left out or guessed, a sentence each.
  virtual std::vector<std::string> notes() const { return {}; }
  // Which traces were handed over; kept beside what save() keeps.
  MlflowTracesTold& traces_told() { return traces_told_; }
  const MlflowTracesTold& traces_told() const { return traces_told_; }

 protected:
  static constexpr size_t kTracesAtOnce = 1'000;
  // The end of the look of a trace whose spans are in its traces.json.
  static constexpr std::string_view kSpansInFile = "file";
  // Hands the trace over and notes it.
  void take(MlflowTrace trace, MlflowContent& out);
  // The spans of the traces.json in a folder. Without one, or with one that makes no sense (which
  // is told), the trace loses that end of its look.
  static void read_spans_of_file(const std::filesystem::path& folder, MlflowTrace& trace,
                                 MlflowContent& out);

 private:
  MlflowTracesTold traces_told_;
};

}  // namespace headrace::exchange
