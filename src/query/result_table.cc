#include "query/result_table.h"

#include <cerrno>
#include <deque>
#include <string_view>
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

// Shortens a batch to its first rows. A struct's children have its length; those of a list keep
// theirs.
void shorten(std::string_view format, ArrowSchema** schemas, ArrowArray& array, int64_t length) {
  array.length = length;
  array.null_count = -1;
  if (format != "+s") return;
  for (int64_t i = 0; i < array.n_children; ++i) {
    shorten(schemas[i]->format, schemas[i]->children, *array.children[i], length + array.offset);
  }
}

// The first rows of a source; what lies behind them is not asked for.
class FirstRows : public BatchSource {
 public:
  // `columns` are the schemas of the batches' columns and outlive this.
  FirstRows(std::unique_ptr<BatchSource> source, ArrowSchema** columns, uint64_t rows,
            std::shared_ptr<bool> has_more)
      : source_(std::move(source)),
        columns_(columns),
        left_(rows),
        has_more_(std::move(has_more)) {}
  Status next(ArrowArray* out) override {
    *out = {};
    if (*has_more_) return {};
    HEADRACE_RETURN_IF_ERROR(source_->next(out));
    if (out->release == nullptr) return {};
    const auto rows = static_cast<uint64_t>(out->length);
    *has_more_ = rows > left_;
    if (*has_more_) shorten("+s", columns_, *out, static_cast<int64_t>(left_));
    left_ -= *has_more_ ? left_ : rows;
    return {};
  }

 private:
  std::unique_ptr<BatchSource> source_;
  ArrowSchema** columns_;
  uint64_t left_;
  std::shared_ptr<bool> has_more_;
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

std::shared_ptr<const bool> ResultTable::keep_first(uint64_t rows) {
  auto has_more = std::make_shared<bool>(false);
  source_ = std::make_unique<FirstRows>(std::move(source_), schema_.children, rows, has_more);
  return has_more;
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
