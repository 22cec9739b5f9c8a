#include "store/registry.h"

#include <algorithm>
#include <set>

#include "store/schema.h"

namespace headrace::store {
namespace {

// Equal for equal sets of (role, key, type), whatever their order.
std::string canonical(const std::vector<Field>& fields) {
  std::vector<std::string> parts;
  parts.reserve(fields.size());
  for (const Field& f : fields) {
    std::string part;
    part += static_cast<char>('0' + static_cast<int>(f.role));
    part += static_cast<char>('A' + static_cast<int>(f.type));
    parts.push_back(part + std::to_string(f.key.size()) + ':' + f.key);
  }
  std::sort(parts.begin(), parts.end());
  std::string out;
  for (const std::string& part : parts) out += part;
  return out;
}

}  // namespace

int kind_of(ValueTag type) {
  switch (type) {
    case ValueTag::kFloat: return 0;
    case ValueTag::kInt:
    case ValueTag::kTime: return 1;
    case ValueTag::kBool: return 2;
    default: return 3;
  }
}

// The free slots of one schema while its fields find theirs.
class FreeSlots {
 public:
  bool take(uint16_t page, uint8_t slot) {
    while (pages_.size() <= page) pages_.push_back(0);
    const uint32_t bit = uint32_t{1} << slot;
    if ((pages_[page] & bit) != 0) return false;
    pages_[page] |= bit;
    return true;
  }
  void take_first(int kind, uint16_t* page, uint8_t* slot) {
    for (*page = 0;; ++*page) {
      for (int i = 0; i < kSlotsPerKind; ++i) {
        *slot = static_cast<uint8_t>(kind * kSlotsPerKind + i);
        if (take(*page, *slot)) return;
      }
    }
  }

