// Where a look reads tasks from: all that were stored after a row, or those of them that a filter
// takes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.h"
#include "query/filter_tree.h"
#include "query/session.h"

namespace headrace::top {

class TaskSource {
 public:
  // `filter`: null for every task.
  static Result<TaskSource> open(const query::Session& session, const query::Filter* filter);

  // Rows of wf, activity, status, ts, dur (NULL where there is none), producer, seq.
  std::string ended_after(int64_t row) const;
  std::string open_tasks() const;
  // Has what the texts above speak of.
  const store::Connection& connection() const { return connection_; }

 private:
  explicit TaskSource(store::Connection connection) : connection_(std::move(connection)) {}
  std::string taken_of(const std::string& table, const std::string& condition) const;

  store::Connection connection_;
  std::string columns_;  // of a filter: names in its view
  std::string where_;
  std::string producer_;
  std::string number_;
};

}  // namespace headrace::top
