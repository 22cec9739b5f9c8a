// Finding the rows of tasks by their ids, without computing the id of every row.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/status.h"
#include "store/database.h"

namespace headrace::query {

class TaskRows {
 public:
  static Result<TaskRows> open(const store::Connection& connection);

  // Whether a process of this store may have made the task: no row is one of its otherwise.
  bool may_have(const Uuid& task) const {
    return numbers_.contains(split_task_uuid(task).producer);
  }
  // SQL that is true for the rows aliased `alias` of these tasks, in any table with the columns
  // producer and seq.
  std::string are(const std::vector<Uuid>& tasks, const std::string& alias) const;
  // SQL that is true for the rows aliased `alias` of the tasks that lie in this one.
  std::string lie_in(const Uuid& task, const std::string& alias) const;
  // The id of a row; nil for a producer that is not there.
  Uuid id(int64_t producer, int64_t seq) const;

 private:
  std::unordered_map<ProducerId, int64_t> numbers_;
  std::unordered_map<int64_t, ProducerId> producers_;
};

}  // namespace headrace::query
