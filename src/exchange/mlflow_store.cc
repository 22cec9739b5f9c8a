#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "exchange/mlflow_records.h"
#include "exchange/mlflow_spans.h"

namespace headrace::exchange {

void MlflowStore::take(MlflowTrace trace, MlflowContent& out) {
  trace.was_told_ended = traces_told_.has_ended(trace.id);
  traces_told_.note(trace.id, trace.look, trace.has_ended());
  out.traces.push_back(std::move(trace));
}

void MlflowStore::read_spans_of_file(const std::filesystem::path& folder, MlflowTrace& trace,
                                     MlflowContent& out) {
  const std::filesystem::path file = folder / "traces.json";
  std::error_code error;
  const bool is_there = !folder.empty() && std::filesystem::is_regular_file(file, error);
  if (is_there) {
    std::ifstream in(file, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    Result<std::vector<MlflowSpan>> spans = read_traces_json(text);
    if (spans.ok()) {
      trace.spans = std::move(*spans);
      return;
    }
    if (!text.empty()) {
      out.unreadable.emplace_back(text, file.string() + ": " + spans.status().message());
    }
  }
  trace.look.resize(trace.look.size() - kSpansInFile.size());
}

}  // namespace headrace::exchange
