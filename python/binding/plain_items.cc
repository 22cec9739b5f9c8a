#include "binding/plain_items.h"

#include "binding/dict_walk.h"
#include "encode/nested.h"

namespace headrace::binding {

bool add_plain_dict(capture::Fields& fields, Role role, uint32_t name, PyObject* dict) {
  constexpr size_t kHead = 5;  // the kind and the count
  const std::span<char> room = fields.nested_room();
  if (room.size() < kHead + kMaxPlainItem) return false;
  const char* const last = room.data() + room.size() - kMaxPlainItem;
  char* at = room.data() + kHead;
  uint32_t count = 0;
  DictWalk walk(dict);
  walk.pass_while([&](PyObject* key, PyObject* item) {
    char* const next = at <= last ? write_plain_item(at, key, item) : nullptr;
    if (next == nullptr) return false;
    at = next;
    ++count;
    return true;
  });
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  if (walk.next(&key, &item)) return false;
  room[0] = static_cast<char>(kNestedMap);
  store_le(room.data() + 1, count);
  fields.took_nested(role, name, static_cast<size_t>(at - room.data()));
  return true;
}

}  // namespace headrace::binding
