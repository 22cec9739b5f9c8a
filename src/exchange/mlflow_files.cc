#include "exchange/mlflow_files.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The folders or the files in a folder, by name; none where it is not there.
std::vector<fs::path> entries_of(const fs::path& folder, bool folders) {
  std::vector<fs::path> out;
  std::error_code error;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    std::error_code gone;  // meanwhile
    if (folders ? at->is_directory(gone) : at->is_regular_file(gone)) out.push_back(at->path());
  }
  std::ranges::sort(out);
  return out;
}

// All plain files below, with their names from there on.
void each_file(const fs::path& folder, const std::string& prefix,
               const std::function<void(const fs::path&, const std::string&)>& file) {
  for (const fs::path& path : entries_of(folder, false))
    file(path, prefix + path.filename().string());
  for (const fs::path& path : entries_of(folder, true)) {
    each_file(path, prefix + path.filename().string() + "/", file);
  }
}

// As MLflow's enum RunStatus numbers them.
std::string run_status(const MlflowMeta& facts) {
  constexpr const char* kNames[] = {"", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
  const std::optional<int64_t> number = facts.integer("status");
  return number && *number > 0 && *number <= 5 ? kNames[*number] : facts.text("status");
}

template <typename T>
bool take_number(std::string_view& line, T& out) {
  const auto read = std::from_chars(line.data(), line.data() + line.size(), out);
  if (read.ec != std::errc()) return false;
  line.remove_prefix(static_cast<size_t>(read.ptr - line.data()));
  if (line.starts_with(' ')) line.remove_prefix(1);
  return true;
}

// "<ms> <value> [<step> [<run>]]", of which the last two came with later versions.
bool read_metric(std::string_view line, MlflowMetric& out) {
  if (!take_number(line, out.at_ms) || !take_number(line, out.value)) return false;
  return line.empty() || take_number(line, out.step);
}

}  // namespace

bool MlflowFiles::is_store(const fs::path& folder) {
  std::error_code error;
  for (const fs::path& path : entries_of(folder, true)) {
    const bool is_experiment = path.filename() != "models" && path.filename() != ".trash";
    if (is_experiment && fs::is_regular_file(path / "meta.yaml", error) &&
        content_of(path / "meta.yaml").find("experiment_id:") != std::string::npos) {
      return true;
    }
  }
  return false;
}

std::optional<MlflowMeta> MlflowFiles::meta(const fs::path& folder, MlflowContent& out,
                                            const char* name) const {
  const fs::path file = folder / name;
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  const std::string bytes = content_of(file);
  Result<MlflowMeta> facts = parse_meta(bytes);
  if (!facts.ok()) {
    out.unreadable.emplace_back(
        bytes, file.lexically_relative(root_).string() + ": " + facts.status().message());
    return std::nullopt;
  }
  // Older versions write it anew when a run ends, and not all at once.
  return bytes.empty() ? std::nullopt : std::optional(*facts);
}

MlflowPairs MlflowFiles::pairs(const fs::path& folder) const {
  MlflowPairs out;
  each_file(folder, "", [&out](const fs::path& file, const std::string& key) {
    out.emplace_back(key, content_of(file));
  });
  return out;
}

void MlflowFiles::read_metrics(const fs::path& file, const std::string& key, MlflowRun& run,
                               MlflowContent& out) {
  const std::string name = file.lexically_relative(root_).string();
  uint64_t& taken = taken_[name];
  std::error_code error;
  const uint64_t size_bytes = fs::file_size(file, error);
  const auto known = last_.find(name);
  if (known == last_.end() || size_bytes != taken) {
    const std::string all = content_of(file);
    Last last;
    bool is_first = true;
    for (size_t at = 0; at < all.size();) {
      const size_t end = all.find('\n', at);
      if (end == std::string::npos) break;
      std::string_view line = std::string_view(all).substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      MlflowMetric metric{run.id, key, 0, 0, 0};
      const bool is_new = at >= taken;
      at = end + 1;
      if (is_new) taken = at;
      if (!read_metric(line, metric)) {
        if (is_new) {
          out.unreadable.emplace_back(
              line, name + ": a line of metrics is \"<ms> <value> <step>\", this one is not");
        }
        continue;
      }
      const auto is_later = std::tie(metric.step, metric.at_ms) >= std::tie(last.step, last.at_ms);
      if (is_first || is_later) last = {metric.value, metric.at_ms, metric.step};
      is_first = false;
      if (is_new) out.metrics.push_back(std::move(metric));
    }
    if (!is_first) last_[name] = last;
  }
  const auto last = last_.find(name);
  if (last != last_.end()) run.last_metrics.emplace_back(key, last->second.value);
}

