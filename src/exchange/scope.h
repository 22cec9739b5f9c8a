// Which part of a store is handed on: all of it, one campaign or one workflow.
//
//   Result<Scope> scope = Scope::open(session, {.campaign = "sweep"});
//   scope->connection().query("SELECT count(*) FROM task" + scope->where("task"));
#pragma once

#include <string>

#include "base/status.h"
#include "query/session.h"

namespace headrace::exchange {

// As a person typed them; empty: everything.
struct ScopeChoice {
  std::string campaign;
  std::string workflow;
};

class Scope {
 public:
  // A connection on which the views can be read, `used` and `generated` of `task` as JSON. Errors:
  // kNotFound with the nearest names, kInvalidArgument when a name may mean several.
  static Result<Scope> open(const query::Session& session, const ScopeChoice& choice);

  // " WHERE ..." for one of query::view_names(), or nothing when everything is chosen. Objects are
  // those that chosen tasks and workflows used or generated; samples are those taken while a chosen
  // workflow ran on the host.
  std::string where(const std::string& view) const;
  bool whole() const { return whole_; }
  const store::Connection& connection() const { return connection_; }

 private:
  Scope(store::Connection connection, bool whole)
      : connection_(std::move(connection)), whole_(whole) {}
  store::Connection connection_;
  bool whole_;
};

}  // namespace headrace::exchange
