// A FlatBuffers writer just large enough for Arrow's messages (https://flatbuffers.dev/internals/).
//
//   FlatTable field;
//   field.text(0, "lr").scalar<uint8_t>(1, 1);
//   std::string bytes = field.finish();
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::query {

class FlatTable {
 public:
  // Slots are the schema's field numbers; each is set at most once. A slot left out has its
  // default.
  template <typename T>
  FlatTable& scalar(int slot, T value) {
    std::string raw(sizeof(T), '\0');
    std::memcpy(raw.data(), &value, sizeof(T));
    fields_.push_back({slot, Kind::kScalar, std::move(raw), {}});
    return *this;
  }
  FlatTable& text(int slot, std::string_view value);
  FlatTable& table(int slot, FlatTable value);
  FlatTable& tables(int slot, std::vector<FlatTable> values);
  // A vector of structs of 8-byte members: their bytes as they stand.
  FlatTable& structs(int slot, std::string raw, uint32_t count);

  // The buffer with this table as its root; its length is a multiple of 8.
  std::string finish() const;

 private:
  enum class Kind : uint8_t { kScalar, kText, kTable, kTables, kStructs };
  struct Field {
    int slot;
    Kind kind;
    std::string raw;
    std::vector<FlatTable> tables;
    uint32_t count = 0;
  };
  // Appends the table and what it refers to; returns where the table stands.
  size_t write(std::string* out) const;
  static void write_child(const Field& field, size_t reference, std::string* out);

  std::vector<Field> fields_;
};

}  // namespace headrace::query
