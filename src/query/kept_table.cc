#include "query/kept_table.h"

#include <utility>

#include "query/arrow_schema.h"

namespace headrace::query {
namespace {

// An array that borrows the buffers of another one and keeps it alive.
struct Borrowed {
  std::shared_ptr<ArrowArray> owner;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
  ArrowArray dictionary{};
};

void release_borrowed(ArrowArray* array) {
  auto* borrowed = static_cast<Borrowed*>(array->private_data);
  // A consumer may have moved children out; what it took is released by itself.
  for (ArrowArray& child : borrowed->children) {
    if (child.release != nullptr) child.release(&child);
  }
  if (borrowed->dictionary.release != nullptr) borrowed->dictionary.release(&borrowed->dictionary);
  delete borrowed;
  array->release = nullptr;
}

void borrow(const std::shared_ptr<ArrowArray>& owner, const ArrowArray& from, ArrowArray* out) {
  auto* borrowed = new Borrowed{owner, {}, {}, {}};
  borrowed->children.resize(static_cast<size_t>(from.n_children));
  for (size_t i = 0; i < borrowed->children.size(); ++i) {
    borrow(owner, *from.children[i], &borrowed->children[i]);
    borrowed->pointers.push_back(&borrowed->children[i]);
  }
  if (from.dictionary != nullptr) borrow(owner, *from.dictionary, &borrowed->dictionary);
  *out = from;
  out->children = borrowed->pointers.data();
  out->dictionary = from.dictionary != nullptr ? &borrowed->dictionary : nullptr;
  out->release = release_borrowed;
  out->private_data = borrowed;
}

class KeptBatches : public BatchSource {
 public:
  explicit KeptBatches(std::vector<std::shared_ptr<ArrowArray>> batches)
      : batches_(std::move(batches)) {}
  Status next(ArrowArray* out) override {
    *out = {};
    if (at_ < batches_.size()) {
      const std::shared_ptr<ArrowArray>& batch = batches_[at_++];
      borrow(batch, *batch, out);
    }
    return {};
  }

 private:
  std::vector<std::shared_ptr<ArrowArray>> batches_;
  size_t at_ = 0;
};

}  // namespace

struct KeptTable::Schema {
  ArrowSchema schema{};
  Schema() = default;
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  ~Schema() {
    if (schema.release != nullptr) schema.release(&schema);
  }
};

Result<KeptTable> KeptTable::keep(ResultTable table) {
  KeptTable kept;
  kept.columns_ = table.columns();
  kept.schema_ = std::make_shared<Schema>();
  copy_schema(table.schema(), &kept.schema_->schema);
  ArrowArrayStream stream{};
  ResultTable::export_stream(std::move(table), &stream);
  Status status;
  for (;;) {
    ArrowArray batch{};
    if (stream.get_next(&stream, &batch) != 0) {
      status = invalid_argument(stream.get_last_error(&stream));
      break;
    }
    if (batch.release == nullptr) break;
    kept.rows_ += static_cast<uint64_t>(batch.length);
    kept.batches_.emplace_back(new ArrowArray(batch), [](ArrowArray* owned) {
      owned->release(owned);
      delete owned;
    });
  }
  stream.release(&stream);
  if (!status.ok()) return status;
  return kept;
}

ResultTable KeptTable::reader() const {
  ArrowSchema schema{};
  copy_schema(schema_->schema, &schema);
  return {columns_, schema, std::make_unique<KeptBatches>(batches_)};
}

}  // namespace headrace::query
