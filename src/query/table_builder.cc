#include "query/table_builder.h"

#include <array>
#include <cstring>
#include <memory>
#include <utility>

namespace headrace::query {
namespace {

const char* format_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kInteger: return "l";
    case ColumnKind::kReal: return "g";
    case ColumnKind::kBool: return "b";
    case ColumnKind::kTime: return "tsn:";
    case ColumnKind::kBytes: return "z";
    default: return "u";
  }
}

const char* type_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kInteger: return "BIGINT";
    case ColumnKind::kReal: return "DOUBLE";
    case ColumnKind::kBool: return "BOOLEAN";
    case ColumnKind::kTime: return "TIMESTAMP_NS";
    case ColumnKind::kId: return "UUID";
    case ColumnKind::kJson: return "JSON";
    case ColumnKind::kBytes: return "BLOB";
    case ColumnKind::kText: return "VARCHAR";
  }
  return "VARCHAR";
}

// Everything an array or a schema points at. `release` deletes it and its children.
struct OwnedArray {
  std::vector<std::string> memory;
  std::array<const void*, 3> buffers{};
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> pointers;
};

struct OwnedSchema {
  std::string name;
  std::vector<ArrowSchema> children;
  std::vector<ArrowSchema*> pointers;
};

template <typename Arrow, typename Owned>
void release(Arrow* arrow) {
  auto* owned = static_cast<Owned*>(arrow->private_data);
  for (Arrow& child : owned->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete owned;
  arrow->release = nullptr;
}

ArrowSchema schema_of(const std::string& name, const char* format,
                      std::vector<ArrowSchema> children) {
  auto* owned = new OwnedSchema{name, std::move(children), {}};
  for (ArrowSchema& child : owned->children) owned->pointers.push_back(&child);
  return {format,
          owned->name.c_str(),
          nullptr,
          ARROW_FLAG_NULLABLE,
          static_cast<int64_t>(owned->children.size()),
          owned->pointers.data(),
          nullptr,
          release<ArrowSchema, OwnedSchema>,
          owned};
}

ArrowArray array_of(int64_t rows, int64_t nulls, std::vector<std::string> memory,
                    std::vector<ArrowArray> children) {
  auto owned = std::make_unique<OwnedArray>();
  owned->memory = std::move(memory);
  owned->children = std::move(children);
  for (size_t i = 0; i < owned->memory.size(); ++i) {
    owned->buffers[i] = owned->memory[i].empty() && i == 0 ? nullptr : owned->memory[i].data();
  }
  for (ArrowArray& child : owned->children) owned->pointers.push_back(&child);
  ArrowArray array{rows,
                   nulls,
                   0,
                   static_cast<int64_t>(owned->memory.size()),
                   static_cast<int64_t>(owned->children.size()),
                   owned->buffers.data(),
                   owned->pointers.data(),
                   nullptr,
                   release<ArrowArray, OwnedArray>,
                   nullptr};
  array.private_data = owned.release();
  return array;
}

class OneBatch : public BatchSource {
 public:
  explicit OneBatch(ArrowArray batch) : batch_(batch) {}
  ~OneBatch() override {
    if (batch_.release != nullptr) batch_.release(&batch_);
  }
  Status next(ArrowArray* out) override {
    *out = std::exchange(batch_, {});
    return {};
  }

 private:
  ArrowArray batch_;
};

void set_bit(std::string* bits, int64_t at, bool on) {
  if (at % 8 == 0) bits->push_back('\0');
  if (on) bits->back() = static_cast<char>(static_cast<uint8_t>(bits->back()) | 1 << (at % 8));
}

template <typename T>
std::string raw_bytes(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

TableBuilder::TableBuilder(std::vector<BuiltColumn> columns) {
  for (BuiltColumn& about : columns) {
    columns_.push_back({std::move(about), {}, {}, {0}, {}, 0});
  }
}

TableBuilder::Column& TableBuilder::begin_cell(bool valid) {
  Column& column = columns_[at_++];
  if (rows_ % 8 == 0) column.validity.push_back(0);
  if (valid) {
    column.validity.back() = static_cast<uint8_t>(column.validity.back() | 1 << (rows_ % 8));
  } else {
    ++column.nulls;
  }
  return column;
}

TableBuilder& TableBuilder::text(std::string_view v) {
  Column& column = begin_cell(true);
  column.bytes += v;
  column.offsets.push_back(static_cast<int32_t>(column.bytes.size()));
  return *this;
}

TableBuilder& TableBuilder::integer(int64_t v) {
  begin_cell(true).fixed.append(reinterpret_cast<const char*>(&v), sizeof v);
  return *this;
}

TableBuilder& TableBuilder::real(double v) {
  begin_cell(true).fixed.append(reinterpret_cast<const char*>(&v), sizeof v);
  return *this;
}

TableBuilder& TableBuilder::boolean(bool v) {
  set_bit(&begin_cell(true).fixed, rows_, v);
  return *this;
}

TableBuilder& TableBuilder::null() {
  Column& column = begin_cell(false);
  const std::string_view format = format_of(column.about.kind);
  if (format == "u" || format == "z") {
    column.offsets.push_back(column.offsets.back());
  } else if (format == "b") {
    set_bit(&column.fixed, rows_, false);
  } else {
    column.fixed.append(8, '\0');
  }
  return *this;
}

TableBuilder& TableBuilder::end_row() {
  while (at_ < columns_.size()) null();
  at_ = 0;
  ++rows_;
  return *this;
}

ResultTable TableBuilder::finish() {
  std::vector<ResultColumn> columns;
  std::vector<ArrowSchema> schemas;
  std::vector<ArrowArray> arrays;
  for (Column& column : columns_) {
    const ColumnKind kind = column.about.kind;
    const char* format = format_of(kind);
    std::vector<std::string> memory{raw_bytes(column.validity)};
    if (*format == 'u' || *format == 'z') {
      memory.push_back(raw_bytes(column.offsets));
      memory.push_back(std::move(column.bytes));
    } else {
      memory.push_back(std::move(column.fixed));
    }
    schemas.push_back(schema_of(column.about.name, format, {}));
    arrays.push_back(array_of(rows_, column.nulls, std::move(memory), {}));
    columns.push_back({column.about.name, type_of(kind), kind, column.about.unit});
  }
  ArrowArray batch{};
  if (rows_ > 0) {
    batch = array_of(rows_, 0, {""}, std::move(arrays));
  } else {
    for (ArrowArray& array : arrays) array.release(&array);
  }
  return {std::move(columns), schema_of("", "+s", std::move(schemas)),
          std::make_unique<OneBatch>(batch)};
}

}  // namespace headrace::query
