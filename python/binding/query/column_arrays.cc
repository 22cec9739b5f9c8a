#include "binding/query/column_arrays.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "binding/query/python_values.h"

namespace nb = nanobind;

namespace headrace::binding {
namespace {

struct FixedType {
  const char* name;
  size_t bytes;  // 0: bits
};

std::optional<FixedType> fixed_type(std::string_view format) {
  if (format.size() == 1) {
    switch (format[0]) {
      case 'b': return FixedType{"bool", 0};
      case 'c': return FixedType{"int8", 1};
      case 'C': return FixedType{"uint8", 1};
      case 's': return FixedType{"int16", 2};
      case 'S': return FixedType{"uint16", 2};
      case 'i': return FixedType{"int32", 4};
      case 'I': return FixedType{"uint32", 4};
      case 'l': return FixedType{"int64", 8};
      case 'L': return FixedType{"uint64", 8};
      case 'f': return FixedType{"float32", 4};
      case 'g': return FixedType{"float64", 8};
      default: return std::nullopt;
    }
  }
  if (format.starts_with("tss:")) return FixedType{"datetime64[s]", 8};
  if (format.starts_with("tsm:")) return FixedType{"datetime64[ms]", 8};
  if (format.starts_with("tsu:")) return FixedType{"datetime64[us]", 8};
  if (format.starts_with("tsn:")) return FixedType{"datetime64[ns]", 8};
  return std::nullopt;
}

bool bit(const void* bits, int64_t at) {
  return (static_cast<const uint8_t*>(bits)[at / 8] >> (at % 8) & 1) != 0;
}

bool is_null(const ArrowArray& array, int64_t at) {
  return array.n_buffers > 0 && array.buffers[0] != nullptr && !bit(array.buffers[0], at);
}

nb::object bytearray_of(size_t bytes) {
  return nb::steal(PyByteArray_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(bytes)));
}
char* inside(const nb::object& bytearray) { return PyByteArray_AsString(bytearray.ptr()); }

// Calls `use` with each batch of a column and the number of its first row.
template <typename Use>
void each_batch(const query::KeptTable& table, size_t column, const Use& use) {
  query::ResultTable reader = table.reader();
  size_t first = 0;
  for (;;) {
    const Result<bool> more = reader.next();
    if (!more.ok()) raise(more.status());
    if (!*more) return;
    use(reader.array(column), first);
    first += reader.rows();
  }
}

}  // namespace

nb::object fixed_column(const query::KeptTable& table, size_t column) {
  const query::ResultTable about = table.reader();
  const ArrowSchema& schema = *about.schema().children[column];
  const std::optional<FixedType> type = fixed_type(schema.format);
  if (!type || schema.dictionary != nullptr) return nb::none();
  const size_t width = type->bytes == 0 ? 1 : type->bytes;
  const nb::object values = bytearray_of(table.rows() * width);
  const nb::object nulls = bytearray_of(table.rows());
  char* out = inside(values);
  char* null = inside(nulls);
  bool any_null = false;
  each_batch(table, column, [&](const ArrowArray& array, size_t first) {
    const auto* from = static_cast<const char*>(array.buffers[1]);
    if (type->bytes > 0) {
      std::memcpy(out + first * width, from + static_cast<size_t>(array.offset) * width,
                  static_cast<size_t>(array.length) * width);
    }
    for (int64_t i = 0; i < array.length; ++i) {
      const size_t row = first + static_cast<size_t>(i);
      null[row] = is_null(array, array.offset + i) ? 1 : 0;
      if (type->bytes == 0) out[row] = bit(from, array.offset + i) ? 1 : 0;
      if (null[row] == 0) continue;
      any_null = true;
      std::memset(out + row * width, 0, width);
    }
  });
  return nb::make_tuple(type->name, values, any_null ? nulls : nb::none());
}

nb::object text_column(const query::KeptTable& table, size_t column) {
  const query::ResultTable about = table.reader();
  const ArrowSchema& schema = *about.schema().children[column];
  const ArrowSchema& texts = schema.dictionary != nullptr ? *schema.dictionary : schema;
  if (std::string_view(texts.format) != "u" && std::string_view(texts.format) != "U") {
    return nb::none();
  }
  const nb::object codes = bytearray_of(table.rows() * sizeof(int32_t));
  char* out = inside(codes);
  nb::list known;
  std::unordered_map<std::string, int32_t> numbers;
  each_batch(table, column, [&](const ArrowArray& array, size_t first) {
    for (int64_t i = 0; i < array.length; ++i) {
      const query::Cell cell = query::arrow_cell(schema, array, i, query::ColumnKind::kText);
      int32_t code = -1;
      if (!cell.is_null) {
        const auto [found, is_new] =
            numbers.try_emplace(cell.text, static_cast<int32_t>(numbers.size()));
        code = found->second;
        if (is_new) {
          known.append(nb::steal(PyUnicode_DecodeUTF8(
              cell.text.data(), static_cast<Py_ssize_t>(cell.text.size()), "surrogateescape")));
        }
      }
      std::memcpy(out + (first + static_cast<size_t>(i)) * sizeof code, &code, sizeof code);
    }
  });
  return nb::make_tuple(codes, known);
}

}  // namespace headrace::binding
