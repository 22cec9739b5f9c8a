#include "query/touched_keys.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/ascii_case.h"

namespace headrace::query {
namespace {

std::optional<Role> role_of(std::string_view name) {
  const std::string word = lower_case(name);
  if (word == "used") return Role::kUsed;
  if (word == "generated") return Role::kGenerated;
  return std::nullopt;
}

std::string string_of(const Json& json) {
  const auto* s = json.as<std::string>();
  return s == nullptr ? "" : *s;
}

// A value named in the tree: the role, what qualifies it and the path after it.
struct Reference {
  std::string qualifier;  // table or alias, lower case; "" when none
  TouchedPath path;
};

class Walk {
 public:
  TouchedKeys keys;

  void visit(const Json& node) {
    if (const auto* list = node.as<Json::List>()) {
      for (const Json& item : *list) visit(item);
      return;
    }
    const auto* map = node.as<Json::Map>();
    if (map == nullptr) return;
    const std::string type = string_of(node["type"]);
    if (type == "BASE_TABLE") note_table(node);
    if (type == "STAR" && role_of(string_of(node["relation_name"]))) keys.star_of_values = true;
    if (type == "STAR" || string_of(node["join_type"]) == "NATURAL" ||
        string_of(node["ref_type"]) == "NATURAL") {
      keys.star = true;
    }
    if (const auto* shared = node["using_columns"].as<Json::List>()) {
      for (const Json& name : *shared) keys.columns.insert(lower_case(string_of(name)));
    }
    if (type == "COLUMN_REF") note_column(node);
    if (const auto reference = reference_of(node)) {
      references_.push_back(*reference);
      return;
    }
    for (const auto& [name, value] : *map) {
      if (name == "orders") {
        visit_orders(value);
      } else {
        visit(value);
      }
    }
  }

  TouchedKeys finish() {
    const auto is_task = [](const std::string& table) { return table == "task"; };
    for (const auto& [alias, table] : aliases_) {
      keys.reads_task |= is_task(table);
      keys.star |= alone_.contains(alias);  // SELECT t FROM task t: the whole row
    }
    for (const Reference& r : references_) {
      const auto alias = aliases_.find(r.qualifier);
      if (alias != aliases_.end() && !is_task(alias->second)) continue;
      if (!r.path.names.empty()) {
        keys.paths.push_back(r.path);
      } else if (r.path.role == Role::kUsed) {
        keys.bare_used = true;
      } else {
        keys.bare_generated = true;
      }
    }
    std::sort(keys.paths.begin(), keys.paths.end());
    keys.paths.erase(std::unique(keys.paths.begin(), keys.paths.end()), keys.paths.end());
    return std::move(keys);
  }

 private:
  // The star of ORDER BY ALL stands for what is selected already.
  void visit_orders(const Json& orders) {
    const auto* list = orders.as<Json::List>();
    if (list == nullptr) return visit(orders);
    for (const Json& order : *list) {
      if (string_of(order["expression"]["type"]) != "STAR") visit(order);
    }
  }
  void note_table(const Json& node) {
    const std::string table = string_of(node["table_name"]);
    const std::string alias = string_of(node["alias"]);
    aliases_[lower_case(alias.empty() ? table : alias)] = lower_case(table);
    if (std::find(keys.tables.begin(), keys.tables.end(), table) == keys.tables.end()) {
      keys.tables.push_back(table);
    }
  }

  // A column may be qualified (t.status) or be taken apart (tags.run): any part may be its name.
  void note_column(const Json& node) {
    const auto* names = node["column_names"].as<Json::List>();
    if (names == nullptr) return;
    for (const Json& name : *names) keys.columns.insert(lower_case(string_of(name)));
    if (names->size() == 1) alone_.insert(lower_case(string_of(names->front())));
  }

  // used.lr is a COLUMN_REF [used, lr]; used['lr'] an ARRAY_EXTRACT and (used).lr a STRUCT_EXTRACT
  // of a COLUMN_REF and a constant; struct_extract(used, 'lr') a function of the same two.
  static std::optional<Reference> reference_of(const Json& node) {
    const std::string type = string_of(node["type"]);
    if (type == "COLUMN_REF") return column_reference(node);
    const bool extracts =
        type == "ARRAY_EXTRACT" || type == "STRUCT_EXTRACT" ||
        (type == "FUNCTION" && string_of(node["function_name"]) == "struct_extract");
    if (!extracts) return std::nullopt;
    const auto* children = node["children"].as<Json::List>();
    if (children == nullptr || children->size() != 2) return std::nullopt;
    const auto* key = (*children)[1]["value"]["value"].as<std::string>();
    if (key == nullptr) return std::nullopt;
    auto inner = reference_of((*children)[0]);
    if (inner) inner->path.names.push_back(*key);
    return inner;
  }

  static std::optional<Reference> column_reference(const Json& node) {
    const auto* names = node["column_names"].as<Json::List>();
    if (names == nullptr) return std::nullopt;
    // At most catalog.schema.table stand before it.
    for (size_t i = 0; i < names->size() && i < 4; ++i) {
      const auto role = role_of(string_of((*names)[i]));
      if (!role) continue;
      Reference reference{i == 0 ? "" : lower_case(string_of((*names)[i - 1])), {*role, {}}};
      for (size_t k = i + 1; k < names->size(); ++k) {
        reference.path.names.push_back(string_of((*names)[k]));
      }
      return reference;
    }
    return std::nullopt;
  }

  std::map<std::string, std::string> aliases_;
  std::set<std::string> alone_;  // names that stand in a reference by themselves
  std::vector<Reference> references_;
};

}  // namespace

TouchedKeys find_touched_keys(const Json& tree) {
  Walk walk;
  walk.visit(tree["statements"]);
  return walk.finish();
}

}  // namespace headrace::query
