// The table of what can be asked: one line of it dispatches a request, checks its parameters and
// describes it in the OpenAPI document, so that none of these can speak of something else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "query/json.h"
#include "query/result_table.h"
#include "serve/http.h"
#include "serve/live_store.h"

namespace headrace::serve {

class Site;
class Source;

enum class ParamKind : uint8_t { kText, kInteger, kReal, kFlag };

struct Param {
  std::string name;
  std::string about;
  ParamKind kind = ParamKind::kText;
  bool required = false;
  std::vector<std::string> choices{};  // of text; empty: any
  std::string usual{};                 // taken when it is not given; "": none
  int64_t least = 0;                   // of integers and reals
  int64_t most = INT64_MAX;
};

// One question, its parameters checked.
class Call {
 public:
  Call(const Request& request, Site& site, Source& source, query::Json body)
      : request_(request), site_(site), source_(source), body_(std::move(body)) {}
  // Before a route of the store answers; it outlives this.
  void look_at(const StoreView* view) { view_ = view; }
  void set(const std::string& name, std::string value) {
    given_.emplace_back(name, std::move(value));
  }

  const query::Session& session() const { return view_->session; }
  const Request& request() const { return request_; }
  const StoreView& view() const { return *view_; }
  Site& site() const { return site_; }
  Source& source() const { return source_; }
  // "" when it was not given.
  std::string text(const std::string& name) const;
  std::optional<int64_t> integer(const std::string& name) const;
  std::optional<double> real(const std::string& name) const;
  bool flag(const std::string& name) const {
    const std::string value = text(name);
    return value == "true" || value == "1";
  }
  const query::Json& body() const { return body_; }
  // The same text for the same parameters, in whatever order they were given.
  std::string canonical() const;

 private:
  const Request& request_;
  const StoreView* view_ = nullptr;
  Site& site_;
  Source& source_;
  query::Json body_;
  std::vector<std::pair<std::string, std::string>> given_;
};

struct TableAnswer {
  query::ResultTable table;
  std::optional<uint64_t> total{};  // where the table holds only some of the rows
  query::Json::Map more{};          // other members beside the rows, of the JSON form
  uint64_t most = 0;                // rows to show of the JSON form; 0: as many as usual
};
// A Response is sent as it stands.
using Answer = std::variant<query::Json, TableAnswer, Response>;

enum class Form : uint8_t { kTable, kDocument };

struct Route {
  std::string method;
  std::string path;   // "/workflows/{id}", below /api/v1
  std::string about;  // a sentence
  Form form = Form::kDocument;
  std::vector<Param> params{};
  Result<Answer> (*answer)(const Call&) = nullptr;
  // Follows from the store alone, so that its watermark tells whether it is still the same.
  bool is_of_store = true;
  // Of a body: its members, as Params. Empty: no body.
  std::vector<Param> body{};
  bool changes_store = false;  // only with --allow-write
  bool only_on_socket = false;
};

// All of them, in the order in which the document shows them.
const std::vector<Route>& routes();

}  // namespace headrace::serve
