#include "exchange/mlflow_import.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "exchange/mlflow_database.h"
#include "exchange/mlflow_files.h"
#include "exchange/mlflow_teller.h"

namespace headrace::exchange {
namespace {

namespace fs = std::filesystem;

// 1 has no traces.
constexpr uint8_t kPositionVersion = 2;

class MlflowSource final : public ForeignSource {
 public:
  MlflowSource(std::unique_ptr<MlflowStore> store, std::string campaign, const fs::path& path)
      : store_(std::move(store)),
        path_(path),
        teller_(std::move(campaign), fs::is_directory(path) ? path : path.parent_path()) {}

  Status read(collect::Intake& intake, const std::function<bool()>& stop) override;
  std::vector<std::string> notes() const override {
    std::vector<std::string> out = store_->notes();
    if (!busy_.empty()) out.push_back(busy_);
    return out;
  }

 private:
  Status load(const std::string& position);
  std::string save() const;

  std::unique_ptr<MlflowStore> store_;
  fs::path path_;
  MlflowTeller teller_;
  bool is_loaded_ = false;
  bool was_read_ = false;
  std::string busy_;
};

Status MlflowSource::load(const std::string& position) {
  if (position.empty()) return ok_status();
  ByteReader in(position);
  const uint8_t version = in.u8();
  if (version == 0 || version > kPositionVersion) {
    return unsupported("another version of headrace has read " + path_.string() +
                       " and noted how far in a way that this one does not know; use that version");
  }
  store_->load(in);
  teller_.load(in);
  if (version > 1) store_->traces_told().load(in);
  return in.ok() ? ok_status() : corrupt("what was noted of " + path_.string() + " ends early");
}

std::string MlflowSource::save() const {
  std::string out;
  ByteWriter writer(out);
  writer.u8(kPositionVersion);
  store_->save(writer);
  teller_.save(writer);
  store_->traces_told().save(writer);
  return out;
}

Status MlflowSource::read(collect::Intake& intake, const std::function<bool()>& stop) {
  if (!is_loaded_) HEADRACE_RETURN_IF_ERROR(load(intake.position()));
  is_loaded_ = true;
  busy_.clear();
  bool is_more = true;
  while (is_more && !stop()) {
    MlflowContent content;
    const Result<bool> has_changed = store_->read(content);
    if (!has_changed.ok()) {
      // A follower tries again by itself.
      if (!was_read_ || has_changed.status().code() != StatusCode::kUnavailable) {
        return has_changed.status();
      }
      busy_ = has_changed.status().message();
      return ok_status();
    }
    was_read_ = true;
    if (!*has_changed) return ok_status();
    HEADRACE_RETURN_IF_ERROR(teller_.tell(content, intake));
    HEADRACE_RETURN_IF_ERROR(intake.commit(save()));
    is_more = content.has_more_metrics || content.has_more_traces;
  }
  return ok_status();
}

Result<OpenedSource> open_mlflow(const std::string& source, const std::string& name) {
  std::string text = source;
  // As MLflow's tracking URI names them: sqlite:///relative, sqlite:////absolute, file:///absolute.
  for (const std::string prefix : {"sqlite:///", "file://"}) {
    if (text.starts_with(prefix)) text = text.substr(prefix.size());
  }
  std::error_code error;
  fs::path path = fs::canonical(text, error);
  if (error) {
    return not_found("there is no " + source +
                     "; name MLflow's database (mlflow.db) or its folder (mlruns)");
  }
  std::unique_ptr<MlflowStore> store;
  if (fs::is_directory(path, error)) {
    // A project's folder holds the store under one of these names.
    if (!MlflowFiles::is_store(path)) {
      if (fs::is_regular_file(path / "mlflow.db", error)) {
        path /= "mlflow.db";
      } else if (MlflowFiles::is_store(path / "mlruns")) {
        path /= "mlruns";
      } else {
        return invalid_argument(path.string() +
                                " is no store of MLflow's: it holds no experiments "
                                "(folders with meta.yaml), no mlruns and no mlflow.db");
      }
    }
  }
  if (fs::is_directory(path, error)) {
    store = std::make_unique<MlflowFiles>(path);
  } else {
    Result<std::unique_ptr<MlflowDatabase>> database = MlflowDatabase::open(path);
    if (!database.ok()) return database.status();
    store = std::move(*database);
  }
  OpenedSource out;
  out.source.kind = "mlflow";
  out.source.identity = path.string();
  out.reader = std::make_unique<MlflowSource>(std::move(store), name, path);
  return out;
}

}  // namespace

const Importer kMlflow = {"mlflow", "MLflow's mlflow.db or mlruns", open_mlflow};

}  // namespace headrace::exchange
