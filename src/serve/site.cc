#include "serve/site.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "query/json.h"
#include "serve/embedded_page.h"
#include "serve/errors.h"
#include "serve/gzip.h"
#include "serve/metrics.h"
#include "serve/openapi.h"
#include "serve/router.h"
#include "serve/url.h"

namespace headrace::serve {
namespace {

using query::Json;

constexpr int64_t kFoldMs = 60'000;
constexpr int64_t kLendMs = 10'000;

// Scripts and styles from here alone, no frame around it, no guessing of types, no address told.
void add_usual_headers(const Request& request, Response* out) {
  const auto has = [out](const char* name) {
    return std::any_of(out->headers.begin(), out->headers.end(),
                       [name](const Header& header) { return header.name == name; });
  };
  const auto add = [&](const char* name, const char* value) {
    if (!has(name)) out->headers.push_back({name, value});
  };
  add("Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
      "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Opener-Policy", "same-origin");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Permissions-Policy", "camera=(), geolocation=(), microphone=(), usb=()");
  add("Cache-Control", has("ETag") ? "private, no-cache" : "no-store");
  add("Vary", "Accept, Accept-Encoding, Cookie");
  if (request.way == Way::kTls) add("Strict-Transport-Security", "max-age=86400");
}

// As a browser does, so that it finds just this answer.
void ask_ahead(Site& site, Source& source, const std::string& target) {
  Request request;
  request.way = Way::kSocket;
  request.method = "GET";
  request.target = std::string(kApi) + target;
  request.headers.push_back({"accept-encoding", "gzip"});
  std::string ignored;
  dispatch(request, site, source, &ignored);
}

Response text_response(const std::string& type, std::string body) {
  Response out;
  out.type = type;
  out.body = std::move(body);
  return out;
}

}  // namespace

Response store_error_response(const Status& status) {
  // A program of that version may come and serve it, so it is no error of the question.
  Response out = status.code() == StatusCode::kUnsupported
                     ? error_response_as(503, "newer_store", status)
                     : error_response(status);
  if (out.status == 404) out.status = 503;
  out.headers.push_back({"Retry-After", "1"});
  return out;
}

Site::Site(std::vector<SourceSpec> sources, const SiteOptions& options)
    : allow_write_(options.allow_write),
      carbon_(options.carbon),
      started_ns_(now_realtime_ns()),
      access_(options.access) {
  for (SourceSpec& spec : sources) {
    sources_.push_back(std::make_unique<Source>(
        std::move(spec), options.live,
        [this](Source& source, const std::string& target) { ask_ahead(*this, source, target); }));
  }
}

void Site::stop() {
  for (const auto& source : sources_) {
    source->ahead().stop();
    source->live().stop();
  }
}

Source* Site::named(const std::string& name) {
  for (const auto& source : sources_) {
    if (source->name() == name) return source.get();
  }
  return nullptr;
}

std::optional<Response> Site::refuse(const Request& head) {
  std::optional<Response> refusal = access_.refuse(head);
  if (refusal) add_usual_headers(head, &*refusal);
  return refusal;
}

Response Site::answer(const Request& request) {
  const int64_t begin_ns = now_monotonic_ns();
  std::string counted = "other";
  Response out = find_answer(request, &counted);
  pack(request, &out);
  add_usual_headers(request, &out);
  const std::lock_guard lock(mutex_);
  PathCounts& counts = paths_[counted];
  ++counts.requests;
  if (out.status >= 400) ++counts.errors;
  counts.seconds += static_cast<double>(now_monotonic_ns() - begin_ns) / 1e9;
  return out;
}

std::map<std::string, PathCounts> Site::path_counts() const {
  const std::lock_guard lock(mutex_);
  return paths_;
}

// What a command of this user asks, that has no meaning for a page.
Response Site::answer_on_socket(const Request& request, Source& source, const std::string& path) {
  if (request.method != "POST") return error_response(405, "method", "POST it", "", "");
  if (path == "/ticket") {
    return text_response("application/json",
                         Json(Json::Map{{"url", url_ + access_.new_ticket_path()}}).dump());
  }
  if (path == "/fold") {
    const Status done = source.live().fold_now(kFoldMs);
    if (!done.ok()) return store_error_response(done);
    return text_response("application/json",
                         Json(Json::Map{{"watermark", source.live().latest().watermark}}).dump());
  }
  Result<std::shared_ptr<void>> lent = source.live().lend(kLendMs);
  if (!lent.ok()) return store_error_response(lent.status());
  Response out = text_response("application/json", R"({"lent":true})");
  out.until_closed = std::move(*lent);
  out.until_closed_s = 600;
  return out;
}

// "/s/NAME/..." is the source of that name; without, a socket's own, else the first.
Response Site::find_answer(const Request& request, std::string* counted) {
  constexpr std::string_view kNamed = "/s/";
  if (request.target.starts_with(kNamed)) {
    const size_t end = request.target.find_first_of("/?", kNamed.size());
    const auto name = decoded(request.target.substr(kNamed.size(), end - kNamed.size()), false);
    Source* source = name ? named(*name) : nullptr;
    if (source == nullptr) {
      return error_response(404, "no_such_source", "no such folder or store is served here", "",
                            "GET /api/v1/sources lists them");
    }
    Request own = request;
    own.target = end == std::string::npos ? "/" : request.target.substr(end);
    if (own.target.front() != '/') own.target.insert(0, "/");
    return answer_of(own, *source, counted);
  }
  const bool is_of_socket = request.way == Way::kSocket && request.socket < socket_sources_.size();
  return answer_of(request, *sources_[is_of_socket ? socket_sources_[request.socket] : 0], counted);
}

Response Site::answer_of(const Request& request, Source& source, std::string* counted) {
  const Url url = url_of(request.target);
  const bool is_get = request.method == "GET" || request.method == "HEAD";
  if (request.way == Way::kSocket &&
      (url.path == "/fold" || url.path == "/lend" || url.path == "/ticket")) {
    *counted = url.path;
    return answer_on_socket(request, source, url.path);
  }
  if (url.path == kEventsPath && is_get) {
    *counted = url.path;
    Response out;
    out.type = "text/event-stream";
    std::string last_seen(request.header("last-event-id"));
    for (const auto& [name, value] : url.query) {
      if (name == "last_event_id" && last_seen.empty()) last_seen = value;
    }
    out.stream = source.events().subscribe(last_seen, source.live().latest());
    return out;
  }
  if (url.path == kApi || url.path.starts_with(std::string(kApi) + "/")) {
    source.ahead().looked();
    return dispatch(request, *this, source, counted);
  }
  if (!is_get) {
    return error_response(405, "method", "this address is only read", "", "GET it");
  }
  *counted = url.path;
  if (url.path == "/healthz") return text_response("text/plain", "ok\n");
  if (url.path == "/metrics") {
    return text_response("text/plain; version=0.0.4", metrics_text(*this));
  }
  if (url.path == "/openapi.json") return text_response("application/json", openapi_json());
  *counted = "page";
  return page_response(request, url.path);
}

}  // namespace headrace::serve
