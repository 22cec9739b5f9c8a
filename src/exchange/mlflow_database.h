// MLflow's store in SQLite (`mlflow.db`), of MLflow 1.0 and later.
//
// The schema is recognised by the revision in `alembic_version` and by the columns that are there:
// a revision that is not known is read all the same when all columns that are needed are, and said;
// when one is missing nothing is read and the revision is named. Metrics are handed over in the
// order of their rows; rows that `mlflow gc` removed and that VACUUM numbered anew are told apart
// by the count of each run's rows.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "exchange/mlflow_records.h"
#include "exchange/sqlite_file.h"

namespace headrace::exchange {

class MlflowDatabase final : public MlflowStore {
 public:
  // Metrics handed over by one read(), so that MLflow never waits long.
  static constexpr int64_t kMetricsAtOnce = 200'000;

  // Errors: kNotFound, kInvalidArgument when it is no database of MLflow's, kUnsupported for an
  // unknown schema, kUnavailable, kIo.
  static Result<std::unique_ptr<MlflowDatabase>> open(const std::filesystem::path& path);

  Result<bool> read(MlflowContent& out) override;
  void save(ByteWriter& out) const override;
  void load(ByteReader& in) override;
  std::vector<std::string> notes() const override;

 private:
  MlflowDatabase(SqliteFile file, std::filesystem::path base)
      : file_(std::move(file)), base_(std::move(base)) {}
  using Columns = std::vector<const char*>;
  bool has(const char* table, const char* column) const;
  // Each row of a table with the columns named, NULL for those that it lacks; no row without it.
  Status each(const char* table, const Columns& columns, const char* order,
              const std::function<void(const SqliteRow&)>& row) const;
  Status pairs(const char* table, const char* key, const char* value, const Columns& owner,
               const std::function<void(const std::string&, MlflowPairs::value_type)>& add) const;
  Status read_schema();
  Status read_all(MlflowContent& out);
  Status read_experiments(MlflowContent& out) const;
  Status read_runs(MlflowContent& out) const;
  Status read_links(MlflowContent& out) const;
  Status read_models(MlflowContent& out) const;
  Status read_registry(MlflowContent& out) const;
  // Rows of metrics, with their number, in its order; `most` of them.
  Status each_metric(const std::string& where, int64_t most,
                     const std::function<void(int64_t, MlflowMetric)>& metric) const;
  Status read_metrics(MlflowContent& out);
  Status read_metrics_by_count(MlflowContent& out);
  Status read_traces(MlflowContent& out);
  Status read_trace(MlflowTrace& trace, MlflowContent& out);
  Status read_spans(MlflowTrace& trace, MlflowContent& out) const;

  SqliteFile file_;
  std::filesystem::path base_;  // where relative artifact locations begin
  std::map<std::string, std::vector<std::string>, std::less<>> columns_;  // of tables
  std::string revision_;
  int64_t version_seen_ = -1;
  int64_t last_row_ = 0;
  std::map<std::string, uint64_t> rows_told_;  // of runs
  uint64_t rows_told_total_ = 0;
  int64_t assessments_ = 0;
  bool is_trace_awaited_ = false;  // the next read() looks again, changed or not
};

}  // namespace headrace::exchange