void MlflowFiles::read_links(const fs::path& folder, MlflowRun& run, MlflowContent& out) const {
  for (const char* side : {"inputs", "outputs"}) {
    for (const fs::path& path : entries_of(folder / side, true)) {
      const std::optional<MlflowMeta> facts = meta(path, out);
      if (!facts) continue;
      MlflowLink link;
      link.is_output = std::string_view(side) == "outputs";
      link.is_model = facts->text("source_type") != "DATASET";
      link.object = facts->text(link.is_model ? "destination_id" : "source_id");
      // Nested below "tags:", a line each.
      std::istringstream tags(facts->text("tags"));
      constexpr std::string_view kContext = "  mlflow.data.context: ";
      for (std::string line; std::getline(tags, line);) {
        if (line.starts_with(kContext)) link.context = line.substr(kContext.size());
      }
      run.links.push_back(std::move(link));
    }
  }
}

void MlflowFiles::read_run(const fs::path& folder, const std::string& experiment,
                           const MlflowMeta& facts, MlflowContent& out) {
  MlflowRun run;
  run.id = facts.text(facts.has("run_id") ? "run_id" : "run_uuid");
  if (run.id.empty()) run.id = folder.filename().string();
  run.experiment = experiment;
  run.name = facts.text(facts.has("run_name") ? "run_name" : "name");
  run.status = run_status(facts);
  run.lifecycle_stage = facts.text("lifecycle_stage");
  run.begin_ms = facts.integer("start_time");
  run.end_ms = facts.integer("end_time");
  run.user = facts.text("user_id");
  run.source_name = facts.text("source_name");
  run.source_version = facts.text("source_version");
  run.entry_point = facts.text("entry_point_name");
  run.artifact_uri = facts.text("artifact_uri");
  run.params = pairs(folder / "params");
  run.tags = pairs(folder / "tags");
  each_file(folder / "metrics", "", [&](const fs::path& file, const std::string& key) {
    read_metrics(file, key, run, out);
  });
  read_links(folder, run, out);
  out.runs.push_back(std::move(run));
}

void MlflowFiles::read_trace(const fs::path& folder, const std::string& experiment,
                             MlflowContent& out) {
  const std::optional<MlflowMeta> facts = meta(folder, out, "trace_info.yaml");
  if (!facts) return;
  // MLflow 3 gave them other names.
  const auto either = [&](const char* one, const char* other) {
    return facts->has(one) ? one : other;
  };
  MlflowTrace trace;
  trace.id = folder.filename().string();
  trace.experiment = experiment;
  trace.status = facts->text(either("status", "state"));
  trace.begin_ms = facts->integer("timestamp_ms");
  trace.duration_ms = facts->integer(either("execution_time_ms", "execution_duration_ms"));
  trace.client_request_id = facts->text("client_request_id");
  trace.look = trace.status + " " + std::to_string(trace.duration_ms.value_or(-1)) + " ";
  trace.look += kSpansInFile;
  if (!traces_told().is_news(trace.id, trace.look)) return;
  if (out.traces.size() == kTracesAtOnce) {
    out.has_more_traces = true;
    return;
  }
  read_spans_of_file(folder / "artifacts", trace, out);
  if (!traces_told().is_news(trace.id, trace.look)) return;
  trace.tags = pairs(folder / "tags");
  trace.metadata = pairs(folder / "request_metadata");
  take(std::move(trace), out);
}

void MlflowFiles::read_model(const fs::path& folder, const MlflowMeta& facts, MlflowContent& out) {
  constexpr const char* kStatus[] = {"", "PENDING", "READY", "FAILED"};
  MlflowModel model;
  model.id = facts.text("model_id");
  if (model.id.empty()) model.id = folder.filename().string();
  model.experiment = facts.text("experiment_id");
  model.name = facts.text("name");
  model.run = facts.text("source_run_id");
  model.artifact_location = facts.text("artifact_location");
  model.lifecycle_stage = facts.text("lifecycle_stage");
  model.type = facts.text("model_type");
  const int64_t status = facts.integer("status").value_or(0);
  model.status = status > 0 && status <= 3 ? kStatus[status] : facts.text("status");
  model.created_ms = facts.integer("creation_timestamp");
  model.params = pairs(folder / "params");
  model.tags = pairs(folder / "tags");
  each_file(folder / "metrics", "", [&](const fs::path& file, const std::string& key) {
    std::istringstream lines(content_of(file));
    MlflowMetric metric;
    bool is_any = false;
    for (std::string line; std::getline(lines, line);) is_any |= read_metric(line, metric);
    if (is_any) model.metrics.emplace_back(key, metric.value);
  });
  out.models.push_back(std::move(model));
}

