#include "query/flat_table.h"

#include <algorithm>

namespace headrace::query {
namespace {

void align(std::string* out, size_t to) { out->resize((out->size() + to - 1) / to * to); }

template <typename T>
void put(std::string* out, T value) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <typename T>
void patch(std::string* out, size_t at, T value) {
  std::memcpy(out->data() + at, &value, sizeof(T));
}

// References are unsigned distances forward, so what is referred to is written later.
void refer(std::string* out, size_t from, size_t to) {
  patch(out, from, static_cast<uint32_t>(to - from));
}

}  // namespace

FlatTable& FlatTable::text(int slot, std::string_view value) {
  fields_.push_back({slot, Kind::kText, std::string(value), {}});
  return *this;
}

FlatTable& FlatTable::table(int slot, FlatTable value) {
  Field field{slot, Kind::kTable, {}, {}};
  field.tables.push_back(std::move(value));
  fields_.push_back(std::move(field));
  return *this;
}

FlatTable& FlatTable::tables(int slot, std::vector<FlatTable> values) {
  fields_.push_back({slot, Kind::kTables, {}, std::move(values)});
  return *this;
}

FlatTable& FlatTable::structs(int slot, std::string raw, uint32_t count) {
  fields_.push_back({slot, Kind::kStructs, std::move(raw), {}, count});
  return *this;
}

std::string FlatTable::finish() const {
  std::string out(sizeof(uint32_t), '\0');
  const size_t root = write(&out);
  refer(&out, 0, root);
  align(&out, 8);
  return out;
}

size_t FlatTable::write(std::string* out) const {
  int slots = 0;
  for (const Field& field : fields_) slots = std::max(slots, field.slot + 1);
  const size_t vtable_bytes = 4 + 2 * static_cast<size_t>(slots);
  // The vtable stands right before its table, which begins on an 8-byte line.
  out->resize((out->size() + vtable_bytes + 7) / 8 * 8 - vtable_bytes);
  const size_t vtable = out->size();
  out->append(vtable_bytes, '\0');
  const size_t table = out->size();
  put(out, static_cast<int32_t>(vtable_bytes));
  std::vector<std::pair<const Field*, size_t>> references;
  for (const Field& field : fields_) {
    const size_t size = field.kind == Kind::kScalar ? field.raw.size() : sizeof(uint32_t);
    align(out, size);
    patch(out, vtable + 4 + 2 * static_cast<size_t>(field.slot),
          static_cast<uint16_t>(out->size() - table));
    if (field.kind == Kind::kScalar) {
      *out += field.raw;
    } else {
      references.emplace_back(&field, out->size());
      put(out, uint32_t{0});
    }
  }
  patch(out, vtable, static_cast<uint16_t>(vtable_bytes));
  patch(out, vtable + 2, static_cast<uint16_t>(out->size() - table));
  for (const auto& [field, at] : references) write_child(*field, at, out);
  return table;
}

void FlatTable::write_child(const Field& field, size_t reference, std::string* out) {
  switch (field.kind) {
    case Kind::kScalar: break;
    case Kind::kText:
      align(out, 4);
      refer(out, reference, out->size());
      put(out, static_cast<uint32_t>(field.raw.size()));
      *out += field.raw;
      *out += '\0';
      break;
    case Kind::kTable: {
      const size_t at = field.tables.front().write(out);
      refer(out, reference, at);
      break;
    }
    case Kind::kTables: {
      align(out, 4);
      refer(out, reference, out->size());
      put(out, static_cast<uint32_t>(field.tables.size()));
      const size_t first = out->size();
      out->append(4 * field.tables.size(), '\0');
      for (size_t i = 0; i < field.tables.size(); ++i) {
        const size_t at = field.tables[i].write(out);
        refer(out, first + 4 * i, at);
      }
      break;
    }
    case Kind::kStructs:
      // The length stands before the elements, which begin on an 8-byte line.
      out->resize((out->size() + 4 + 7) / 8 * 8 - 4);
      refer(out, reference, out->size());
      put(out, field.count);
      *out += field.raw;
      break;
  }
}

}  // namespace headrace::query
