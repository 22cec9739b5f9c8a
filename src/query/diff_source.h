// What both sides of a comparison are read from: a connection, and the small tables by which rows
// name their processes and activities, read once.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "query/activity_rows.h"
#include "query/session.h"
#include "query/task_rows.h"

namespace headrace::query {

struct DiffSource {
  const Session& session;
  store::Connection connection;
  TaskRows rows;
  std::unordered_map<uint32_t, ActivityRow> activities;

  static Result<DiffSource> open(const Session& session) {
    Result<store::Connection> connection = session.connect();
    if (!connection.ok()) return connection.status();
    Result<TaskRows> rows = TaskRows::open(*connection);
    if (!rows.ok()) return rows.status();
    auto activities = read_activities(*connection);
    if (!activities.ok()) return activities.status();
    return DiffSource{session, std::move(*connection), std::move(*rows), std::move(*activities)};
  }
};

}  // namespace headrace::query
