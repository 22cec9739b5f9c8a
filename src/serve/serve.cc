#include "serve/serve.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <list>
#include <memory>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include "collect/live_server.h"
#include "serve/port_owner.h"
#include "serve/source.h"

namespace headrace::serve {
namespace {

constexpr int kPortsTried = 20;

bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

Status check(const ServeOptions& options) {
  if (is_loopback(options.address)) return {};
  if (options.tls && !options.token.empty()) return {};
  return invalid_argument(
      "anyone who reaches " + options.address +
      " could read everything: another address than 127.0.0.1 needs --tls-cert and --tls-key and a "
      "token (--token-file); or stay on 127.0.0.1 and use an ssh tunnel");
}

std::string taken_by(uint16_t port) {
  const std::string owner = port_owner(port);
  return "port " + std::to_string(port) + " is taken" + (owner.empty() ? "" : " by " + owner);
}

// The port that was asked for; without one the usual, or the first after it that is free.
Result<uint16_t> listen(HttpServer& server, const ServeOptions& options, std::string* note) {
  const uint16_t first = options.port.value_or(kUsualPort);
  Result<uint16_t> bound = server.listen(options.address, first, options.tls);
  if (bound.ok() || bound.status().code() != StatusCode::kUnavailable) return bound;
  const std::string why = taken_by(first);
  if (options.port) {
    // Found by listening there, which ends with this process.
    for (int next = first + 1; next <= first + kPortsTried && next < 65536; ++next) {
      const auto free = server.listen(options.address, static_cast<uint16_t>(next), options.tls);
      if (free.ok()) return unavailable(why + "; --port " + std::to_string(*free) + " is free");
    }
    return unavailable(why + "; name another with --port");
  }
  for (uint16_t next = first + 1; next <= first + kPortsTried; ++next) {
    bound = server.listen(options.address, next, options.tls);
    if (bound.ok()) {
      *note = why;
      return bound;
    }
  }
  return unavailable(why + ", and so are the next " + std::to_string(kPortsTried) +
                     "; name another with --port");
}

// Where the socket would be; or why there can be none.
Status listen_socket(HttpServer& server, const Directory& directory,
                     collect::SocketFolder& folder) {
  if (access(directory.root.c_str(), W_OK | X_OK) != 0) {
    return unavailable("the folder " + directory.root.string() +
                       " cannot be written, so commands do not find this server");
  }
  if (!folder.open(directory)) {
    return unavailable("the folder " + directory.root.string() + " cannot be opened");
  }
  return server.listen_socket(folder.socket_path());
}

}  // namespace

std::string ssh_line(uint16_t port) {
  const char* connection = std::getenv("SSH_CONNECTION");
  if (connection == nullptr || *connection == '\0') return "";
  const passwd* user = getpwuid(geteuid());
  const std::string number = std::to_string(port);
  return "ssh -N -L " + number + ":127.0.0.1:" + number + " " +
         (user == nullptr ? "" : std::string(user->pw_name) + "@") + host_name();
}

Status serve(const std::vector<std::filesystem::path>& paths, const ServeOptions& options,
             const std::function<void(const Serving&)>& ready) {
  HEADRACE_RETURN_IF_ERROR(check(options));
  if (options.carbon) {
    const auto factors = query::CarbonFactors::read(*options.carbon);
    if (!factors.ok()) return factors.status();
  }
  Result<std::vector<SourceSpec>> sources = find_sources(paths);
  if (!sources.ok()) return sources.status();
  for (const SourceSpec& source : *sources) {
    if (std::filesystem::is_regular_file(source.root)) continue;
    if (!collect::LiveServer::find(Directory{source.root})) continue;
    return unavailable("another headrace serve serves " + source.root.string() +
                       " already; headrace ui opens its page");
  }
  SiteOptions site_options;
  site_options.access.hosts = options.hosts;
  if (!is_loopback(options.address)) {
    site_options.access.hosts.push_back(options.address);
    site_options.access.hosts.push_back(host_name());
  }
  site_options.access.token = options.token;
  site_options.allow_write = options.allow_write;
  site_options.carbon = options.carbon;
  site_options.live = options.live;
  Site site(std::move(*sources), site_options);
  HttpServer server(site, options.limits);
  site.set_server(&server);
  Serving at;
  if (options.loopback) {
    const Result<uint16_t> port = listen(server, options, &at.port_note);
    if (!port.ok()) return port.status();
    at.port = *port;
    site.access().set_port(*port);
    const std::string host = options.address.find(':') == std::string::npos
                                 ? options.address
                                 : "[" + options.address + "]";
    at.url = std::string(options.tls ? "https://" : "http://") +
             (is_loopback(options.address) ? host : host_name()) + ":" + std::to_string(*port);
    site.set_url(at.url);
    at.open_url = at.url + site.access().new_ticket_path();
  }
  std::list<collect::SocketFolder> folders;
  for (size_t i = 0; i < site.sources().size(); ++i) {
    Source& source = *site.sources()[i];
    if (!source.is_folder()) continue;
    const Directory directory{source.root()};
    const Status made = listen_socket(server, directory, folders.emplace_back());
    if (made.ok()) {
      site.add_socket(i);
      if (at.socket.empty()) at.socket = collect::socket_of(directory).string();
    } else if (!options.loopback) {
      return made;
    } else {
      at.socket_note += (at.socket_note.empty() ? "" : "; ") + made.message();
    }
  }
  if (!options.loopback && at.socket.empty()) {
    return invalid_argument("a store's file has no socket; serve its folder, or on a port");
  }
  if (ready) ready(at);
  const Status ended = server.run({SIGTERM, SIGINT});
  site.stop();
  return ended;
}

}  // namespace headrace::serve
