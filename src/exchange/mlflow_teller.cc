#include "exchange/mlflow_teller.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/sha256.h"
#include "encode/nested.h"
#include "exchange/mlflow_artifacts.h"
#include "exchange/mlflow_trace_teller.h"
#include "exchange/mlflow_values.h"

namespace headrace::exchange {
namespace {

using collect::ObjectTold;
using collect::Value;
using collect::Values;

constexpr int64_t kNsPerMs = 1'000'000;

std::optional<int64_t> ns_of(std::optional<int64_t> ms) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / kNsPerMs;
  if (!ms || *ms < 0 || *ms > kMost) return std::nullopt;
  return *ms * kNsPerMs;
}

std::string experiment_object(const std::string& id) { return "experiment:" + id; }
std::string dataset_object(const std::string& id) { return "dataset:" + id; }
std::string model_object(const std::string& id) { return "model:" + id; }

void add_text(Values& to, const char* name, const std::string& text) {
  if (!text.empty()) to.add(name, Value::of(text));
}

// All of it as bytes, to see whether it is the same as before.
class Content {
 public:
  Content& add(std::string_view text) {
    writer_.text(text);
    return *this;
  }
  Content& add(const MlflowPairs& pairs) {
    for (const auto& [key, value] : pairs) add(key).add(value);
    return add("");
  }
  Content& add(const std::vector<std::pair<std::string, double>>& numbers) {
    for (const auto& [key, value] : numbers) {
      add(key);
      writer_.f64(value);
    }
    return add("");
  }
  Content& add(std::optional<int64_t> number) {
    writer_.u8(number ? 1 : 0);
    writer_.i64(number.value_or(0));
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  ByteWriter writer_{bytes_};
};

// As one value: a map of texts, or of numbers.
Value map_of(const MlflowPairs& pairs) {
  std::string nested;
  NestedWriter writer(nested);
  writer.begin_map(static_cast<uint32_t>(pairs.size()));
  for (const auto& [key, value] : pairs) {
    writer.string(key);
    writer.string(value);
  }
  return Value::nested(nested).value_or(Value::null());
}
Value map_of(const std::vector<std::pair<std::string, double>>& numbers) {
  std::string nested;
  NestedWriter writer(nested);
  writer.begin_map(static_cast<uint32_t>(numbers.size()));
  for (const auto& [key, value] : numbers) {
    writer.string(key);
    writer.real(value);
  }
  return Value::nested(nested).value_or(Value::null());
}

std::string tag_of(const MlflowRun& run, std::string_view name) {
  const auto found = std::ranges::find(run.tags, name, &MlflowPairs::value_type::first);
  return found == run.tags.end() ? std::string() : found->second;
}

// Nothing while it goes on.
std::optional<TaskStatus> end_of(const MlflowRun& run) {
  if (run.status == "FINISHED") return TaskStatus::kFinished;
  if (run.status == "FAILED") return TaskStatus::kFailed;
  if (run.status == "KILLED") return TaskStatus::kCancelled;
  return std::nullopt;
}

// "/home/a/train.py" is the activity "train".
std::string activity_of(const MlflowRun& run) {
  std::string source = tag_of(run, "mlflow.source.name");
  if (source.empty()) source = run.source_name;
  const std::string stem = std::filesystem::path(source).stem().string();
  return stem.empty() ? "run" : stem;
}

bool is_mlflows(const std::string& tag) { return tag.starts_with("mlflow."); }

}  // namespace

bool MlflowTeller::is_news(const std::string& name, const std::string& content) {
  const Sha256Digest digest = sha256(content);
  const auto hash = load_le<uint64_t>(digest.data());
  const auto [at, is_new] = told_.try_emplace(name, hash);
  if (!is_new && at->second == hash) return false;
  at->second = hash;
  return true;
}

Status MlflowTeller::tell_object(const ObjectTold& object, collect::Intake& intake) {
  const Status told = intake.object(object);
  if (told.code() != StatusCode::kInvalidArgument) return told;
  return intake.quarantine(object.id, told.message());
}

Status MlflowTeller::tell_edge(const std::string& run, const std::string& object, bool is_generated,
                               const std::string& name, collect::Intake& intake) {
  const std::string content = object + (is_generated ? " generated " : " used ") + name;
  if (!is_news("edge:" + run + " " + content, content)) return ok_status();
  collect::EdgeTold edge;
  edge.task = run;
  edge.object = object;
  edge.is_generated = is_generated;
  edge.name = name;
  const Status told = intake.edge(edge);
  if (told.code() != StatusCode::kInvalidArgument) return told;
  return intake.quarantine(content, told.message());
}

Status MlflowTeller::tell_experiment(const MlflowExperiment& experiment, collect::Intake& intake) {
  names_["experiment:" + experiment.id] = experiment.name;
  const std::string id = experiment_object(experiment.id);
  const Content content = Content()
                              .add(experiment.name)
                              .add(experiment.lifecycle_stage)
                              .add(experiment.artifact_location)
                              .add(experiment.tags);
  if (!is_news(id, content.bytes())) return ok_status();
  ObjectTold object;
  object.id = id;
  object.kind = "experiment";
  object.name = experiment.name;
  object.path = experiment.artifact_location;
  object.at_ns = ns_of(experiment.created_ms);
  add_text(object.attributes, "lifecycle_stage", experiment.lifecycle_stage);
  if (!experiment.tags.empty()) object.attributes.add("tags", map_of(experiment.tags));
  return tell_object(object, intake);
}

Status MlflowTeller::tell_run(const MlflowRun& run, bool has_more_metrics,
                              collect::Intake& intake) {
  const bool has_ended = end_of(run).has_value() && !has_more_metrics;
  const std::string& experiment = names_["experiment:" + run.experiment];
  const Content content = Content()
                              .add(run.name)
                              .add(experiment)
                              .add(run.status)
                              .add(run.lifecycle_stage)
                              .add(run.begin_ms)
                              .add(run.end_ms)
                              .add(run.artifact_uri)
                              .add(run.params)
                              .add(run.tags);
  if (is_news("run:" + run.id, content.bytes())) {
    listed_.erase(run.id);
    collect::WorkflowTold workflow;
    workflow.id = run.id;
    workflow.name = !run.name.empty() ? run.name : tag_of(run, "mlflow.runName");
    if (workflow.name.empty()) workflow.name = run.id;
    workflow.parent = tag_of(run, "mlflow.parentRunId");
    workflow.campaign = campaign_.empty() ? experiment : campaign_;
    workflow.begin_ns = ns_of(run.begin_ms);
    if (const std::optional<TaskStatus> end = end_of(run)) {
      workflow.status = *end;
      workflow.end_ns = ns_of(run.end_ms ? run.end_ms : run.begin_ms);
    }
    for (const auto& [key, value] : run.params) workflow.used.add(key, param_value(value));
    for (const auto& [key, value] : run.tags) {
      Values& to = is_mlflows(key) ? workflow.attributes : workflow.tags;
      to.add(key, Value::of(value));
    }
    add_text(workflow.attributes, "experiment_id", run.experiment);
    add_text(workflow.attributes, "experiment", experiment);
    add_text(workflow.attributes, "lifecycle_stage", run.lifecycle_stage);
    add_text(workflow.attributes, "run_status", run.status);
    add_text(workflow.attributes, "user_id", run.user);
    add_text(workflow.attributes, "source_version", run.source_version);
    add_text(workflow.attributes, "entry_point", run.entry_point);
    add_text(workflow.attributes, "artifact_uri", run.artifact_uri);
    const Status told = intake.workflow(workflow);
    if (told.code() == StatusCode::kInvalidArgument) {
      HEADRACE_RETURN_IF_ERROR(intake.quarantine("run " + run.id, told.message()));
    } else {
      HEADRACE_RETURN_IF_ERROR(told);
    }
  }
  return tell_run_task(run, has_ended, intake);
}

Status MlflowTeller::tell_run_task(const MlflowRun& run, bool has_ended, collect::Intake& intake) {
  // What has ended once stays as it is: a run that is resumed goes on in its workflow and rows.
  if (ended_.contains(run.id)) return ok_status();
  const Content content =
      Content().add(has_ended ? run.status : "").add(run.params).add(run.last_metrics);
  if (!is_news("task:" + run.id, content.bytes())) return ok_status();
  collect::TaskTold task;
  task.id = run.id;
  task.activity = activity_of(run);
  task.workflow = run.id;
  task.begin_ns = ns_of(run.begin_ms);
  task.status = TaskStatus::kRunning;
  if (has_ended) {
    task.status = *end_of(run);
    task.end_ns = ns_of(run.end_ms ? run.end_ms : run.begin_ms);
    ended_.insert(run.id);
  }
  for (const auto& [key, value] : run.params) task.used.add(key, param_value(value));
  for (const auto& [key, value] : run.last_metrics) task.generated.add(key, Value::of(value));
  const Status told = intake.task(task);
  if (told.code() != StatusCode::kInvalidArgument) return told;
  return intake.quarantine("run " + run.id, told.message());
}

Status MlflowTeller::tell_artifacts(const std::string& owner, const std::string& location,
                                    const std::string& run, collect::Intake& intake) {
  return each_artifact(artifact_folder(location, base_), [&](const Artifact& artifact) {
    ObjectTold object;
    object.id = owner + "/" + artifact.name;
    const Content content = Content()
                                .add(static_cast<int64_t>(artifact.size_bytes))
                                .add(artifact.written_ns)
                                .add(artifact.path.string());
    if (!is_news("artifact:" + object.id, content.bytes())) return ok_status();
    object.kind = "file";
    object.name = artifact.name;
    object.path = artifact.path.string();
    object.size_bytes = artifact.size_bytes;
    object.workflow = run;
    if (artifact.size_bytes <= kMostHashedBytes) {
      const Result<FileDigest> digest = digest_file(artifact.path);
      if (digest.ok()) object.sha256 = hex(digest->sha256);
    }
    HEADRACE_RETURN_IF_ERROR(tell_object(object, intake));
    return run.empty() ? ok_status() : tell_edge(run, object.id, true, artifact.name, intake);
  });
}

Status MlflowTeller::tell_dataset(const MlflowDataset& dataset, collect::Intake& intake) {
  names_[dataset_object(dataset.id)] = dataset.name;
  const Content content = Content()
                              .add(dataset.name)
                              .add(dataset.digest)
                              .add(dataset.source)
                              .add(dataset.schema)
                              .add(dataset.profile);
  ObjectTold object;
  object.id = dataset_object(dataset.id);
  if (!is_news(object.id, content.bytes())) return ok_status();
  object.kind = "dataset";
  object.name = dataset.name;
  object.version = dataset.digest;
  add_text(object.attributes, "source_type", dataset.source_type);
  if (!dataset.source.empty()) object.attributes.add("source", json_or_text(dataset.source));
  if (!dataset.schema.empty()) object.attributes.add("schema", json_or_text(dataset.schema));
  if (!dataset.profile.empty()) object.attributes.add("profile", json_or_text(dataset.profile));
  return tell_object(object, intake);
}

Status MlflowTeller::tell_link(const MlflowRun& run, const MlflowLink& link,
                               collect::Intake& intake) {
  const std::string object =
      link.is_model ? model_object(link.object) : dataset_object(link.object);
  std::string name = link.context;
  if (name.empty()) name = names_[object];
  if (name.empty()) name = link.is_model ? "model" : "dataset";
  return tell_edge(run.id, object, link.is_output, name, intake);
}

Status MlflowTeller::tell_model(const MlflowModel& model, collect::Intake& intake) {
  ObjectTold object;
  object.id = model_object(model.id);
  names_[object.id] = model.name;
  const Content content = Content()
                              .add(model.name)
                              .add(model.status)
                              .add(model.lifecycle_stage)
                              .add(model.artifact_location)
                              .add(model.params)
                              .add(model.tags)
                              .add(model.metrics);
  if (is_news(object.id, content.bytes())) {
    object.kind = "model";
    object.name = model.name;
    object.path = artifact_folder(model.artifact_location, base_).string();
    if (object.path.empty()) object.path = model.artifact_location;
    object.workflow = model.run;
    object.at_ns = ns_of(model.created_ms);
    add_text(object.attributes, "model_type", model.type);
    add_text(object.attributes, "status", model.status);
    add_text(object.attributes, "lifecycle_stage", model.lifecycle_stage);
    if (!model.params.empty()) object.attributes.add("params", map_of(model.params));
    if (!model.tags.empty()) object.attributes.add("tags", map_of(model.tags));
    if (!model.metrics.empty()) object.attributes.add("metrics", map_of(model.metrics));
    HEADRACE_RETURN_IF_ERROR(tell_object(object, intake));
    HEADRACE_RETURN_IF_ERROR(tell_artifacts(object.id, model.artifact_location, model.run, intake));
  }
  return model.run.empty() ? ok_status()
                           : tell_edge(model.run, object.id, true, model.name, intake);
}

Status MlflowTeller::tell_version(const MlflowModelVersion& version, collect::Intake& intake) {
  ObjectTold object;
  object.id = "version:" + version.name + "/" + version.version;
  Content content;
  content.add(version.source)
      .add(version.location)
      .add(version.stage)
      .add(version.status)
      .add(version.description)
      .add(version.tags);
  for (const std::string& alias : version.aliases) content.add(alias);
  const MlflowRegisteredModel& model = registered_[version.name];
  content.add(model.description).add(model.tags);
  if (is_news(object.id, content.bytes())) {
    object.kind = "model";
    object.name = version.name;
    object.version = version.version;
    object.path = version.location.empty() ? version.source : version.location;
    object.workflow = version.run;
    object.at_ns = ns_of(version.created_ms);
    add_text(object.attributes, "source", version.source);
    add_text(object.attributes, "stage", version.stage == "None" ? "" : version.stage);
    add_text(object.attributes, "status", version.status);
    add_text(object.attributes, "description", version.description);
    add_text(object.attributes, "user_id", version.user);
    for (const std::string& alias : version.aliases) {
      object.attributes.add("alias." + alias, Value::of(true));
    }
    if (!version.tags.empty()) object.attributes.add("tags", map_of(version.tags));
    add_text(object.attributes, "model_description", model.description);
    if (!model.tags.empty()) object.attributes.add("model_tags", map_of(model.tags));
    HEADRACE_RETURN_IF_ERROR(tell_object(object, intake));
  }
  if (version.run.empty()) return ok_status();
  return tell_edge(version.run, object.id, true, version.name, intake);
}

Status MlflowTeller::tell_registered(const MlflowRegisteredModel& model, collect::Intake& intake) {
  ObjectTold object;
  object.id = "registered:" + model.name;
  const Content content = Content().add(model.description).add(model.tags);
  if (!is_news(object.id, content.bytes())) return ok_status();
  object.kind = "registered model";
  object.name = model.name;
  object.at_ns = ns_of(model.created_ms);
  add_text(object.attributes, "description", model.description);
  if (!model.tags.empty()) object.attributes.add("tags", map_of(model.tags));
  return tell_object(object, intake);
}

Status MlflowTeller::tell(const MlflowContent& content, collect::Intake& intake) {
  for (const auto& [bytes, why] : content.unreadable) {
    HEADRACE_RETURN_IF_ERROR(intake.quarantine(bytes, why));
  }
  for (const MlflowExperiment& e : content.experiments) {
    HEADRACE_RETURN_IF_ERROR(tell_experiment(e, intake));
  }
  for (const MlflowDataset& d : content.datasets) {
    HEADRACE_RETURN_IF_ERROR(tell_dataset(d, intake));
  }
  for (const MlflowModel& m : content.models) names_[model_object(m.id)] = m.name;
  for (const MlflowRun& run : content.runs) {
    HEADRACE_RETURN_IF_ERROR(tell_run(run, content.has_more_metrics, intake));
    if (!listed_.contains(run.id)) {
      HEADRACE_RETURN_IF_ERROR(tell_artifacts(run.id, run.artifact_uri, run.id, intake));
    }
    if (end_of(run)) listed_.insert(run.id);
    for (const MlflowLink& link : run.links) HEADRACE_RETURN_IF_ERROR(tell_link(run, link, intake));
  }
  for (const MlflowModel& m : content.models) HEADRACE_RETURN_IF_ERROR(tell_model(m, intake));
  // One that has versions is told by them: both have its name.
  for (const MlflowRegisteredModel& m : content.registered_models) {
    const auto is_its = [&m](const MlflowModelVersion& v) { return v.name == m.name; };
    if (std::ranges::none_of(content.model_versions, is_its)) {
      HEADRACE_RETURN_IF_ERROR(tell_registered(m, intake));
    }
    registered_[m.name] = m;
  }
  for (const MlflowModelVersion& v : content.model_versions) {
    HEADRACE_RETURN_IF_ERROR(tell_version(v, intake));
  }
  for (const MlflowTrace& trace : content.traces) {
    const std::string& experiment = names_[experiment_object(trace.experiment)];
    HEADRACE_RETURN_IF_ERROR(tell_trace(trace, campaign_.empty() ? experiment : campaign_, intake));
  }
  for (const MlflowMetric& metric : content.metrics) {
    collect::RowTold row;
    row.workflow = metric.run;
    row.at_ns = ns_of(metric.at_ms).value_or(-1);
    row.step = metric.step;
    row.values.add(metric.key, Value::of(metric.value));
    const Status told = intake.row(row);
    if (told.code() == StatusCode::kInvalidArgument) {
      HEADRACE_RETURN_IF_ERROR(intake.quarantine("metric " + metric.key + " of run " + metric.run +
                                                     ", step " + std::to_string(metric.step) +
                                                     ", time " + std::to_string(metric.at_ms) +
                                                     " ms, value " + std::to_string(metric.value),
                                                 told.message()));
    } else {
      HEADRACE_RETURN_IF_ERROR(told);
    }
  }
  return ok_status();
}

void MlflowTeller::save(ByteWriter& out) const {
  out.u64(told_.size());
  for (const auto& [name, hash] : told_) {
    out.text(name);
    out.u64(hash);
  }
  out.u64(ended_.size());
  for (const std::string& run : ended_) out.text(run);
}

void MlflowTeller::load(ByteReader& in) {
  for (uint64_t told = in.u64(); told > 0 && in.ok(); --told) {
    const std::string name(in.text());
    told_[name] = in.u64();
  }
  for (uint64_t ended = in.u64(); ended > 0 && in.ok(); --ended) ended_.emplace(in.text());
}

}  // namespace headrace::exchange