 private:
  std::vector<uint32_t> pages_;  // a bit per slot taken
};

const std::vector<Place>* Registry::places(Role role, std::string_view key) const {
  const auto& all = keys(role);
  const auto found = all.find(key);
  return found == all.end() ? nullptr : &found->second;
}

std::vector<uint32_t> Registry::activity_ids(std::string_view name) const {
  std::vector<uint32_t> out;
  for (const Activity& a : activities_) {
    if (a.name == name) out.push_back(a.id);
  }
  return out;
}

std::vector<Field> Registry::fields_of(std::string_view activity_name) const {
  const std::vector<uint32_t> ids = activity_ids(activity_name);
  std::vector<Field> out;
  for (const auto& [schema, activity] : uses_) {
    if (std::find(ids.begin(), ids.end(), activity) == ids.end()) continue;
    if (schema == 0 || schema > schemas_.size()) continue;
    for (const Field& f : schemas_[schema - 1].fields) {
      const auto same = [&f](const Field& o) { return o.role == f.role && o.key == f.key; };
      if (std::none_of(out.begin(), out.end(), same)) out.push_back(f);
    }
  }
  return out;
}

bool Registry::is_alone(const Place& place) const {
  const auto found = users_.find({place.page, place.slot});
  return found != users_.end() && found->second == 1;
}

void Registry::note_owner(const Schema& schema, std::string_view activity) {
  if (activity.empty()) return;
  for (const Field& f : schema.fields) {
    Owner& owner = owners_[{f.role, f.key}];
    if (owner.activity.empty()) owner.activity = activity;
    owner.shared = owner.shared || owner.activity != activity;
  }
}

bool Registry::deserves_column(const Field& field, std::string_view activity) const {
  if (activity.empty() || exclusive_.size() >= kMostExclusive) return false;
  const auto owner = owners_.find({field.role, field.key});
  if (owner == owners_.end()) return false;
  if (!owner->second.shared && owner->second.activity == activity) return false;
  const int first = kind_of(field.type) * kSlotsPerKind;
  for (int i = first; i < first + kSlotsPerKind; ++i) {
    if (!users_.contains({0, static_cast<uint8_t>(i)})) return false;
  }
  return true;
}

void Registry::place_exclusive(Field& field, std::string_view activity, size_t settled) {
  if (const std::vector<Place>* before = places(field.role, field.key); before != nullptr) {
    for (const Place& p : *before) {
      if (p.slot == kNoSlot || p.slot < kSlotsPerPage) continue;
      if (exclusive_[p.slot - kSlotsPerPage] != kind_of(field.type)) continue;
      field.slot = p.slot;
      field.exclusive = true;
      return;
    }
  }
  if (!deserves_column(field, activity)) return;
  field.slot = static_cast<uint8_t>(kSlotsPerPage + exclusive_.size());
  field.exclusive = true;
  exclusive_.push_back(kind_of(field.type));
  move_to(field, settled);
}

// Rows that were written a moment ago follow their key to its new column, so that the bare column
// is the value.
void Registry::move_to(const Field& field, size_t settled) {
  std::vector<Place>& places = keys_[static_cast<size_t>(field.role)][field.key];
  const auto moves = [&](const Place& p) {
    return p.page == 0 && p.slot < kSlotsPerPage && kind_of(p.type) == kind_of(field.type) &&
           p.schemas.front() > settled;
  };
  std::set<uint8_t> left;
  for (Place& place : places) {
    if (!moves(place)) continue;
    for (const uint32_t id : place.schemas) {
      for (Field& f : schemas_[id - 1].fields) {
        if (f.role != field.role || f.key != field.key) continue;
        f.slot = field.slot;
        f.exclusive = true;
      }
      moves_.push_back({id, place.slot, field.slot});
    }
    left.insert(place.slot);
    place.slot = field.slot;
  }
  for (const uint8_t slot : left) {
    const bool still = std::any_of(places.begin(), places.end(), [slot](const Place& p) {
      return p.page == 0 && p.slot == slot;
    });
    if (!still && --users_[{0, slot}] == 0) users_.erase({0, slot});
  }
  if (!left.empty()) users_[{0, field.slot}] = 1;
}

uint32_t Registry::place(std::vector<Field> fields, std::string_view activity, size_t settled) {
  if (fields.empty()) return 0;
  const std::string name = canonical(fields);
  if (const auto found = ids_.find(name); found != ids_.end()) {
    note_owner(schemas_[found->second - 1], activity);
    return found->second;
  }
  FreeSlots free;
  for (Field& f : fields) {
    f.slot = kNoSlot;
    if (f.type != ValueTag::kNull) place_exclusive(f, activity, settled);
  }
  // Keys that stood somewhere before go there again if it is free, so that a key keeps its column.
  for (Field& f : fields) {
    if (f.slot != kNoSlot || f.type == ValueTag::kNull) continue;
    const std::vector<Place>* before = places(f.role, f.key);
    if (before == nullptr) continue;
    for (const Place& p : *before) {
      if (p.slot >= kSlotsPerPage || kind_of(f.type) != p.slot / kSlotsPerKind) continue;
      if (!free.take(p.page, p.slot)) continue;
      f.page = p.page;
      f.slot = p.slot;
      break;
    }
  }
  // New keys take columns that no key has yet, as long as there are any: then the bare column is
  // the value.
  for (Field& f : fields) {
    if (f.slot != kNoSlot || f.type == ValueTag::kNull) continue;
    const int first = kind_of(f.type) * kSlotsPerKind;
    for (int i = first; i < first + kSlotsPerKind && f.slot == kNoSlot; ++i) {
      const auto slot = static_cast<uint8_t>(i);
      if (!users_.contains({0, slot}) && free.take(0, slot)) f.slot = slot;
    }
  }
  for (Field& f : fields) {
    if (f.slot != kNoSlot || f.type == ValueTag::kNull) continue;
    free.take_first(kind_of(f.type), &f.page, &f.slot);
  }
  const auto id = static_cast<uint32_t>(schemas_.size() + 1);
  add({id, std::move(fields)});
  note_owner(schemas_.back(), activity);
  return id;
}

void Registry::add(Schema schema) {
  for (const Field& f : schema.fields) {
    has_pages_ = has_pages_ || f.page > 0;
    if (f.exclusive && f.slot >= kSlotsPerPage + exclusive_.size()) {
      exclusive_.resize(f.slot - kSlotsPerPage + 1);
      exclusive_.back() = kind_of(f.type);
    }
    std::vector<Place>& places = keys_[static_cast<size_t>(f.role)][f.key];
    const auto same = [&f](const Place& p) {
      return p.type == f.type && p.page == f.page && p.slot == f.slot;
    };
    auto found = std::find_if(places.begin(), places.end(), same);
    if (found == places.end()) {
      const auto same_column = [&f](const Place& p) {
        return p.page == f.page && p.slot == f.slot;
      };
      if (std::none_of(places.begin(), places.end(), same_column)) ++users_[{f.page, f.slot}];
      places.push_back({f.type, f.page, f.slot, {}});
      found = places.end() - 1;
    }
    found->schemas.push_back(schema.id);
  }
  ids_.emplace(canonical(schema.fields), schema.id);
  schemas_.push_back(std::move(schema));
}

Result<Registry> Registry::load(const Connection& connection) {
  Registry out;
  Result<QueryResult> rows = connection.query(
      "SELECT schema, role, key, type, page, slot, exclusive FROM field ORDER BY schema, position");
  if (!rows.ok()) return rows.status();
  Schema schema;
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      const auto id = static_cast<uint32_t>(c.integer(0, r));
      if (id != schema.id) {
        if (schema.id != 0) out.add(std::move(schema));
        if (id != out.schemas_.size() + 1) {
          return corrupt("the store's registry of captured values is not in order");
        }
        schema = {id, {}};
      }
      const int64_t role = c.integer(1, r);
      if (role > static_cast<int64_t>(Role::kAttribute)) continue;
      schema.fields.push_back({static_cast<Role>(role), static_cast<ValueTag>(c.integer(3, r)),
                               std::string(c.text(2, r)), static_cast<uint16_t>(c.integer(4, r)),
                               c.is_null(5, r) ? kNoSlot : static_cast<uint8_t>(c.integer(5, r)),
                               c.boolean(6, r)});
    }
  }
  if (schema.id != 0) out.add(std::move(schema));

  rows = connection.query("SELECT activity, name, facts FROM activity_row ORDER BY activity");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      out.activities_.push_back({static_cast<uint32_t>(c.integer(0, r)), std::string(c.text(1, r)),
                                 std::string(c.text(2, r))});
    }
  }
  rows = connection.query("SELECT schema, activity FROM schema_activity ORDER BY ALL");
  if (!rows.ok()) return rows.status();
  while (rows->next()) {
    const Chunk& c = rows->chunk();
    for (size_t r = 0; r < c.rows(); ++r) {
      out.uses_.emplace_back(c.integer(0, r), c.integer(1, r));
    }
  }
  for (const auto& [used, activity] : out.uses_) {
    if (used == 0 || used > out.schemas_.size()) continue;
    if (activity == 0 || activity > out.activities_.size()) continue;
    out.note_owner(out.schemas_[used - 1], out.activities_[activity - 1].name);
  }
  HEADRACE_RETURN_IF_ERROR(out.look_for_open_tasks(connection));
  return out;
}

Result<Registry> Registry::without_keys(const Connection& connection) {
  Registry out;
  HEADRACE_RETURN_IF_ERROR(out.look_for_open_tasks(connection));
  return out;
}

Status Registry::look_for_open_tasks(const Connection& connection) {
  const Result<int64_t> open = connection.integer("SELECT count(*) FROM open_task");
  if (!open.ok()) return open.status();
  has_open_tasks_ = *open > 0;
  return {};
}

}  // namespace headrace::store
