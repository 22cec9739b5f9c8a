#include "query/task_keys.h"

#include <algorithm>

#include "query/nearest.h"

namespace headrace::query {
namespace {

std::string joined(const std::vector<std::string>& names, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i > 0 ? "." : "") + names[i];
  return out;
}

std::vector<std::string> known_keys(const store::Registry& registry, Role role) {
  std::vector<std::string> names;
  for (const auto& [key, places] : registry.keys(role)) names.push_back(key);
  return names;
}

Status unknown_key(const store::Registry& registry, const TouchedPath& path) {
  const std::string role(name_of(path.role));
  const std::string key = joined(path.names, path.names.size());
  const std::vector<std::string> known = known_keys(registry, path.role);
  const Role other = path.role == Role::kUsed ? Role::kGenerated : Role::kUsed;
  std::string message = "no task has " + role + "." + key;
  if (registry.knows(other, key)) {
    message += "; it is " + std::string(name_of(other)) + "." + key;
  } else if (const auto near = nearest_names(key, known); !near.empty()) {
    message += did_you_mean(near);
  } else if (known.empty()) {
    message += "; no task has any " + role + " value yet";
  } else {
    message += "; known are " + listed(known);
  }
  return invalid_argument(message);
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// SQL names are equal whatever their case, keys are not: the only key that is spelt alike, if one
// is.
std::string spelt_alike(const store::Registry& registry, Role role, const std::string& key) {
  std::string found;
  for (const auto& [name, places] : registry.keys(role)) {
    if (!same_but_for_case(name, key)) continue;
    if (!found.empty()) return "";
    found = name;
  }
  return found;
}

// The key that a path means: used.cfg.lr is the key "cfg.lr" if there is one, else lr inside cfg.
Result<store::TouchedKey> key_of(const store::Registry& registry, const TouchedPath& path) {
  for (size_t count = path.names.size(); count > 0; --count) {
    std::string key = joined(path.names, count);
    if (!registry.knows(path.role, key)) key = spelt_alike(registry, path.role, key);
    if (key.empty()) continue;
    return store::TouchedKey(key,
                             {path.names.begin(), path.names.begin() + static_cast<long>(count)});
  }
  return unknown_key(registry, path);
}

Status whole_and_parts(Role role) {
  const std::string name(name_of(role));
  return invalid_argument("`" + name +
                          "` stands in this query both whole and by key; whole it is "
                          "JSON, so write " +
                          name + "->>'$.KEY' for the key, or leave the whole out");
}

}  // namespace

Result<store::TaskView> needed_view(const TouchedKeys& touched, const store::Registry& registry) {
  store::TaskView view;
  for (const TouchedPath& path : touched.paths) {
    Result<store::TouchedKey> key = key_of(registry, path);
    if (!key.ok()) return key.status();
    (path.role == Role::kUsed ? view.used : view.generated).push_back(std::move(*key));
  }
  if (touched.bare_used && !view.used.empty()) return whole_and_parts(Role::kUsed);
  if (touched.bare_generated && !view.generated.empty()) return whole_and_parts(Role::kGenerated);
  view.used_json = view.used.empty() && (touched.bare_used || touched.star);
  view.generated_json = view.generated.empty() && (touched.bare_generated || touched.star);
  if (!touched.star) {
    for (const std::string& column : store::task_columns()) {
      if (touched.columns.contains(column)) view.columns.insert(column);
    }
    // An empty set means every column; a query that names none (count(*)) needs but one.
    if (view.columns.empty()) view.columns.insert("status");
  }
  return view;
}

}  // namespace headrace::query
