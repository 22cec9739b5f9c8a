// Expressions for one captured value: which column, under which schemas, as which type.
#include <algorithm>
#include <set>

#include "store/schema.h"
#include "store/task_view.h"

namespace headrace::store {
namespace {

enum class Shown : uint8_t { kBool, kInt, kHuge, kFloat, kTime, kText, kJson, kObject, kBytes };

const char* sql_type(Shown shown) {
  switch (shown) {
    case Shown::kBool: return "BOOLEAN";
    case Shown::kInt: return "BIGINT";
    case Shown::kHuge: return "HUGEINT";
    case Shown::kFloat: return "DOUBLE";
    case Shown::kTime: return "TIMESTAMP_NS";
    case Shown::kText: return "VARCHAR";
    case Shown::kJson: return "JSON";
    case Shown::kObject: return "UUID";
    case Shown::kBytes: return "BLOB";
  }
  return "VARCHAR";
}

// One type for all the types that a key has had. What could not be kept (placeholders) and nulls
// do not count.
Shown shown_as(const std::vector<Place>& places) {
  std::set<ValueTag> types;
  bool placeholders = false;
  for (const Place& p : places) {
    if (p.type == ValueTag::kPlaceholder) placeholders = true;
    if (p.type != ValueTag::kNull && p.type != ValueTag::kPlaceholder) types.insert(p.type);
  }
  const auto only = [&types](std::initializer_list<ValueTag> allowed) {
    return std::all_of(types.begin(), types.end(), [&allowed](ValueTag t) {
      return std::find(allowed.begin(), allowed.end(), t) != allowed.end();
    });
  };
  if (types.empty()) return placeholders ? Shown::kJson : Shown::kText;
  if (only({ValueTag::kBool})) return Shown::kBool;
  if (only({ValueTag::kInt})) return Shown::kInt;
  if (only({ValueTag::kInt, ValueTag::kBigInt})) return Shown::kHuge;
  if (only({ValueTag::kTime})) return Shown::kTime;
  if (only({ValueTag::kString, ValueTag::kTyped})) return Shown::kText;
  if (only({ValueTag::kNested})) return Shown::kJson;
  if (only({ValueTag::kObject})) return Shown::kObject;
  if (only({ValueTag::kBytes})) return Shown::kBytes;
  const bool numbers = types.contains(ValueTag::kInt) || types.contains(ValueTag::kFloat) ||
                       types.contains(ValueTag::kBigInt);
  if (numbers && only({ValueTag::kBool, ValueTag::kInt, ValueTag::kFloat, ValueTag::kBigInt,
                       ValueTag::kString, ValueTag::kTyped})) {
    return Shown::kFloat;
  }
  return Shown::kText;
}

std::string converted(std::string column, ValueTag from, Shown to) {
  if (from == ValueTag::kTyped) column = "substr(" + column + ", strpos(" + column + ", ':') + 1)";
  if (from == ValueTag::kPlaceholder && to != Shown::kJson) return "NULL";
  switch (to) {
    case Shown::kBool:
    case Shown::kInt: return column;
    case Shown::kHuge:
      return from == ValueTag::kInt ? column + "::HUGEINT" : "TRY_CAST(" + column + " AS HUGEINT)";
    case Shown::kFloat:
      if (from == ValueTag::kFloat) return column;
      if (from == ValueTag::kString || from == ValueTag::kBigInt || from == ValueTag::kTyped) {
        return "TRY_CAST(" + column + " AS DOUBLE)";
      }
      return column + "::DOUBLE";
    case Shown::kTime: return "make_timestamp_ns(" + column + ")";
    case Shown::kJson: return column + "::JSON";
    case Shown::kObject: return "TRY_CAST(" + column + " AS UUID)";
    case Shown::kBytes: return "unhex(" + column + ")";
    case Shown::kText:
      if (from == ValueTag::kTime) return "make_timestamp_ns(" + column + ")::VARCHAR";
      return from == ValueTag::kString || from == ValueTag::kTyped ? column : column + "::VARCHAR";
  }
  return column;
}

// True for rows of these schemas. A long IN inside a CASE is evaluated one by one, so beyond a few
// runs the registry itself is asked, as a list indexed by schema.
std::string is_one_of(const Place& place, Role role, const std::string& key) {
  std::vector<std::pair<uint32_t, uint32_t>> runs;
  for (const uint32_t id : place.schemas) {
    if (!runs.empty() && runs.back().second + 1 == id) {
      runs.back().second = id;
    } else {
      runs.emplace_back(id, id);
    }
  }
  if (runs.size() <= 12) {
    std::string out;
    for (const auto& [first, last] : runs) {
      if (!out.empty()) out += " OR ";
      out += first == last
                 ? "t.schema = " + std::to_string(first)
                 : "t.schema BETWEEN " + std::to_string(first) + " AND " + std::to_string(last);
    }
    return out;
  }
  return "(SELECT list(has ORDER BY schema) FROM (SELECT schema, bool_or(role = " +
         std::to_string(static_cast<int>(role)) + " AND key = " + sql_text(key) +
         " AND type = " + std::to_string(static_cast<int>(place.type)) +
         (place.slot == kNoSlot ? " AND slot IS NULL"
                                : " AND page = " + std::to_string(place.page) +
                                      " AND slot = " + std::to_string(place.slot)) +
         ") AS has FROM main.field GROUP BY schema))[t.schema]";
}

// Whether values of another type stand in the same column: int and time, text and JSON.
bool has_other_type(const std::vector<Place>& places, const Place& place) {
  return std::any_of(places.begin(), places.end(), [&place](const Place& o) {
    return o.page == place.page && o.slot == place.slot && o.type != place.type;
  });
}

struct Branch {
  const Place* place;
  std::string value;
};

// A slot's value where the row's schema puts one of these there.
ClassSql chosen(const Registry& registry, Role role, const std::string& key,
                const std::vector<Branch>& branches, std::string type) {
  ClassSql out;
  out.type = std::move(type);
  std::string cases;
  std::string bare;  // columns of this key alone: NULL in the rows of other schemas
  int bare_columns = 0;
  for (const Branch& b : branches) {
    if (b.place->page > 0) out.pages.insert(b.place->page);
    if (registry.is_alone(*b.place) && !has_other_type(*registry.places(role, key), *b.place)) {
      bare += (bare_columns++ == 0 ? "" : ", ") + b.value;
    } else {
      cases += " WHEN " + is_one_of(*b.place, role, key) + " THEN " + b.value;
    }
  }
  if (bare_columns > 1) bare = "coalesce(" + bare + ")";
  out.sql = cases.empty() ? bare : "CASE" + cases + (bare.empty() ? "" : " ELSE " + bare) + " END";
  return out;
}

std::string slot_column(const Place& place) {
  return (place.page == 0 ? "t" : "p" + std::to_string(place.page)) + "." + slot_name(place.slot);
}

// The class of a typed text's name: a decimal is a number, everything else text.
std::string decimal_sql(const std::string& column) {
  return "CASE WHEN starts_with(" + column + ", 'decimal:') THEN TRY_CAST(substr(" + column +
         ", 9) AS DOUBLE) END";
}

ClassSql numbers_sql(const Registry& registry, Role role, const std::string& key,
                     const std::vector<Place>& places) {
  std::set<ValueTag> types;
  for (const Place& p : places) types.insert(p.type);
  const bool is_real = types.contains(ValueTag::kFloat) || types.contains(ValueTag::kTyped);
  const bool is_huge = types.contains(ValueTag::kBigInt);
  const std::string type = is_real ? "DOUBLE" : is_huge ? "HUGEINT" : "BIGINT";
  std::vector<Branch> branches;
  for (const Place& p : places) {
    if (p.slot == kNoSlot) continue;
    const std::string column = slot_column(p);
    if (p.type == ValueTag::kFloat || (p.type == ValueTag::kInt && type == "BIGINT")) {
      branches.push_back({&p, column});
    } else if (p.type == ValueTag::kInt) {
      branches.push_back({&p, column + "::" + type});
    } else if (p.type == ValueTag::kBigInt) {
      branches.push_back({&p, "TRY_CAST(" + column + " AS " + type + ")"});
    } else if (p.type == ValueTag::kTyped) {
      branches.push_back({&p, decimal_sql(column)});
    }
  }
  return chosen(registry, role, key, branches, type);
}

std::string text_of(ValueTag type, const std::string& column) {
  return type == ValueTag::kTyped ? converted(column, type, Shown::kText) : column;
}

bool is_of(ValueTag type, ValueClass wanted) {
  switch (wanted) {
    case ValueClass::kText:
      return type == ValueTag::kString || type == ValueTag::kTyped || type == ValueTag::kObject;
    case ValueClass::kBool: return type == ValueTag::kBool;
    case ValueClass::kTime: return type == ValueTag::kTime;
    case ValueClass::kNested: return type == ValueTag::kNested;
    case ValueClass::kNumber:
    case ValueClass::kRecorded: break;
  }
  return false;
}

}  // namespace

ClassSql class_sql(const Registry& registry, Role role, const std::string& key, ValueClass wanted) {
  const std::vector<Place>* places = registry.places(role, key);
  if (places == nullptr) return {};
  if (wanted == ValueClass::kNumber) return numbers_sql(registry, role, key, *places);
  ClassSql recorded{"", "BOOLEAN", {}};
  std::vector<Branch> branches;
  for (const Place& p : *places) {
    if (wanted == ValueClass::kRecorded) {
      recorded.sql += (recorded.sql.empty() ? "" : " OR ") + is_one_of(p, role, key);
    } else if (p.slot != kNoSlot && is_of(p.type, wanted)) {
      branches.push_back({&p, text_of(p.type, slot_column(p))});
    }
  }
  if (wanted == ValueClass::kRecorded) return recorded;
  const char* type = wanted == ValueClass::kBool   ? "BOOLEAN"
                     : wanted == ValueClass::kTime ? "BIGINT"
                                                   : "VARCHAR";
  return chosen(registry, role, key, branches, type);
}

std::string value_sql(const Registry& registry, Role role, const std::string& key) {
  const std::vector<Place>* places = registry.places(role, key);
  if (places == nullptr) return "NULL";
  return value_sql(*places, role, key,
                   {slot_column, [&](const Place& p) { return registry.is_alone(p); }});
}

std::string value_sql(const std::vector<Place>& places, Role role, const std::string& key,
                      const PlaceColumns& columns) {
  const Shown shown = shown_as(places);
  std::string branches;
  std::string bare;  // columns of this key alone: NULL in the rows of other schemas
  int bare_columns = 0;
  for (const Place& p : places) {
    if (p.slot == kNoSlot) continue;
    const std::string value = converted(columns.name(p), p.type, shown);
    if (value == "NULL") continue;
    if (columns.is_alone(p) && !has_other_type(places, p)) {
      bare += (bare_columns++ == 0 ? "" : ", ") + value;
    } else {
      branches += " WHEN " + is_one_of(p, role, key) + " THEN " + value;
    }
  }
  if (bare_columns > 1) bare = "coalesce(" + bare + ")";
  if (branches.empty()) return bare.empty() ? std::string("NULL::") + sql_type(shown) : bare;
  return "CASE" + branches + (bare.empty() ? "" : " ELSE " + bare) + " END";
}

}  // namespace headrace::store
