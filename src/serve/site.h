// Everything that is answered: the API by its routes, the stream of changes, the page, health and
// measures; behind the rules of access, with the headers that every answer carries.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "query/carbon_factors.h"
#include "query/limited_query.h"
#include "serve/access.h"
#include "serve/http.h"
#include "serve/http_server.h"
#include "serve/live_store.h"
#include "serve/source.h"

namespace headrace::serve {

struct SiteOptions {
  AccessRules access;
  LiveStoreOptions live;
  bool allow_write = false;
  std::optional<query::CarbonQuestion> carbon{};
};

// Of one path.
struct PathCounts {
  uint64_t requests = 0;
  uint64_t errors = 0;  // status 400 and above
  double seconds = 0;
};

class Site : public Responder {
 public:
  // At least one source; the first is the one that addresses without a name mean.
  Site(std::vector<SourceSpec> sources, const SiteOptions& options);

  std::optional<Response> refuse(const Request& head) override;
  Response answer(const Request& request) override;

  query::LimitedQueries& limited() { return limited_; }
  Access& access() { return access_; }
  const std::vector<std::unique_ptr<Source>>& sources() const { return sources_; }
  // Which source the next socket listened at belongs to.
  void add_socket(size_t source) { socket_sources_.push_back(source); }
  // Lets go of the stores.
  void stop();
  bool allows_write() const { return allow_write_; }
  // Where carbon factors stand; nullptr: nowhere.
  const query::CarbonQuestion* carbon() const { return carbon_ ? &*carbon_ : nullptr; }
  // What the connections did; nullptr in tests without a server.
  void set_server(const HttpServer* server) { server_ = server; }
  const HttpServer* server() const { return server_; }
  // "http://127.0.0.1:8437", for those on the socket.
  void set_url(const std::string& url) { url_ = url; }
  const std::string& url() const { return url_; }
  std::map<std::string, PathCounts> path_counts() const;
  int64_t started_ns() const { return started_ns_; }

 private:
  Response find_answer(const Request& request, std::string* counted);
  Response answer_of(const Request& request, Source& source, std::string* counted);
  Response answer_on_socket(const Request& request, Source& source, const std::string& path);
  Source* named(const std::string& name);

  const bool allow_write_;
  const std::optional<query::CarbonQuestion> carbon_;
  const int64_t started_ns_;  // of the epoch
  Access access_;
  query::LimitedQueries limited_{"/proc/self/exe", 2};
  const HttpServer* server_ = nullptr;
  std::string url_;
  mutable std::mutex mutex_;
  std::map<std::string, PathCounts> paths_;
  std::vector<size_t> socket_sources_;
  std::vector<std::unique_ptr<Source>> sources_;  // last: they call the site
};

// A store that cannot be read: 503, so that whoever asked knows to try again.
Response store_error_response(const Status& status);

}  // namespace headrace::serve
