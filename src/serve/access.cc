#include "serve/access.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sys/random.h>
#include <utility>

#include "serve/errors.h"

namespace headrace::serve {
namespace {

constexpr size_t kMostTickets = 16;

bool is_loopback_name(std::string_view host) {
  return host == "127.0.0.1" || host == "localhost" || host == "::1";
}

bool is_safe(std::string_view method) { return method == "GET" || method == "HEAD"; }

// A page that a person asked for by a link, an address typed or a bookmark.
bool is_navigation(const Request& request) {
  return request.method == "GET" && request.header("sec-fetch-mode") == "navigate" &&
         request.header("sec-fetch-dest") == "document";
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

ptrdiff_t count(const Request& request, std::string_view name) {
  return std::count_if(request.headers.begin(), request.headers.end(),
                       [name](const Header& header) { return header.name == name; });
}

// A page of ours without script. `body` is our own text.
Response page(int status, const std::string& title, const std::string& body,
              const std::string& head = "") {
  Response out;
  out.status = status;
  out.type = "text/html; charset=utf-8";
  out.body =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
      "<link rel=\"icon\" href=\"data:,\">" +
      head + "<title>" + title + "</title><h1>" + title + "</h1>" + body + "</html>\n";
  return out;
}

}  // namespace

std::string draw_secret() {
  std::array<unsigned char, 32> bytes{};
  size_t drawn = 0;
  while (drawn < bytes.size()) {
    const ssize_t n = getrandom(bytes.data() + drawn, bytes.size() - drawn, 0);
    // Only a signal can keep 32 bytes from coming; without any there is nothing to guard with.
    if (n > 0) drawn += static_cast<size_t>(n);
    if (n < 0 && errno != EINTR) std::abort();
  }
  std::string out;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}

bool is_same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size() || a.empty()) return false;
  unsigned different = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return different == 0;
}

std::string host_of(std::string_view text) {
  size_t end = text.size();
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return "";
    if (close + 1 != text.size() && text[close + 1] != ':') return "";
    return lower(text.substr(1, close - 1));
  }
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    if (text.find(':', colon + 1) != std::string_view::npos) return "";
    end = colon;
  }
  return lower(text.substr(0, end));
}

Access::Access(AccessRules rules) : rules_(std::move(rules)), session_(draw_secret()) {}

std::string Access::new_ticket_path() {
  std::string ticket = draw_secret();
  const std::lock_guard lock(mutex_);
  if (tickets_.size() >= kMostTickets) tickets_.erase(tickets_.begin());
  tickets_.push_back(ticket);
  return "/open?ticket=" + ticket;
}

uint64_t Access::refusals() const {
  const std::lock_guard lock(mutex_);
  return refusals_;
}

std::optional<Response> Access::check_origin(const Request& request) const {
  // What stands before this server, or behind it, could go by the other one.
  for (const char* once : {"host", "origin", "sec-fetch-site"}) {
    if (count(request, once) < 2) continue;
    return error_response(400, "header", std::string("the header ") + once + " is there twice", "",
                          "send it once");
  }
  const std::string host = host_of(request.header("host"));
  const bool is_known =
      is_loopback_name(host) ||
      std::find(rules_.hosts.begin(), rules_.hosts.end(), host) != rules_.hosts.end();
  if (!is_known) {
    return error_response(421, "host", "this server does not answer to the name that was asked for",
                          "a page of another name may have been made to point here",
                          "open it as 127.0.0.1 or localhost, or allow the name with --host");
  }
  const std::string_view origin = request.header("origin");
  const std::string own =
      (request.way == Way::kTls ? "https://" : "http://") + lower(request.header("host"));
  if (!origin.empty() && lower(origin) != own) {
    return error_response(403, "origin", "another page may not ask here",
                          "the request comes from " + std::string(origin.substr(0, 200)),
                          "open the page of this server itself");
  }
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none" && !is_navigation(request)) {
    return error_response(403, "origin", "another page may not ask here",
                          "the browser says that the request is " + std::string(site.substr(0, 40)),
                          "open the page of this server itself");
  }
  return std::nullopt;
}

bool Access::has_cookie(const Request& request) const {
  const std::string name = "headrace-" + std::to_string(rules_.port) + "=";
  std::string_view cookies = request.header("cookie");
  while (!cookies.empty()) {
    const size_t end = cookies.find(';');
    std::string_view one = cookies.substr(0, end);
    while (one.starts_with(' ')) one.remove_prefix(1);
    if (one.starts_with(name) && is_same_secret(one.substr(name.size()), session_)) return true;
    cookies = end == std::string_view::npos ? std::string_view() : cookies.substr(end + 1);
  }
  return false;
}

bool Access::has_token(const Request& request) const {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.header("authorization");
  return given.starts_with(kScheme) && is_same_secret(given.substr(kScheme.size()), rules_.token);
}

Response Access::open(const Request& request) {
  constexpr std::string_view kTicket = "/open?ticket=";
  const std::string_view given = std::string_view(request.target).substr(kTicket.size());
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(tickets_.begin(), tickets_.end(), [given](const auto& ticket) {
      return is_same_secret(given, ticket);
    });
    if (found == tickets_.end()) {
      ++refusals_;
      return page(403, "This address has been used",
                  "<p>It opens the page once. <code>headrace ui</code> makes a new one.</p>");
    }
    tickets_.erase(found);
  }
  // A redirect would count as the other page's when a link there led here, and the browser would
  // keep the cookie back; going on from a page of ours is our own.
  Response out = page(200, "Headrace", "<p><a href=\"/\">Go on</a></p>",
                      "<meta http-equiv=\"refresh\" content=\"0;url=/\">");
  out.headers.push_back({"Set-Cookie", "headrace-" + std::to_string(rules_.port) + "=" + session_ +
                                           "; Path=/; HttpOnly; SameSite=Strict" +
                                           (request.way == Way::kTls ? "; Secure" : "")});
  return out;
}

std::optional<Response> Access::refuse(const Request& request) {
  if (request.way == Way::kSocket) return std::nullopt;
  std::optional<Response> refusal = check_origin(request);
  if (!refusal) {
    const std::string_view path =
        std::string_view(request.target).substr(0, request.target.find('?'));
    if (path == "/healthz" && is_safe(request.method)) return std::nullopt;
    if (path == "/open" && request.method == "GET" && request.target.starts_with("/open?ticket=")) {
      return open(request);
    }
    if (has_token(request)) return std::nullopt;
    if (has_cookie(request)) {
      if (is_safe(request.method) || !request.header("origin").empty()) return std::nullopt;
      refusal =
          error_response(403, "origin", "a request that changes something must say its Origin",
                         "this one was made without", "ask with the token or by the socket");
    } else if (request.header("accept").find("text/html") != std::string_view::npos) {
      refusal = page(401, "Not open here",
                     "<p>Open the address that <code>headrace serve</code> printed, or run "
                     "<code>headrace ui</code>.</p><p>If this page was open here before: "
                     "<a href=\"\">load it again</a>.</p>");
    } else {
      refusal = error_response(401, "token", "this server answers only who was let in",
                               "there is no valid cookie or token",
                               "open the address that headrace serve printed, or run headrace ui");
    }
  }
  const std::lock_guard lock(mutex_);
  ++refusals_;
  return refusal;
}

}  // namespace headrace::serve