void MlflowFiles::read_experiment(const fs::path& folder, bool is_deleted, MlflowContent& out) {
  const std::optional<MlflowMeta> facts = meta(folder, out);
  if (!facts) return;
  MlflowExperiment experiment;
  experiment.id = facts->text("experiment_id");
  if (experiment.id.empty()) experiment.id = folder.filename().string();
  experiment.name = facts->text("name");
  experiment.artifact_location = facts->text("artifact_location");
  experiment.lifecycle_stage = is_deleted ? "deleted" : facts->text("lifecycle_stage");
  experiment.created_ms = facts->integer("creation_time");
  experiment.tags = pairs(folder / "tags");
  for (const fs::path& path : entries_of(folder, true)) {
    const std::string name = path.filename().string();
    if (name == "tags") continue;
    if (name == "datasets") {
      for (const fs::path& dataset : entries_of(path, true)) {
        const std::optional<MlflowMeta> d = meta(dataset, out);
        if (!d) continue;
        out.datasets.push_back({dataset.filename().string(), d->text("name"), d->text("digest"),
                                d->text("source_type"), d->text("source"), d->text("schema"),
                                d->text("profile")});
      }
    } else if (name == "models") {
      for (const fs::path& model : entries_of(path, true)) {
        if (const std::optional<MlflowMeta> m = meta(model, out)) read_model(model, *m, out);
      }
    } else if (name == "traces") {
      for (const fs::path& trace : entries_of(path, true)) read_trace(trace, experiment.id, out);
    } else if (const std::optional<MlflowMeta> run = meta(path, out)) {
      read_run(path, experiment.id, *run, out);
    }
  }
  out.experiments.push_back(std::move(experiment));
}

void MlflowFiles::read_registered(const fs::path& folder, MlflowContent& out) const {
  const std::optional<MlflowMeta> facts = meta(folder, out);
  if (!facts) return;
  const std::string name = facts->text("name");
  out.registered_models.push_back({name, facts->text("description"),
                                   facts->integer("creation_timestamp"), pairs(folder / "tags")});
  const MlflowPairs aliases = pairs(folder / "aliases");  // alias to version
  for (const fs::path& path : entries_of(folder, true)) {
    if (!path.filename().string().starts_with("version-")) continue;
    const std::optional<MlflowMeta> v = meta(path, out);
    if (!v) continue;
    MlflowModelVersion version;
    version.name = name;
    version.version = v->text("version");
    version.run = v->text("run_id");
    version.source = v->text("source");
    version.location = v->text("storage_location");
    version.stage = v->text("current_stage");
    version.status = v->text("status");
    version.description = v->text("description");
    version.user = v->text("user_id");
    version.created_ms = v->integer("creation_timestamp");
    version.tags = pairs(path / "tags");
    for (const auto& [alias, number] : aliases) {
      if (number == version.version) version.aliases.push_back(alias);
    }
    out.model_versions.push_back(std::move(version));
  }
}

std::string MlflowFiles::fingerprint() const {
  std::string out;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator at(root_, options, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    std::error_code gone;  // meanwhile
    // Those of a trace are its spans, which come late.
    const bool is_of_trace = at->path().parent_path().parent_path().filename() == "traces";
    if (at->path().filename() == "artifacts" && !is_of_trace) at.disable_recursion_pending();
    if (!at->is_regular_file(gone)) continue;
    out += at->path().string() + '\n' + std::to_string(at->file_size(gone)) + ' ' +
           std::to_string(at->last_write_time(gone).time_since_epoch().count()) + '\n';
  }
  return out;
}

Result<bool> MlflowFiles::read(MlflowContent& out) {
  out = {};
  std::error_code error;
  if (!fs::is_directory(root_, error)) return not_found("there is no folder " + root_.string());
  std::string now = fingerprint();
  if (now == seen_) return false;
  for (const fs::path& path : entries_of(root_, true)) {
    if (path.filename() == "models") {
      for (const fs::path& model : entries_of(path, true)) read_registered(model, out);
    } else if (path.filename() == ".trash") {
      for (const fs::path& experiment : entries_of(path, true)) {
        read_experiment(experiment, true, out);
      }
    } else {
      read_experiment(path, false, out);
    }
  }
  seen_ = out.has_more_traces ? "" : std::move(now);
  return true;
}

void MlflowFiles::save(ByteWriter& out) const {
  out.u64(taken_.size());
  for (const auto& [file, bytes] : taken_) {
    out.text(file);
    out.u64(bytes);
  }
}

void MlflowFiles::load(ByteReader& in) {
  for (uint64_t files = in.u64(); files > 0 && in.ok(); --files) {
    const std::string file(in.text());
    taken_[file] = in.u64();
  }
}

}  // namespace headrace::exchange
