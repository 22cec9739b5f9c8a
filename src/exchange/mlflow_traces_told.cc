#include "exchange/mlflow_traces_told.h"

#include "base/sha256.h"

namespace headrace::exchange {
namespace {

uint64_t hash_of(std::string_view look) { return load_le<uint64_t>(sha256(look).data()); }

}  // namespace

bool MlflowTracesTold::is_news(const std::string& id, std::string_view look) const {
  const auto found = told_.find(id);
  return found == told_.end() || found->second.look != hash_of(look);
}

bool MlflowTracesTold::has_ended(const std::string& id) const {
  const auto found = told_.find(id);
  return found != told_.end() && found->second.has_ended;
}

void MlflowTracesTold::note(const std::string& id, std::string_view look, bool has_ended) {
  told_[id] = {hash_of(look), has_ended};
}

void MlflowTracesTold::save(ByteWriter& out) const {
  out.u64(told_.size());
  for (const auto& [id, told] : told_) {
    out.text(id);
    out.u64(told.look);
    out.u8(told.has_ended ? 1 : 0);
  }
}

void MlflowTracesTold::load(ByteReader& in) {
  for (uint64_t traces = in.u64(); traces > 0 && in.ok(); --traces) {
    Told& told = told_[std::string(in.text())];
    told.look = in.u64();
    told.has_ended = in.u8() != 0;
  }
}

}  // namespace headrace::exchange
