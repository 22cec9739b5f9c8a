// MLflow's file store, a folder `mlruns` of MLflow 1.0 and later:
//
//   EXPERIMENT/meta.yaml, tags/
//   EXPERIMENT/RUN/meta.yaml, params/KEY, tags/KEY, metrics/KEY ("<ms> <value> <step>" a line),
//                  inputs/ID/meta.yaml, outputs/ID/meta.yaml, artifacts/
//   EXPERIMENT/datasets/ID/meta.yaml, EXPERIMENT/models/ID/{meta.yaml, params/, tags/, metrics/}
//   EXPERIMENT/traces/ID/{trace_info.yaml, tags/, request_metadata/, artifacts/traces.json}
//   models/NAME/meta.yaml, models/NAME/version-N/meta.yaml, aliases/, tags/
//   .trash/ with deleted experiments
//
// Keys may hold slashes and are folders then. A file that makes no sense is told with its bytes and
// costs no other. A line of metrics that is not ended yet waits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "exchange/mlflow_meta.h"
#include "exchange/mlflow_records.h"

namespace headrace::exchange {

class MlflowFiles final : public MlflowStore {
 public:
  explicit MlflowFiles(std::filesystem::path root) : root_(std::move(root)) {}
  // Whether there is an experiment in it.
  static bool is_store(const std::filesystem::path& folder);

  Result<bool> read(MlflowContent& out) override;
  void save(ByteWriter& out) const override;
  void load(ByteReader& in) override;

 private:
  struct Last {
    double value = 0;
    int64_t at_ms = 0;
    int64_t step = 0;
  };
  // Nothing when there is none, or it was told as unreadable.
  std::optional<MlflowMeta> meta(const std::filesystem::path& folder, MlflowContent& out,
                                 const char* file = "meta.yaml") const;
  void read_trace(const std::filesystem::path& folder, const std::string& experiment,
                  MlflowContent& out);
  void read_experiment(const std::filesystem::path& folder, bool is_deleted, MlflowContent& out);
  void read_run(const std::filesystem::path& folder, const std::string& experiment,
                const MlflowMeta& facts, MlflowContent& out);
  void read_links(const std::filesystem::path& folder, MlflowRun& run, MlflowContent& out) const;
  void read_metrics(const std::filesystem::path& file, const std::string& key, MlflowRun& run,
                    MlflowContent& out);
  void read_model(const std::filesystem::path& folder, const MlflowMeta& facts, MlflowContent& out);
  void read_registered(const std::filesystem::path& folder, MlflowContent& out) const;
  MlflowPairs pairs(const std::filesystem::path& folder) const;
  std::string fingerprint() const;

  std::filesystem::path root_;
  std::string seen_;                       // fingerprint of the last read
  std::map<std::string, uint64_t> taken_;  // bytes of metrics files, by path in the store
  std::map<std::string, Last> last_;       // of those files
};

}  // namespace headrace::exchange
