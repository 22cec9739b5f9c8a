#include "query/result_table.h"

#include <cerrno>
#include <deque>
#include <utility>

#include "query/arrow_schema.h"

namespace headrace::query {
namespace {

class Collected : public BatchSource {
 public:
  ~Collected() override {
    for (ArrowArray& batch : batches_) {
      if (batch.release != nullptr) batch.release(&batch);
    }
  }
  Status next(ArrowArray* out) override {
    *out = {};
    if (batches_.empty()) return {};
    *out = batches_.front();
    batches_.pop_front();
    return {};
  }
  void add(ArrowArray batch) { batches_.push_back(batch); }

 private:
  std::deque<ArrowArray> batches_;
};

struct Stream {
  ResultTable table;
  std::string error;
};

int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) {
  copy_schema(static_cast<Stream*>(stream->private_data)->table.schema(), out);
  return 0;
}

const char* stream_error(ArrowArrayStream* stream) {
  const std::string& error = static_cast<Stream*>(stream->private_data)->error;
  return error.empty() ? nullptr : error.c_str();
}

void stream_release(ArrowArrayStream* stream) {
  delete static_cast<Stream*>(stream->private_data);
  stream->release = nullptr;
}

}  // namespace

ResultTable::ResultTable(std::vector<ResultColumn> columns, ArrowSchema schema,
                         std::unique_ptr<BatchSource> source)
    : columns_(std::move(columns)), schema_(schema), source_(std::move(source)) {}

ResultTable::ResultTable(ResultTable&& other) noexcept
    : columns_(std::move(other.columns_)),
      schema_(std::exchange(other.schema_, {})),
      batch_(std::exchange(other.batch_, {})),
      source_(std::move(other.source_)) {}

ResultTable& ResultTable::operator=(ResultTable&& other) noexcept {
  std::swap(columns_, other.columns_);
  std::swap(schema_, other.schema_);
  std::swap(batch_, other.batch_);
  std::swap(source_, other.source_);
  return *this;
}

ResultTable::~ResultTable() {
  drop_batch();
  if (schema_.release != nullptr) schema_.release(&schema_);
}

void ResultTable::drop_batch() {
  if (batch_.release != nullptr) batch_.release(&batch_);
  batch_ = {};
}

std::optional<size_t> ResultTable::column(const std::string& name) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  return std::nullopt;
}

void ResultTable::set_unit(const std::string& name, const std::string& unit) {
  if (const auto at = column(name)) columns_[*at].unit = unit;
}

Result<bool> ResultTable::next() {
  drop_batch();
  if (source_ == nullptr) return false;
  HEADRACE_RETURN_IF_ERROR(source_->next(&batch_));
  return batch_.release != nullptr;
}

Cell ResultTable::cell(size_t column, size_t row) const {
  return arrow_cell(*schema_.children[column], *batch_.children[column],
                    static_cast<int64_t>(row) + batch_.offset, columns_[column].kind);
}

Json ResultTable::json(size_t column, size_t row) const {
  const ArrowSchema& schema = *schema_.children[column];
  const ArrowArray& array = *batch_.children[column];
  const int64_t at = static_cast<int64_t>(row) + batch_.offset;
  if (columns_[column].kind == ColumnKind::kJson && schema.format[0] == 'u') {
    Result<Json> parsed = Json::parse(arrow_cell(schema, array, at, ColumnKind::kText).text);
    return parsed.ok() ? std::move(*parsed) : Json();
  }
  return arrow_json(schema, array, at);
}

Status ResultTable::collect() {
  auto collected = std::make_unique<Collected>();
  if (batch_.release != nullptr) collected->add(std::exchange(batch_, {}));
  for (;;) {
    ArrowArray batch{};
    if (source_ == nullptr) break;
    HEADRACE_RETURN_IF_ERROR(source_->next(&batch));
    if (batch.release == nullptr) break;
    collected->add(batch);
  }
  source_ = std::move(collected);
  return {};
}

void ResultTable::export_stream(ResultTable table, ArrowArrayStream* out) {
  auto* stream = new Stream{std::move(table), ""};
  out->get_schema = stream_schema;
  out->get_next = [](ArrowArrayStream* self, ArrowArray* array) {
    auto* state = static_cast<Stream*>(self->private_data);
    *array = {};
    if (state->table.source_ == nullptr) return 0;
    const Status status = state->table.source_->next(array);
    if (status.ok()) return 0;
    state->error = status.message();
    return EIO;
  };
  out->get_last_error = stream_error;
  out->release = stream_release;
  out->private_data = stream;
}

}  // namespace headrace::query
