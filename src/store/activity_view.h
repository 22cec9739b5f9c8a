// A view for each activity, with a plain typed column for each value that it has captured:
//
//   SELECT lr, loss FROM activity.train        -- in any DuckDB client
//
// Which names they have stands in docs/schema.md. A view depends on the keys of its activity only,
// so the writer makes it again when the activity has got a new schema.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "store/registry.h"

namespace headrace::store {

// A view offers so many keys at most: the used ones first, in the order captured.
constexpr size_t kMostViewKeys = 2048;

// So many activities have a view, those met first: each costs whoever opens the file, and a program
// that names activities by the thousand has no use for them.
constexpr size_t kMostActivityViews = 4096;

// One captured value of an activity: the places it has had there.
struct ActivityKey {
  Role role = Role::kUsed;
  std::string key;
  std::vector<Place> places;
};

// The names of the columns of these keys, in their order.
std::vector<std::string> activity_column_names(const std::vector<ActivityKey>& keys);

// What all these views are made on: `captured.task`, every task with its values still in slots. An
// open file reads all its views, so what they have in common is said once: with 200 activities that
// is a quarter of the time to open it.
std::string captured_task_sql(int exclusive_columns);

// CREATE OR REPLACE VIEW for the activities of these numbers.
std::string activity_view_sql(const std::string& name, std::span<const uint32_t> activities,
                              const std::vector<ActivityKey>& keys);

// A view in which every way to show a value occurs: each type alone and beside each other, in the
// first row and on a page, told apart by few schemas and by many. When its text changes, the views
// of all activities do.
std::string activity_view_pattern();

// The views' names by the names of activities.
std::map<std::string, std::string> activity_view_names(const Registry& registry);

// Makes the views of these activities again; of all, in a new schema `activity`, for an empty list.
// Reads the registry from the store. Costs about a millisecond a view of 16 keys.
Status make_activity_views(const Connection& connection, const std::vector<uint32_t>& changed);

}  // namespace headrace::store
