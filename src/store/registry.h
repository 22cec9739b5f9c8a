// Which captured values there are and where they stand: activities, schemas, keys, slots.
//
// A schema is a set of fields (role, key, type); every stored task has one, or 0 if it has no
// values. The registry is small (a row per field of a schema) and read whole; it changes only in a
// fold.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/status.h"
#include "model/value.h"
#include "store/database.h"

namespace headrace::store {

constexpr uint8_t kNoSlot = 255;  // a value that is null by type stands nowhere

struct Field {
  Role role = Role::kUsed;
  ValueTag type = ValueTag::kNull;
  std::string key;
  uint16_t page = 0;       // 0: task_slots, else task_page
  uint8_t slot = kNoSlot;  // in its page, see slot_name()
  bool exclusive = false;  // no other key ever uses this column
};

// The kind of slot that values of a type stand in: 0 DOUBLE, 1 BIGINT, 2 BOOLEAN, 3 VARCHAR.
int kind_of(ValueTag type);

struct Schema {
  uint32_t id = 0;            // from 1, without holes
  std::vector<Field> fields;  // in the order they were captured
};

struct Activity {
  uint32_t id = 0;  // from 1, without holes
  std::string name;
  std::string facts;  // JSON: name, and where known file, line, function, code_sha256
};

// One place of a key: a page, slot and type with the schemas that have it there.
struct Place {
  ValueTag type = ValueTag::kNull;
  uint16_t page = 0;
  uint8_t slot = kNoSlot;
  std::vector<uint32_t> schemas;  // ascending
};

class Registry {
 public:
  static Result<Registry> load(const Connection& connection);
  // Knows of no key and no activity: enough for a view that needs none (needs_keys() in
  // task_view.h), and one query instead of four.
  static Result<Registry> without_keys(const Connection& connection);

  const std::vector<Schema>& schemas() const { return schemas_; }
  const std::vector<Activity>& activities() const { return activities_; }
  // Schemas seen with an activity, and the reverse, as pairs (schema, activity).
  const std::vector<std::pair<uint32_t, uint32_t>>& uses() const { return uses_; }

  // Every key of a role, by bytes, with its places.
  const std::map<std::string, std::vector<Place>, std::less<>>& keys(Role role) const {
    return keys_[static_cast<size_t>(role)];
  }
  bool knows(Role role, std::string_view key) const { return keys(role).contains(key); }
  const std::vector<Place>* places(Role role, std::string_view key) const;
  // The keys of the activities of this name, in the order captured. Empty for an unknown name.
  std::vector<Field> fields_of(std::string_view activity_name) const;
  std::vector<uint32_t> activity_ids(std::string_view name) const;

  // True when every value in this place belongs to one key, so that the bare column is the value.
  bool is_alone(const Place& place) const;
  bool has_open_tasks() const { return has_open_tasks_; }
  // True when some task has more values than one row holds.
  bool has_pages() const { return has_pages_; }

  // Adds a schema, choosing slots for its fields; or finds it. `fields` come without places and
  // without two of one role and key; `activity` is the name of the one that has them now. A key of
  // several activities gets a column of its own as soon as columns are short; its fields in schemas
  // beyond `settled` move there, see take_moves(). Returns the schema's id, 0 for no fields. (The
  // writer of the store; nothing is written here.)
  uint32_t place(std::vector<Field> fields, std::string_view activity = {},
                 size_t settled = SIZE_MAX);
  // Values of rows of `schema` that have got another column, since the last call.
  struct Move {
    uint32_t schema = 0;
    uint8_t from = 0;
    uint8_t to = 0;
  };
  std::vector<Move> take_moves() { return std::exchange(moves_, {}); }
  // The kinds of the exclusive columns, in their order.
  const std::vector<int>& exclusive_columns() const { return exclusive_; }
  void add_use(uint32_t schema, uint32_t activity) { uses_.emplace_back(schema, activity); }

 private:
  // Which activity had a key first, and whether another has it too.
  struct Owner {
    std::string activity;
    bool shared = false;
  };
  void add(Schema schema);
  Status look_for_open_tasks(const Connection& connection);
  void note_owner(const Schema& schema, std::string_view activity);
  // Whether a field gets a column of its own now.
  bool deserves_column(const Field& field, std::string_view activity) const;
  void place_exclusive(Field& field, std::string_view activity, size_t settled);
  void move_to(const Field& field, size_t settled);
  std::vector<Schema> schemas_;
  std::vector<Activity> activities_;
  std::vector<std::pair<uint32_t, uint32_t>> uses_;
  std::map<std::string, std::vector<Place>, std::less<>> keys_[5];
  std::unordered_map<std::string, uint32_t> ids_;         // canonical text of a field set
  std::map<std::pair<uint16_t, uint8_t>, size_t> users_;  // keys that stand in (page, slot)
  std::map<std::pair<Role, std::string>, Owner> owners_;
  std::vector<int> exclusive_;
  std::vector<Move> moves_;
  bool has_open_tasks_ = false;
  bool has_pages_ = false;
};

}  // namespace headrace::store
