#include "capture/c_values.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "base/id.h"
#include "capture/stable_names.h"
#include "encode/nested.h"

namespace headrace::capture {
namespace {

// Lists beyond this cannot fit a record, so they are not even encoded.
constexpr size_t kMaxListItems = Fields::kMaxTailBytes / 9;

template <typename Item, typename Write>
void add_list(Fields& fields, Role role, uint32_t name, const headrace_value& value, Write write) {
  if (value.size > kMaxListItems) {
    return fields.add_placeholder(role, name, "list of " + std::to_string(value.size),
                                  "longer than the record's budget");
  }
  std::string nested;
  NestedWriter list(nested);
  list.begin_list(static_cast<uint32_t>(value.size));
  const auto* items = static_cast<const char*>(value.data.bytes);
  for (size_t i = 0; i < value.size; ++i) write(list, load_le<Item>(items + i * sizeof(Item)));
  fields.add_nested(role, name, nested);
}

void add_object(Fields& fields, Role role, uint32_t name, const void* id) {
  const Uuid object = Uuid::from_bytes(static_cast<const uint8_t*>(id));
  if (object.is_nil()) {
    return fields.add_placeholder(role, name, "object", "the file could not be read");
  }
  fields.add_object(role, name, object);
}

void add_value(Fields& fields, Role role, KnownName known, const headrace_value& value) {
  const std::string_view text(static_cast<const char*>(value.data.bytes), value.size);
  const auto [name, secrecy] = known;
  const bool is_plain = value.type <= HEADRACE_FLOAT || value.type == HEADRACE_UINT;
  if (secrecy != Secrecy::kNone && value.type > HEADRACE_BOOL &&
      (secrecy == Secrecy::kAny || !is_plain)) {
    return fields.add_redacted(role, name);
  }
  const bool refers =
      value.type == HEADRACE_OBJECT ||
      (value.size != 0 && (value.type == HEADRACE_STRING || value.type == HEADRACE_BYTES ||
                           value.type >= HEADRACE_INT_LIST));
  if (refers && value.data.bytes == nullptr) {
    return fields.add_placeholder(role, name, "value", "its bytes are a null pointer");
  }
  switch (value.type) {
    case HEADRACE_NULL: return fields.add_null(role, name);
    case HEADRACE_BOOL: return fields.add_bool(role, name, value.data.integer != 0);
    case HEADRACE_INT: return fields.add_int(role, name, value.data.integer);
    case HEADRACE_UINT:
      if (value.data.integer >= 0) return fields.add_int(role, name, value.data.integer);
      return fields.add_big_int(role, name,
                                std::to_string(static_cast<uint64_t>(value.data.integer)));
    case HEADRACE_FLOAT: return fields.add_float(role, name, value.data.real);
    case HEADRACE_STRING: return fields.add_string(role, name, text);
    case HEADRACE_BYTES: return fields.add_bytes(role, name, text);
    case HEADRACE_TIME: return fields.add_time(role, name, value.data.integer);
    case HEADRACE_OBJECT: return add_object(fields, role, name, value.data.bytes);
    case HEADRACE_INT_LIST:
      return add_list<int64_t>(fields, role, name, value,
                               [](NestedWriter& list, int64_t item) { list.integer(item); });
    case HEADRACE_FLOAT_LIST:
      return add_list<double>(fields, role, name, value,
                              [](NestedWriter& list, double item) { list.real(item); });
    default:
      return fields.add_placeholder(role, name, "value",
                                    "unknown headrace_type " + std::to_string(value.type));
  }
}

}  // namespace

void add_values(Recorder& recorder, Fields& fields, Role role,
                std::span<const headrace_value> values) {
  if (values.data() == nullptr || role > Role::kAttribute) return;
  if (fields.has(role)) fields.replace_existing();
  for (const headrace_value& value : values) {
    const KnownName name = known_name(recorder, value.name);
    if (name.id != 0) add_value(fields, role, name, value);
  }
}

}  // namespace headrace::capture
