#include "serve/router.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/clock.h"
#include "query/arrow_ipc.h"
#include "query/nearest.h"
#include "serve/counts_from_now.h"
#include "serve/errors.h"
#include "serve/gzip.h"
#include "serve/site.h"
#include "serve/url.h"

namespace headrace::serve {
namespace {

using query::Json;

constexpr const char* kPacked = " gzip";  // of the form of an answer that is packed

// Rows of an answer as JSON when the question names no limit: more is for Arrow.
constexpr uint64_t kMostRows = 100'000;

std::vector<std::string> pattern_of(const Route& route) {
  return *parts_of(std::string(kApi) + route.path);
}

bool is_variable(const std::string& part) { return part.starts_with('{'); }

bool matches(const Route& route, const std::vector<std::string>& parts) {
  const std::vector<std::string> pattern = pattern_of(route);
  if (pattern.size() != parts.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (is_variable(pattern[i]) ? parts[i].empty() : pattern[i] != parts[i]) return false;
  }
  return true;
}

template <typename T>
std::optional<T> number_of(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Status check_value(const Param& param, const std::string& value) {
  switch (param.kind) {
    case ParamKind::kText:
      if (!param.choices.empty() &&
          std::find(param.choices.begin(), param.choices.end(), value) == param.choices.end()) {
        return invalid_argument(param.name + " is " + query::listed(param.choices) + ", not " +
                                value.substr(0, 100));
      }
      return {};
    case ParamKind::kInteger: {
      const auto number = number_of<int64_t>(value);
      if (!number) {
        return invalid_argument(param.name + " is a whole number, not " + value.substr(0, 100));
      }
      if (*number < param.least || *number > param.most) {
        return invalid_argument(param.name + " lies between " + std::to_string(param.least) +
                                " and " + std::to_string(param.most));
      }
      return {};
    }
    case ParamKind::kReal:
      return number_of<double>(value)
                 ? Status()
                 : invalid_argument(param.name + " is a number, not " + value.substr(0, 100));
    case ParamKind::kFlag:
      return value == "true" || value == "false" || value == "1" || value == "0"
                 ? Status()
                 : invalid_argument(param.name + " is true or false, not " + value.substr(0, 100));
  }
  return {};
}

const Param* find(const std::vector<Param>& params, const std::string& name) {
  const auto found = std::find_if(params.begin(), params.end(),
                                  [&](const Param& param) { return param.name == name; });
  return found == params.end() ? nullptr : &*found;
}

Status unknown(const std::string& name, const std::vector<Param>& params) {
  std::vector<std::string> names;
  for (const Param& param : params) names.push_back(param.name);
  const auto near = query::nearest_names(name, names);
  return invalid_argument("there is no parameter " + name.substr(0, 100) +
                          (!near.empty()   ? query::did_you_mean(near)
                           : names.empty() ? "; there are none here"
                                           : "; there are " + query::listed(names, 20)));
}

Status set_params(const std::vector<std::pair<std::string, std::string>>& given,
                  const std::vector<Param>& params, Call* call) {
  for (const auto& [name, value] : given) {
    const Param* param = find(params, name);
    if (param == nullptr) return unknown(name, params);
    if (!call->text(name).empty()) return invalid_argument(name + " is given twice");
    // An empty one is as good as none: forms send those.
    if (value.empty()) continue;
    HEADRACE_RETURN_IF_ERROR(check_value(*param, value));
    call->set(name, value);
  }
  for (const Param& param : params) {
    if (!call->text(param.name).empty()) continue;
    if (param.required) {
      return invalid_argument("the parameter " + param.name +
                              " is missing; it says: " + param.about);
    }
    if (!param.usual.empty()) call->set(param.name, param.usual);
  }
  return {};
}

// The members of a body as texts, so that they are checked like parameters.
Result<std::vector<std::pair<std::string, std::string>>> members_of(const Json& body) {
  const auto* map = body.as<Json::Map>();
  if (map == nullptr) return invalid_argument("the body is no JSON object; send {\"name\": value}");
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [name, value] : *map) {
    if (!value.is_null()) out.emplace_back(name, value.text());
  }
  return out;
}

Result<std::string> arrow_of(query::ResultTable table) {
  std::string out;
  ArrowArrayStream stream{};
  query::ResultTable::export_stream(std::move(table), &stream);
  const Status status = query::write_arrow_ipc(&stream, [&out](std::string_view bytes) {
    out += bytes;
    return Status();
  });
  stream.release(&stream);
  if (!status.ok()) return status;
  return out;
}

Response response_of(const Request& request, const Call& call, bool is_of_store, Answer answer) {
  Response out;
  if (auto* json = std::get_if<Json>(&answer)) {
    out.body = json->dump();
    return out;
  }
  if (auto* ready = std::get_if<Response>(&answer)) return std::move(*ready);
  auto& table = std::get<TableAnswer>(answer);
  Result<std::string> body = Status();
  if (takes_arrow(request)) {
    out.type = kArrowType;
    if (table.total) out.headers.push_back({"X-Total", std::to_string(*table.total)});
    body = arrow_of(std::move(table.table));
  } else {
    body = table_json(table, table.most == 0 ? kMostRows : table.most,
                      is_of_store ? call.view().watermark : std::string());
  }
  if (!body.ok()) return error_response(body.status());
  out.body = std::move(*body);
  return out;
}

// As weak tags: the same bytes may go out packed or plain.
std::string etag_of(const std::string& watermark) { return "W/\"" + watermark + "\""; }

// The answer without a look at the store: what the asker has already, or what is kept. Nothing when
// neither shows the store as it is shown now.
std::optional<Response> known_answer(const Request& request, const Call& call,
                                     const std::string& question, LiveStore& live) {
  const std::optional<std::string> watermark = live.shown();
  if (!watermark) return std::nullopt;
  Response out;
  const std::string etag = etag_of(*watermark);
  // Of the same state, but perhaps of another moment.
  const bool may_differ = counts_from_now(call.text("filter"));
  if (!may_differ && request.header("if-none-match").find(etag) != std::string_view::npos) {
    out.status = 304;
    out.type = "";
    out.headers.push_back({"ETag", etag});
    return out;
  }
  KeptBodies& bodies = live.kept().bodies();
  const bool is_packed = takes_gzip(request.header("accept-encoding"));
  auto kept = is_packed ? bodies.find(question + kPacked, *watermark) : nullptr;
  if (kept == nullptr) kept = bodies.find(question, *watermark);
  if (kept == nullptr) return std::nullopt;
  out.type = kept->type;
  out.body = kept->bytes;
  out.headers = kept->headers;
  out.headers.push_back({"ETag", etag});
  return out;
}

// What the store says, with its answer kept.
Response asked_answer(const Route& route, const Request& request, const std::string& question,
                      Source& source, Call* call) {
  Result<std::shared_ptr<const StoreView>> view = source.live().view();
  if (!view.ok()) return store_error_response(view.status());
  call->look_at(view->get());
  Result<Answer> answer = route.answer(*call);
  if (!answer.ok()) return error_response(answer.status());
  Response out = response_of(request, *call, true, std::move(*answer));
  if (question.empty() || out.status != 200) return out;
  const std::string& watermark = (*view)->watermark;
  KeptBodies& bodies = (*view)->kept->bodies();
  bodies.keep(question, watermark, {out.type, out.body, out.headers});
  if (takes_gzip(request.header("accept-encoding"))) {
    pack(request, &out);
    bodies.keep(question + kPacked, watermark, {out.type, out.body, out.headers});
  }
  out.headers.push_back({"ETag", etag_of(watermark)});
  return out;
}

// The same text for what has the same answer, while the store is the same.
std::string question_of(const Request& request, const Url& url, const Call& call) {
  // Where the answer changes with the clock too it is kept for this second alone. That is enough
  // for many who look at the same page.
  const std::string second =
      counts_from_now(call.text("filter")) ? std::to_string(now_realtime_ns() / 1'000'000'000) : "";
  return second + url.path + call.canonical() + (takes_arrow(request) ? " arrow" : "");
}

Response answer_by(const Route& route, const Request& request, const Url& url,
                   const std::vector<std::string>& parts, Site& site, Source& source) {
  if (route.only_on_socket && request.way != Way::kSocket) {
    return error_response(403, "socket", "this is answered on the socket alone", "",
                          "curl --unix-socket .headrace/serve.sock http://localhost/...");
  }
  if (route.changes_store && !site.allows_write()) {
    return error_response(403, "read_only", "this server changes nothing", "",
                          "start it with headrace serve --allow-write");
  }
  Json body;
  if (!route.body.empty()) {
    if (!request.header("content-type").starts_with("application/json")) {
      return error_response(415, "type", "the body must be JSON", "its Content-Type says otherwise",
                            "send Content-Type: application/json");
    }
    Result<Json> parsed = Json::parse(request.body);
    if (!parsed.ok())
      return error_response(invalid_argument("the body is no JSON: " + parsed.status().message()));
    body = std::move(*parsed);
  }
  Call call(request, site, source, std::move(body));
  const std::vector<std::string> pattern = pattern_of(route);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (is_variable(pattern[i])) call.set(pattern[i].substr(1, pattern[i].size() - 2), parts[i]);
  }
  Status checked = set_params(url.query, route.params, &call);
  if (checked.ok() && !route.body.empty()) {
    const auto members = members_of(call.body());
    checked = members.ok() ? set_params(*members, route.body, &call) : members.status();
  }
  if (!checked.ok()) return error_response(checked);
  if (!route.is_of_store) {
    Result<Answer> answer = route.answer(call);
    if (!answer.ok()) return error_response(answer.status());
    return response_of(request, call, false, std::move(*answer));
  }
  LiveStore& live = source.live();
  if (route.method != "GET") return asked_answer(route, request, "", source, &call);
  const std::string question = question_of(request, url, call);
  std::optional<Response> known = known_answer(request, call, question, live);
  if (known) return std::move(*known);
  // Who waited for somebody else's answer to it finds that one.
  const KeptBodies::Making making = live.kept().bodies().making(question);
  known = known_answer(request, call, question, live);
  return known ? std::move(*known) : asked_answer(route, request, question, source, &call);
}

}  // namespace

bool takes_arrow(const Request& request) {
  return request.header("accept").find(kArrowType) != std::string_view::npos;
}

std::string Call::text(const std::string& name) const {
  for (const auto& [known, value] : given_) {
    if (known == name) return value;
  }
  return "";
}

std::string Call::canonical() const {
  auto sorted = given_;
  std::sort(sorted.begin(), sorted.end());
  std::string out;
  for (const auto& [name, value] : sorted) {
    out += "&" + name + "=" + std::to_string(value.size()) + ":" + value;
  }
  return out;
}

std::optional<int64_t> Call::integer(const std::string& name) const {
  return number_of<int64_t>(text(name));
}

std::optional<double> Call::real(const std::string& name) const {
  return number_of<double>(text(name));
}

Response dispatch(const Request& request, Site& site, Source& source, std::string* counted) {
  const Url url = url_of(request.target);
  const auto parts = parts_of(url.path);
  std::string methods;
  // HEAD is GET whose body is not sent.
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  if (parts) {
    for (const Route& route : routes()) {
      if (!matches(route, *parts)) continue;
      if (route.method == method) {
        *counted = route.path;
        return answer_by(route, request, url, *parts, site, source);
      }
      methods += (methods.empty() ? "" : ", ") + route.method;
    }
  }
  if (!methods.empty()) {
    Response out = error_response(405, "method",
                                  request.method.substr(0, 20) + " is not what this address takes",
                                  "", "it takes " + methods);
    out.headers.push_back({"Allow", methods});
    return out;
  }
  return error_response(404, "no_such_path", "there is nothing at " + url.path.substr(0, 200), "",
                        "GET /openapi.json lists what there is");
}

}  // namespace headrace::serve
