#include "exchange/mlflow_database.h"

#include <algorithm>
#include <cfloat>
#include <functional>
#include <limits>
#include <utility>

#include "exchange/mlflow_revisions.h"

namespace headrace::exchange {
namespace {

// MLflow writes an infinity into SQL as the greatest double, and a NaN as 0 with a mark.
double metric_value(double value, bool is_nan) {
  if (is_nan) return std::numeric_limits<double>::quiet_NaN();
  if (value == DBL_MAX) return std::numeric_limits<double>::infinity();
  if (value == -DBL_MAX) return -std::numeric_limits<double>::infinity();
  return value;
}

std::string quoted(const std::string& name) { return '"' + name + '"'; }

// Index of those of `all` by a member of each.
template <typename T, typename Key>
std::map<std::string, T*> index_of(std::vector<T>& all, Key key) {
  std::map<std::string, T*> out;
  for (T& one : all) out[std::invoke(key, one)] = &one;
  return out;
}

}  // namespace

Result<std::unique_ptr<MlflowDatabase>> MlflowDatabase::open(const std::filesystem::path& path) {
  Result<SqliteFile> file = SqliteFile::open(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<MlflowDatabase> out(new MlflowDatabase(std::move(*file), path.parent_path()));
  const Status schema = out->read_schema();
  if (!schema.ok()) return schema.with_context(path.string());
  return out;
}

bool MlflowDatabase::has(const char* table, const char* column) const {
  const auto found = columns_.find(table);
  return found != columns_.end() && std::ranges::find(found->second, column) != found->second.end();
}

Status MlflowDatabase::read_schema() {
  const std::map<std::string, Columns> needed = {
      {"experiments", {"experiment_id", "name"}},
      {"runs", {"run_uuid", "experiment_id", "status", "start_time", "end_time"}},
      {"params", {"key", "value", "run_uuid"}},
      {"metrics", {"key", "value", "timestamp", "run_uuid"}},
      {"tags", {"key", "value", "run_uuid"}}};
  columns_.clear();
  std::vector<std::string> tables;
  HEADRACE_RETURN_IF_ERROR(
      file_.each("SELECT name FROM sqlite_master WHERE type = 'table'", {},
                 [&](const SqliteRow& row) { tables.push_back(row.text(0)); }));
  for (const std::string& table : tables) {
    Result<std::vector<std::string>> columns = file_.columns(table);
    if (!columns.ok()) return columns.status();
    columns_[table] = std::move(*columns);
  }
  revision_.clear();
  if (has("alembic_version", "version_num")) {
    HEADRACE_RETURN_IF_ERROR(file_.each("SELECT version_num FROM alembic_version", {},
                                        [&](const SqliteRow& row) { revision_ = row.text(0); }));
  }
  if (!columns_.contains("runs") && revision_.empty()) {
    return invalid_argument(
        "it is a SQLite database, but none of MLflow's: it has no table \"runs\"");
  }
  for (const auto& [table, columns] : needed) {
    for (const char* column : columns) {
      if (has(table.c_str(), column)) continue;
      return unsupported("MLflow's schema of revision \"" + revision_ +
                         "\" is unknown here: it has no " + table + "." + column +
                         ". Known are those of MLflow 1.0 to 3.17; nothing was read");
    }
  }
  return ok_status();
}

Status MlflowDatabase::each(const char* table, const Columns& columns, const char* order,
                            const std::function<void(const SqliteRow&)>& row) const {
  if (!columns_.contains(table)) return ok_status();
  std::string sql = "SELECT ";
  for (const char* column : columns) {
    if (column != columns.front()) sql += ", ";
    sql += has(table, column) ? quoted(column) : "NULL";
  }
  return file_.each(sql + " FROM " + quoted(table) + " ORDER BY " + order, {}, row);
}

Status MlflowDatabase::pairs(
    const char* table, const char* key, const char* value, const Columns& owner,
    const std::function<void(const std::string&, MlflowPairs::value_type)>& add) const {
  Columns columns = {key, value};
  columns.insert(columns.end(), owner.begin(), owner.end());
  return each(table, columns, "1", [&](const SqliteRow& row) {
    std::string id = row.text(2);
    for (int i = 3; i < static_cast<int>(columns.size()); ++i) id += "/" + row.text(i);
    add(id, {row.text(0), row.text(1)});
  });
}

Status MlflowDatabase::read_experiments(MlflowContent& out) const {
  HEADRACE_RETURN_IF_ERROR(
      each("experiments",
           {"experiment_id", "name", "artifact_location", "lifecycle_stage", "creation_time"}, "1",
           [&](const SqliteRow& row) {
             out.experiments.push_back(
                 {row.text(0), row.text(1), row.text(2), row.text(3), row.optional_integer(4), {}});
           }));
  const auto experiments = index_of(out.experiments, &MlflowExperiment::id);
  return pairs("experiment_tags", "key", "value", {"experiment_id"},
               [&](const std::string& id, MlflowPairs::value_type pair) {
                 const auto found = experiments.find(id);
                 if (found != experiments.end()) found->second->tags.push_back(std::move(pair));
               });
}

Status MlflowDatabase::read_runs(MlflowContent& out) const {
  HEADRACE_RETURN_IF_ERROR(each(
      "runs",
      {"run_uuid", "experiment_id", "name", "status", "lifecycle_stage", "start_time", "end_time",
       "user_id", "source_name", "source_version", "entry_point_name", "artifact_uri"},
      "rowid", [&](const SqliteRow& row) {
        MlflowRun run;
        run.id = row.text(0);
        run.experiment = row.text(1);
        run.name = row.text(2);
        run.status = row.text(3);
        run.lifecycle_stage = row.text(4);
        run.begin_ms = row.optional_integer(5);
        run.end_ms = row.optional_integer(6);
        run.user = row.text(7);
        run.source_name = row.text(8);
        run.source_version = row.text(9);
        run.entry_point = row.text(10);
        run.artifact_uri = row.text(11);
        out.runs.push_back(std::move(run));
      }));
  const auto runs = index_of(out.runs, &MlflowRun::id);
  for (const auto& [table, member] :
       {std::pair{"params", &MlflowRun::params}, std::pair{"tags", &MlflowRun::tags}}) {
    HEADRACE_RETURN_IF_ERROR(pairs(table, "key", "value", {"run_uuid"},
                                   [&](const std::string& id, MlflowPairs::value_type pair) {
                                     const auto found = runs.find(id);
                                     if (found == runs.end()) return;
                                     (found->second->*member).push_back(std::move(pair));
                                   }));
  }
  return each("latest_metrics", {"key", "value", "is_nan", "run_uuid"}, "1",
              [&](const SqliteRow& row) {
                const auto found = runs.find(row.text(3));
                if (found == runs.end()) return;
                found->second->last_metrics.emplace_back(
                    row.text(0), metric_value(row.real(1), row.integer(2) != 0));
              });
}

Status MlflowDatabase::read_links(MlflowContent& out) const {
  HEADRACE_RETURN_IF_ERROR(each("datasets",
                                {"dataset_uuid", "name", "digest", "dataset_source_type",
                                 "dataset_source", "dataset_schema", "dataset_profile"},
                                "rowid", [&](const SqliteRow& row) {
                                  out.datasets.push_back({row.text(0), row.text(1), row.text(2),
                                                          row.text(3), row.text(4), row.text(5),
                                                          row.text(6)});
                                }));
  std::map<std::string, std::string> contexts;
  HEADRACE_RETURN_IF_ERROR(pairs("input_tags", "name", "value", {"input_uuid"},
                                 [&](const std::string& id, const MlflowPairs::value_type& pair) {
                                   if (pair.first == "mlflow.data.context")
                                     contexts[id] = pair.second;
                                 }));
  const auto runs = index_of(out.runs, &MlflowRun::id);
  return each("inputs",
              {"input_uuid", "source_type", "source_id", "destination_type", "destination_id"},
              "rowid", [&](const SqliteRow& row) {
                const std::string from = row.text(1);
                const std::string to = row.text(3);
                MlflowLink link;
                std::string run;
                if (from == "DATASET" && to == "RUN") {
                  link.object = row.text(2);
                  run = row.text(4);
                  link.context = contexts[row.text(0)];
                } else if (from == "RUN_INPUT" || from == "RUN_OUTPUT") {
                  link.is_model = true;
                  link.is_output = from == "RUN_OUTPUT";
                  run = row.text(2);
                  link.object = row.text(4);
                }
                const auto found = runs.find(run);
                if (found != runs.end()) found->second->links.push_back(std::move(link));
              });
}

Status MlflowDatabase::read_models(MlflowContent& out) const {
  constexpr const char* kStatus[] = {"", "PENDING", "READY", "FAILED"};
  HEADRACE_RETURN_IF_ERROR(
      each("logged_models",
           {"model_id", "experiment_id", "name", "source_run_id", "artifact_location",
            "lifecycle_stage", "model_type", "status", "creation_timestamp_ms"},
           "rowid", [&](const SqliteRow& row) {
             MlflowModel model;
             model.id = row.text(0);
             model.experiment = row.text(1);
             model.name = row.text(2);
             model.run = row.text(3);
             model.artifact_location = row.text(4);
             model.lifecycle_stage = row.text(5);
             model.type = row.text(6);
             const int64_t status = row.integer(7);
             model.status = status >= 0 && status <= 3 ? kStatus[status] : row.text(7);
             model.created_ms = row.optional_integer(8);
             out.models.push_back(std::move(model));
           }));
  const auto models = index_of(out.models, &MlflowModel::id);
  const auto add_to = [&models](MlflowPairs MlflowModel::*member) {
    return [&models, member](const std::string& id, MlflowPairs::value_type pair) {
      const auto found = models.find(id);
      if (found != models.end()) (found->second->*member).push_back(std::move(pair));
    };
  };
  HEADRACE_RETURN_IF_ERROR(pairs("logged_model_params", "param_key", "param_value", {"model_id"},
                                 add_to(&MlflowModel::params)));
  HEADRACE_RETURN_IF_ERROR(
      pairs("logged_model_tags", "tag_key", "tag_value", {"model_id"}, add_to(&MlflowModel::tags)));
  return each("logged_model_metrics", {"model_id", "metric_name", "metric_value"},
              "metric_timestamp_ms, metric_step", [&](const SqliteRow& row) {
                const auto found = models.find(row.text(0));
                if (found == models.end()) return;
                auto& metrics = found->second->metrics;
                const std::string name = row.text(1);
                std::erase_if(metrics, [&name](const auto& m) { return m.first == name; });
                metrics.emplace_back(name, metric_value(row.real(2), false));
              });
}

Status MlflowDatabase::read_registry(MlflowContent& out) const {
  HEADRACE_RETURN_IF_ERROR(each(
      "registered_models", {"name", "description", "creation_time"}, "1",
      [&](const SqliteRow& row) {
        out.registered_models.push_back({row.text(0), row.text(1), row.optional_integer(2), {}});
      }));
  const auto registered = index_of(out.registered_models, &MlflowRegisteredModel::name);
  HEADRACE_RETURN_IF_ERROR(pairs("registered_model_tags", "key", "value", {"name"},
                                 [&](const std::string& id, MlflowPairs::value_type pair) {
                                   const auto found = registered.find(id);
                                   if (found == registered.end()) return;
                                   found->second->tags.push_back(std::move(pair));
                                 }));
  HEADRACE_RETURN_IF_ERROR(
      each("model_versions",
           {"name", "version", "run_id", "source", "storage_location", "current_stage", "status",
            "description", "user_id", "creation_time"},
           "1, 2", [&](const SqliteRow& row) {
             MlflowModelVersion version;
             version.name = row.text(0);
             version.version = row.text(1);
             version.run = row.text(2);
             version.source = row.text(3);
             version.location = row.text(4);
             version.stage = row.text(5);
             version.status = row.text(6);
             version.description = row.text(7);
             version.user = row.text(8);
             version.created_ms = row.optional_integer(9);
             out.model_versions.push_back(std::move(version));
           }));
  const auto versions = index_of(
      out.model_versions, [](const MlflowModelVersion& v) { return v.name + "/" + v.version; });
  HEADRACE_RETURN_IF_ERROR(pairs("model_version_tags", "key", "value", {"name", "version"},
                                 [&](const std::string& id, MlflowPairs::value_type pair) {
                                   const auto found = versions.find(id);
                                   if (found == versions.end()) return;
                                   found->second->tags.push_back(std::move(pair));
                                 }));
  return pairs("registered_model_aliases", "alias", "alias", {"name", "version"},
               [&](const std::string& id, MlflowPairs::value_type pair) {
                 const auto found = versions.find(id);
                 if (found == versions.end()) return;
                 found->second->aliases.push_back(std::move(pair.first));
               });
}

Status MlflowDatabase::each_metric(const std::string& where, int64_t most,
                                   const std::function<void(int64_t, MlflowMetric)>& metric) const {
  const std::string step = has("metrics", "step") ? "step" : "0";
  const std::string is_nan = has("metrics", "is_nan") ? "is_nan" : "0";
  // LIMIT -1: all.
  return file_.each("SELECT rowid, run_uuid, key, value, timestamp, " + step + ", " + is_nan +
                        " FROM metrics" + where + " ORDER BY rowid LIMIT " + std::to_string(most),
                    {}, [&](const SqliteRow& row) {
                      metric(row.integer(0), {row.text(1), row.text(2),
                                              metric_value(row.real(3), row.integer(6) != 0),
                                              row.integer(4), row.integer(5)});
                    });
}

Status MlflowDatabase::read_metrics(MlflowContent& out) {
  std::map<std::string, uint64_t> there;
  uint64_t rows = 0;
  HEADRACE_RETURN_IF_ERROR(file_.each("SELECT run_uuid, count(*) FROM metrics GROUP BY run_uuid",
                                      {}, [&](const SqliteRow& row) {
                                        const auto count = static_cast<uint64_t>(row.integer(1));
                                        there[row.text(0)] = count;
                                        rows += count;
                                      }));
  int64_t greatest = 0;
  uint64_t behind = 0;
  HEADRACE_RETURN_IF_ERROR(
      file_.each("SELECT coalesce(max(rowid), 0), count(*) FROM metrics WHERE rowid > " +
                     std::to_string(last_row_),
                 {}, [&](const SqliteRow& row) {
                   greatest = row.integer(0);
                   behind = static_cast<uint64_t>(row.integer(1));
                 }));
  const bool is_removed = std::ranges::any_of(rows_told_, [&there](const auto& told) {
    const auto found = there.find(told.first);
    return found == there.end() || found->second < told.second;
  });
  if (is_removed || rows_told_total_ + behind != rows) return read_metrics_by_count(out);
  int64_t last_row = last_row_;
  HEADRACE_RETURN_IF_ERROR(each_metric(" WHERE rowid > " + std::to_string(last_row_),
                                       kMetricsAtOnce, [&](int64_t row, MlflowMetric metric) {
                                         last_row = row;
                                         out.metrics.push_back(std::move(metric));
                                       }));
  for (const MlflowMetric& metric : out.metrics) ++rows_told_[metric.run];
  rows_told_total_ += out.metrics.size();
  last_row_ = last_row;
  out.has_more_metrics = last_row_ < greatest;
  return ok_status();
}

// Rows were removed, whole runs at a time as `mlflow gc` does it: what stays is in its old order.
Status MlflowDatabase::read_metrics_by_count(MlflowContent& out) {
  std::map<std::string, uint64_t> seen;
  int64_t last_row = 0;
  HEADRACE_RETURN_IF_ERROR(each_metric("", -1, [&](int64_t row, MlflowMetric metric) {
    last_row = row;
    const auto told = rows_told_.find(metric.run);
    if (++seen[metric.run] <= (told == rows_told_.end() ? 0 : told->second)) return;
    out.metrics.push_back(std::move(metric));
  }));
  rows_told_ = std::move(seen);
  rows_told_total_ = 0;
  for (const auto& [run, rows] : rows_told_) rows_told_total_ += rows;
  last_row_ = last_row;
  return ok_status();
}

Status MlflowDatabase::read_all(MlflowContent& out) {
  HEADRACE_RETURN_IF_ERROR(read_schema());
  HEADRACE_RETURN_IF_ERROR(read_experiments(out));
  HEADRACE_RETURN_IF_ERROR(read_runs(out));
  HEADRACE_RETURN_IF_ERROR(read_links(out));
  HEADRACE_RETURN_IF_ERROR(read_models(out));
  HEADRACE_RETURN_IF_ERROR(read_registry(out));
  HEADRACE_RETURN_IF_ERROR(read_traces(out));
  return read_metrics(out);
}

Result<bool> MlflowDatabase::read(MlflowContent& out) {
  out = {};
  const Result<int64_t> version = file_.version();
  if (!version.ok()) return version.status();
  if (*version == version_seen_) return false;
  HEADRACE_RETURN_IF_ERROR(file_.begin_snapshot());
  const Status read = read_all(out);
  file_.end_snapshot();
  if (!read.ok()) return read;
  const bool is_more = out.has_more_metrics || out.has_more_traces || is_trace_awaited_;
  version_seen_ = is_more ? -1 : *version;
  return true;
}

void MlflowDatabase::save(ByteWriter& out) const {
  out.i64(last_row_);
  out.u64(rows_told_.size());
  for (const auto& [run, rows] : rows_told_) {
    out.text(run);
    out.u64(rows);
  }
}

void MlflowDatabase::load(ByteReader& in) {
  last_row_ = in.i64();
  rows_told_.clear();
  rows_told_total_ = 0;
  for (uint64_t runs = in.u64(); runs > 0 && in.ok(); --runs) {
    const std::string run(in.text());
    rows_told_total_ += rows_told_[run] = in.u64();
  }
}

std::vector<std::string> MlflowDatabase::notes() const {
  std::vector<std::string> out;
  if (std::ranges::find(kMlflowRevisions, revision_) == std::end(kMlflowRevisions)) {
    out.push_back("the schema's revision \"" + revision_ +
                  "\" is not known here (newer than MLflow 3.17?); it was read by its columns, and "
                  "tables that are new were left out");
  }
  if (assessments_ > 0) {
    out.push_back("left out: " + std::to_string(assessments_) + " assessments of traces");
  }
  return out;
}

}  // namespace headrace::exchange
