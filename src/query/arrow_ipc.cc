#include "query/arrow_ipc.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "query/flat_table.h"

namespace headrace::query {
namespace {

constexpr int16_t kMetadataV5 = 4;
constexpr uint8_t kSchemaMessage = 1;
constexpr uint8_t kRecordBatchMessage = 3;

// How the buffers after the validity bitmap lie.
enum class Layout : uint8_t { kNone, kBits, kFixed, kText32, kText64, kList32, kList64, kNested };

struct Type {
  uint8_t id = 0;  // in the union `Type` of Arrow's Schema.fbs
  FlatTable table;
  Layout layout = Layout::kFixed;
  int64_t bytes = 0;  // of one value of kFixed
};

int parse_int(std::string_view text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Type integer(int bits, bool is_signed) {
  Type t{2, {}, Layout::kFixed, bits / 8};
  t.table.scalar<int32_t>(0, bits).scalar<uint8_t>(1, is_signed);
  return t;
}

Type with_unit(uint8_t id, int16_t unit, int64_t bytes) {
  Type t{id, {}, Layout::kFixed, bytes};
  t.table.scalar<int16_t>(0, unit);
  return t;
}

std::optional<int16_t> unit_of(char c) {
  const size_t at = std::string_view("smun").find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return static_cast<int16_t>(at);
}

std::optional<Type> temporal(std::string_view format) {
  if (format == "tdD") return with_unit(8, 0, 4);
  if (format == "tdm") return with_unit(8, 1, 8);
  if (format == "tiM") return with_unit(11, 0, 4);
  if (format == "tiD") return with_unit(11, 1, 8);
  if (format == "tin") return with_unit(11, 2, 16);
  if (format.size() < 3) return std::nullopt;
  const auto unit = unit_of(format[2]);
  if (!unit) return std::nullopt;
  if (format[1] == 't') {
    const bool wide = *unit >= 2;
    Type t = with_unit(9, *unit, wide ? 8 : 4);
    t.table.scalar<int32_t>(1, wide ? 64 : 32);
    return t;
  }
  if (format[1] == 's') {
    Type t = with_unit(10, *unit, 8);
    if (format.size() > 4) t.table.text(1, format.substr(4));
    return t;
  }
  if (format[1] == 'D') return with_unit(18, *unit, 8);
  return std::nullopt;
}

std::optional<Type> decimal(std::string_view format) {
  // d:precision,scale[,bits]
  const size_t first = format.find(',');
  if (first == std::string_view::npos) return std::nullopt;
  const size_t second = format.find(',', first + 1);
  const int bits = second == std::string_view::npos ? 128 : parse_int(format.substr(second + 1));
  Type t{7, {}, Layout::kFixed, bits / 8};
  t.table.scalar<int32_t>(0, parse_int(format.substr(2)))
      .scalar<int32_t>(1, parse_int(format.substr(first + 1)))
      .scalar<int32_t>(2, bits);
  return t;
}

std::optional<Type> floating(int16_t precision, int64_t bytes) {
  return with_unit(3, precision, bytes);
}

std::optional<Type> nested(std::string_view format) {
  if (format == "+l") return Type{12, {}, Layout::kList32};
  if (format == "+L") return Type{21, {}, Layout::kList64};
  if (format == "+s") return Type{13, {}, Layout::kNested};
  if (format == "+m") return Type{17, {}, Layout::kList32};
  if (format.substr(0, 3) == "+w:") {
    Type t{16, {}, Layout::kNested};
    t.table.scalar<int32_t>(0, parse_int(format.substr(3)));
    return t;
  }
  return std::nullopt;
}

std::optional<Type> type_of(std::string_view format) {
  if (format.empty()) return std::nullopt;
  switch (format[0]) {
    case 'n': return Type{1, {}, Layout::kNone};
    case 'b': return Type{6, {}, Layout::kBits};
    case 'c': return integer(8, true);
    case 'C': return integer(8, false);
    case 's': return integer(16, true);
    case 'S': return integer(16, false);
    case 'i': return integer(32, true);
    case 'I': return integer(32, false);
    case 'l': return integer(64, true);
    case 'L': return integer(64, false);
    case 'e': return floating(0, 2);
    case 'f': return floating(1, 4);
    case 'g': return floating(2, 8);
    case 'u': return Type{5, {}, Layout::kText32};
    case 'U': return Type{20, {}, Layout::kText64};
    case 'z': return Type{4, {}, Layout::kText32};
    case 'Z': return Type{19, {}, Layout::kText64};
    case 'd': return decimal(format);
    case 't': return temporal(format);
    case 'w': {
      Type t{15, {}, Layout::kFixed, parse_int(format.substr(2))};
      t.table.scalar<int32_t>(0, static_cast<int32_t>(t.bytes));
      return t;
    }
    case '+': return nested(format);
    default: return std::nullopt;
  }
}

Result<FlatTable> field_of(const ArrowSchema& schema) {
  const std::string name = schema.name == nullptr ? "" : schema.name;
  const auto type = type_of(schema.format);
  if (!type || schema.dictionary != nullptr) {
    return unsupported("column \"" + name + "\" has a type that the Arrow output does not carry (" +
                       schema.format + "); cast it, for example to VARCHAR");
  }
  std::vector<FlatTable> children;
  for (int64_t i = 0; i < schema.n_children; ++i) {
    Result<FlatTable> child = field_of(*schema.children[i]);
    if (!child.ok()) return child.status();
    children.push_back(std::move(*child));
  }
  FlatTable field;
  field.text(0, name)
      .scalar<uint8_t>(1, (schema.flags & ARROW_FLAG_NULLABLE) != 0)
      .scalar<uint8_t>(2, type->id)
      .table(3, type->table)
      .tables(5, std::move(children));
  return field;
}

class Body {
 public:
  Status add(const ArrowSchema& schema, const ArrowArray& array) {
    if (array.offset != 0) return unsupported("an Arrow array with an offset");
    const auto type = type_of(schema.format);
    if (!type) return unsupported("an Arrow type");
    const int64_t nulls = type->layout == Layout::kNone ? array.length : null_count(array);
    node(array.length, nulls);
    if (type->layout != Layout::kNone) {
      // Without a null the bitmap may be left out.
      buffer(nulls == 0 ? nullptr : array.buffers[0], nulls == 0 ? 0 : (array.length + 7) / 8);
    }
    add_values(*type, array);
    for (int64_t i = 0; i < array.n_children; ++i) {
      HEADRACE_RETURN_IF_ERROR(add(*schema.children[i], *array.children[i]));
    }
    return {};
  }
  FlatTable header(int64_t rows) const {
    FlatTable batch;
    batch.scalar<int64_t>(0, rows)
        .structs(1, nodes_, static_cast<uint32_t>(nodes_.size() / 16))
        .structs(2, buffers_, static_cast<uint32_t>(buffers_.size() / 16));
    return batch;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  static int64_t null_count(const ArrowArray& array) {
    if (array.null_count >= 0) return array.null_count;
    const auto* bits = static_cast<const uint8_t*>(array.buffers[0]);
    if (bits == nullptr) return 0;
    int64_t set = 0;
    for (int64_t i = 0; i < array.length; ++i) set += bits[i / 8] >> (i % 8) & 1;
    return array.length - set;
  }
  static void put(std::string* out, int64_t value) {
    out->append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void node(int64_t length, int64_t nulls) {
    put(&nodes_, length);
    put(&nodes_, nulls);
  }
  void buffer(const void* data, int64_t size) {
    put(&buffers_, static_cast<int64_t>(bytes_.size()));
    put(&buffers_, data == nullptr ? 0 : size);
    if (data == nullptr) return;
    bytes_.append(static_cast<const char*>(data), static_cast<size_t>(size));
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
  }
  // A buffer of length + 1 offsets, and where the last one points.
  template <typename Offset>
  int64_t offsets(const ArrowArray& array) {
    const auto* first = static_cast<const Offset*>(array.buffers[1]);
    if (array.length == 0 || first == nullptr) {
      buffer(nullptr, 0);
      return 0;
    }
    buffer(first, (array.length + 1) * static_cast<int64_t>(sizeof(Offset)));
    return static_cast<int64_t>(first[array.length]);
  }
  void add_values(const Type& type, const ArrowArray& array) {
    switch (type.layout) {
      case Layout::kNone:
      case Layout::kNested: break;
      case Layout::kBits: buffer(array.buffers[1], (array.length + 7) / 8); break;
      case Layout::kFixed: buffer(array.buffers[1], array.length * type.bytes); break;
      case Layout::kText32: text(array, offsets<int32_t>(array)); break;
      case Layout::kText64: text(array, offsets<int64_t>(array)); break;
      case Layout::kList32: offsets<int32_t>(array); break;
      case Layout::kList64: offsets<int64_t>(array); break;
    }
  }
  void text(const ArrowArray& array, int64_t size) {
    buffer(size == 0 ? nullptr : array.buffers[2], size);
  }

  std::string nodes_;
  std::string buffers_;
  std::string bytes_;
};

std::string message(uint8_t kind, FlatTable header, const std::string& body) {
  FlatTable table;
  table.scalar<int16_t>(0, kMetadataV5)
      .scalar<uint8_t>(1, kind)
      .table(2, std::move(header))
      .scalar<int64_t>(3, static_cast<int64_t>(body.size()));
  const std::string metadata = table.finish();
  std::string out(8, '\xFF');
  const auto size = static_cast<int32_t>(metadata.size());
  std::memcpy(out.data() + 4, &size, sizeof size);
  return out + metadata + body;
}

// What must be released when the function is left.
template <typename T>
struct Owned {
  T value{};
  ~Owned() {
    if (value.release != nullptr) value.release(&value);
  }
};

Status stream_error(ArrowArrayStream* stream) {
  const char* text = stream->get_last_error(stream);
  return corrupt(text == nullptr ? "the result could not be read" : text);
}

}  // namespace

Status write_arrow_ipc(ArrowArrayStream* stream,
                       const std::function<Status(std::string_view)>& write) {
  static_assert(std::endian::native == std::endian::little, "the body is written as it lies");
  Owned<ArrowSchema> schema;
  if (stream->get_schema(stream, &schema.value) != 0) return stream_error(stream);
  std::vector<FlatTable> fields;
  for (int64_t i = 0; i < schema.value.n_children; ++i) {
    Result<FlatTable> field = field_of(*schema.value.children[i]);
    if (!field.ok()) return field.status();
    fields.push_back(std::move(*field));
  }
  FlatTable header;
  header.scalar<int16_t>(0, 0).tables(1, std::move(fields));
  HEADRACE_RETURN_IF_ERROR(write(message(kSchemaMessage, std::move(header), "")));
  while (true) {
    Owned<ArrowArray> batch;
    if (stream->get_next(stream, &batch.value) != 0) return stream_error(stream);
    if (batch.value.release == nullptr) break;
    Body body;
    for (int64_t i = 0; i < batch.value.n_children; ++i) {
      HEADRACE_RETURN_IF_ERROR(body.add(*schema.value.children[i], *batch.value.children[i]));
    }
    HEADRACE_RETURN_IF_ERROR(
        write(message(kRecordBatchMessage, body.header(batch.value.length), body.bytes())));
  }
  return write(std::string_view("\xFF\xFF\xFF\xFF\0\0\0\0", 8));
}

}  // namespace headrace::query
