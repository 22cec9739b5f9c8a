#include "query/task_keys.h"

#include <algorithm>

#include "base/ascii_case.h"
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
  std::string message = "no task has " + role + "." + in_one_line(key);
  if (registry.knows(other, key)) {
    message += "; it is " + std::string(name_of(other)) + "." + in_one_line(key);
  } else if (const auto near = nearest_names(key, known); !near.empty()) {
    message += did_you_mean(near);
  } else if (known.empty()) {
    message += "; no task has any " + role + " value yet";
  } else {
    message += "; known are " + listed(known);
  }
  return invalid_argument(message);
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

// Names in SQL are equal whatever their case, so the view can have but one of such keys.
Status apart_but_for_case(Role role, const std::vector<store::TouchedKey>& keys) {
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      const std::string& a = keys[k].key;
      const std::string& b = keys[i].key;
      if (a == b || !same_but_for_case(a, b)) continue;
      const std::string name(name_of(role));
      return invalid_argument(
          name + "." + a + " and " + name + "." + b +
          " differ only in case, which SQL does not see; ask for one of them in each query, or "
          "write " +
          name + "->>'$." + a + "' and " + name + "->>'$." + b + "' for both");
    }
  }
  return {};
}

}  // namespace

Result<store::TaskView> needed_view(const TouchedKeys& touched, const store::Registry& registry) {
  if (touched.star_of_values) {
    return invalid_argument(
        "used.* and generated.* stand for no columns in SQL, for every activity has its own "
        "values; name them (used.lr), take all as JSON (used), or read the view of one activity, "
        "as in FROM activity.train");
  }
  store::TaskView view;
  for (const TouchedPath& path : touched.paths) {
    Result<store::TouchedKey> key = key_of(registry, path);
    if (!key.ok()) return key.status();
    (path.role == Role::kUsed ? view.used : view.generated).push_back(std::move(*key));
  }
  HEADRACE_RETURN_IF_ERROR(apart_but_for_case(Role::kUsed, view.used));
  HEADRACE_RETURN_IF_ERROR(apart_but_for_case(Role::kGenerated, view.generated));
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
