// The only file that knows Boost.Beast and OpenSSL.
#include "serve/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <list>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <vector>

#include "serve/work_pool.h"

namespace headrace::serve {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using asio::local::stream_protocol;
using Clock = std::chrono::steady_clock;
using boost::system::error_code;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBytes = 16 << 10;
constexpr auto kStopAgain = std::chrono::milliseconds(50);

using SocketStream = beast::basic_stream<stream_protocol>;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// How a connection came.
struct Door {
  Way way = Way::kLoopback;
  size_t socket = 0;
};

Request request_of(const http::request_header<>& head, const Door& door) {
  Request out;
  out.way = door.way;
  out.socket = door.socket;
  out.method = std::string(head.method_string());
  out.target = std::string(head.target());
  for (const auto& field : head) {
    out.headers.push_back({lower(field.name_string()), std::string(field.value())});
  }
  return out;
}

bool is_peer_allowed(const stream_protocol::socket& socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  // The handle is only read.
  const int descriptor = const_cast<stream_protocol::socket&>(socket).native_handle();
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid() || peer.uid == 0;
}

Response busy_response() {
  Response out;
  out.status = 503;
  out.headers.push_back({"Retry-After", "1"});
  out.body = R"({"error":{"kind":"busy","what":"too many questions are waiting","why":null,)"
             R"("next":"ask again in a second","at":null}})";
  return out;
}

Status bind_error(const std::string& where, const error_code& error) {
  if (error == asio::error::address_in_use) return unavailable(where + " is taken");
  return io_error("cannot listen at " + where, error.value());
}

}  // namespace

class HttpServer::Loop {
 public:
  Loop(Responder& responder, const ServerLimits& limits)
      : responder_(responder), limits_(limits), pool_(limits.workers, limits.queue) {}

  Result<uint16_t> listen(const std::string& address, uint16_t port,
                          const std::optional<TlsFiles>& tls);
  Status listen_socket(const std::filesystem::path& path);
  Status run(const std::vector<int>& signals);
  void stop() {
    asio::post(io_, [this] { begin_stop(); });
  }
  const ServerCounts& counts() const { return counts_; }
  size_t queued() const { return pool_.queued(); }

 private:
  // A connection that waits: for a request, an event, or its end.
  using Waiting = std::list<std::function<void()>>;

  asio::awaitable<void> accept_tcp(tcp::acceptor& acceptor);
  asio::awaitable<void> accept_socket(stream_protocol::acceptor& acceptor, size_t number);
  asio::awaitable<void> greet_tls(beast::tcp_stream plain);
  template <class Stream>
  asio::awaitable<void> talk(Stream stream, Door door);
  template <class Stream>
  asio::awaitable<bool> talk_on(Stream& stream, Door door);
  template <class Stream>
  asio::awaitable<void> linger(Stream& lowest);
  template <class Stream>
  asio::awaitable<bool> wait_for_bytes(Stream& stream, beast::flat_buffer& buffer, int seconds);
  template <class Stream>
  asio::awaitable<std::optional<Response>> respond(Stream& stream, Request request);
  template <class Stream>
  asio::awaitable<bool> send(Stream& stream, const Response& response, bool is_head, bool keep);
  template <class Stream>
  asio::awaitable<void> send_stream(Stream& stream, const Response& response);
  void count_failure(const error_code& error);
  void begin_stop();

  Responder& responder_;
  const ServerLimits limits_;
  ServerCounts counts_;
  asio::io_context io_{1};
  std::optional<asio::ssl::context> tls_;
  std::list<tcp::acceptor> tcp_;
  std::list<stream_protocol::acceptor> sockets_;
  std::list<std::filesystem::path> socket_paths_;
  Waiting waiting_;
  bool stopping_ = false;
  std::optional<asio::steady_timer> stop_deadline_;
  WorkPool pool_;  // last: its threads end before what they use goes
};

Result<uint16_t> HttpServer::Loop::listen(const std::string& address, uint16_t port,
                                          const std::optional<TlsFiles>& tls) {
  error_code error;
  const auto number = asio::ip::make_address(address, error);
  if (error) return invalid_argument(address + " is no address; give a number like 127.0.0.1");
  if (tls && !tls_) {
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
    if (!error) tls_->use_certificate_chain_file(tls->certificate.string(), error);
    if (error) {
      return invalid_argument("cannot use the certificate " + tls->certificate.string() + ": " +
                              error.message());
    }
    tls_->use_private_key_file(tls->key.string(), asio::ssl::context::pem, error);
    if (error) {
      return invalid_argument("cannot use the key " + tls->key.string() + ": " + error.message());
    }
  }
  tcp::acceptor acceptor(io_);
  const tcp::endpoint where(number, port);
  acceptor.open(where.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(where, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return bind_error("port " + std::to_string(port), error);
  const uint16_t bound = acceptor.local_endpoint(error).port();
  tcp_.push_back(std::move(acceptor));
  return bound;
}

Status HttpServer::Loop::listen_socket(const std::filesystem::path& path) {
  error_code error;
  stream_protocol::acceptor acceptor(io_);
  acceptor.open(stream_protocol(), error);
  if (error) return io_error("cannot make a socket", error.value());
  unlink(path.c_str());
  // No moment in which another user could open it.
  const mode_t before = umask(0177);
  acceptor.bind(stream_protocol::endpoint(path.string()), error);
  umask(before);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return bind_error(path.string(), error);
  sockets_.push_back(std::move(acceptor));
  socket_paths_.push_back(path);
  return {};
}

void HttpServer::Loop::count_failure(const error_code& error) {
  if (error == beast::error::timeout) {
    ++counts_.requests_timed_out;
  } else if (error == http::error::header_limit || error == http::error::body_limit ||
             error == http::error::buffer_overflow) {
    ++counts_.requests_too_large;
  } else if (error != http::error::end_of_stream && error != http::error::partial_message &&
             error.category() == http::make_error_code(http::error::bad_method).category()) {
    ++counts_.requests_malformed;
  }
}

// Until something is there to be read, at most so long. The end of a wait by a stop is an end.
template <class Stream>
asio::awaitable<bool> HttpServer::Loop::wait_for_bytes(Stream& stream, beast::flat_buffer& buffer,
                                                       int seconds) {
  if (buffer.size() > 0) co_return true;
  if (stopping_) co_return false;
  beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(seconds));
  const auto place =
      waiting_.insert(waiting_.end(), [&stream] { beast::get_lowest_layer(stream).cancel(); });
  const auto [error, bytes] = co_await stream.async_read_some(buffer.prepare(kReadBytes), kToken);
  waiting_.erase(place);
  if (error) co_return false;
  buffer.commit(bytes);
  co_return true;
}

// Stops the question when the client closes; not when it says something more. Once it is answered
// the socket may be gone.
template <class Stream>
void stop_when_gone(Stream& stream, const std::shared_ptr<store::Interrupt>& interrupt,
                    const std::shared_ptr<asio::steady_timer>& wake,
                    const std::shared_ptr<const bool>& is_answered) {
  auto& socket = beast::get_lowest_layer(stream).socket();
  socket.async_wait(asio::socket_base::wait_read,
                    [&socket, interrupt, wake, is_answered](const error_code& error) {
                      if (error || *is_answered) return;
                      char byte = 0;
                      if (recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
                        return;
                      interrupt->stop();
                      wake->cancel();
                    });
}

// Nothing when the client has gone meanwhile.
template <class Stream>
asio::awaitable<std::optional<Response>> HttpServer::Loop::respond(Stream& stream,
                                                                   Request request) {
  const auto interrupt = std::make_shared<store::Interrupt>();
  request.interrupt = interrupt;
  auto asked = std::make_shared<const Request>(std::move(request));
  auto answer = std::make_shared<std::optional<Response>>();
  // Cancelled by a worker through the loop, so never before it is waited for.
  auto wake = std::make_shared<asio::steady_timer>(io_, Clock::time_point::max());
  auto is_done = std::make_shared<bool>(false);
  const auto too_late = Clock::now() + std::chrono::seconds(limits_.queue_s);
  const bool taken = pool_.submit([this, asked, answer, wake, is_done, too_late] {
    // Who left while it was waiting is not answered.
    if (!asked->interrupt->is_stopped() && Clock::now() >= too_late) {
      ++counts_.requests_refused;
      *answer = busy_response();
    } else if (!asked->interrupt->is_stopped()) {
      const store::InterruptScope scope(asked->interrupt);
      *answer = responder_.answer(*asked);
    }
    asio::post(io_, [wake, is_done] {
      *is_done = true;
      wake->cancel();
    });
  });
  if (!taken) {
    ++counts_.requests_refused;
    co_return busy_response();
  }
  stop_when_gone(stream, interrupt, wake, is_done);
  while (!*is_done) {
    co_await wake->async_wait(kToken);
    if (!interrupt->is_stopped()) continue;
    // Again: what began just then did not hear it.
    interrupt->stop();
    wake->expires_after(kStopAgain);
  }
  error_code ignored;
  beast::get_lowest_layer(stream).socket().cancel(ignored);
  if (interrupt->is_stopped()) {
    ++counts_.requests_left;
    co_return std::nullopt;
  }
  co_return std::move(*answer);
}

template <class Stream>
asio::awaitable<bool> HttpServer::Loop::send(Stream& stream, const Response& response, bool is_head,
                                             bool keep) {
  http::response<http::span_body<const char>> message(static_cast<http::status>(response.status),
                                                      11);
  message.set(http::field::server, "headrace");
  if (!response.type.empty()) message.set(http::field::content_type, response.type);
  for (const Header& header : response.headers) message.insert(header.name, header.value);
  message.keep_alive(keep);
  const bool has_body = response.status != 304 && response.status != 204;
  if (has_body) {
    message.content_length(response.body.size());
    if (!is_head) {
      message.body() = beast::span<const char>(response.body.data(), response.body.size());
    }
  }
  http::response_serializer<http::span_body<const char>> serializer(message);
  serializer.split(is_head);
  while (is_head ? !serializer.is_header_done() : !serializer.is_done()) {
    // Each piece has its own time: a slow line may take long, a stuck one may not.
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(limits_.write_s));
    const auto [error, bytes] = co_await http::async_write_some(stream, serializer, kToken);
    counts_.response_bytes += bytes;
    if (error) {
      count_failure(error);
      co_return false;
    }
  }
  co_return true;
}

template <class Stream>
asio::awaitable<void> HttpServer::Loop::send_stream(Stream& stream, const Response& response) {
  if (counts_.streams_open >= limits_.streams) {
    Response full;
    full.status = 503;
    full.type = "text/plain";
    full.headers.push_back({"Retry-After", "30"});
    full.body = "too many event streams are open\n";
    co_await send(stream, full, false, false);
    co_return;
  }
  http::response<http::empty_body> head(http::status::ok, 11);
  head.set(http::field::server, "headrace");
  head.set(http::field::content_type, response.type);
  for (const Header& header : response.headers) head.insert(header.name, header.value);
  head.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(head);
  beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(limits_.write_s));
  const auto [failed, sent] = co_await http::async_write_header(stream, serializer, kToken);
  if (failed) co_return;
  ++counts_.streams_open;
  auto timer = std::make_shared<asio::steady_timer>(io_);
  response.stream->when_ready([this, timer] { asio::post(io_, [timer] { timer->cancel(); }); });
  const auto place = waiting_.insert(waiting_.end(), [timer] { timer->cancel(); });
  while (!stopping_) {
    std::optional<std::string> text = response.stream->take();
    if (!text) {
      timer->expires_after(std::chrono::seconds(limits_.heartbeat_s));
      const auto [woken] = co_await timer->async_wait(kToken);
      if (woken) continue;
      text = ":\n\n";
    }
    beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(limits_.write_s));
    const auto [error, bytes] = co_await asio::async_write(stream, asio::buffer(*text), kToken);
    counts_.response_bytes += bytes;
    if (error) break;
  }
  waiting_.erase(place);
  response.stream->when_ready({});
  --counts_.streams_open;
}

// True when the client may still be sending what nobody reads.
template <class Stream>
asio::awaitable<bool> HttpServer::Loop::talk_on(Stream& stream, Door door) {
  beast::flat_buffer buffer;
  for (;;) {
    if (!co_await wait_for_bytes(stream, buffer, limits_.idle_s)) co_return false;
    http::request_parser<http::string_body> parser;
    parser.header_limit(limits_.header_bytes);
    parser.body_limit(limits_.body_bytes);
    auto& lowest = beast::get_lowest_layer(stream);
    lowest.expires_after(std::chrono::seconds(limits_.header_s));
    const auto [bad_head, head_bytes] =
        co_await http::async_read_header(stream, buffer, parser, kToken);
    if (bad_head) {
      count_failure(bad_head);
      Response refusal;
      refusal.type = "text/plain";
      if (bad_head == http::error::header_limit || bad_head == http::error::buffer_overflow) {
        refusal.status = 431;
        refusal.body = "the request's header is too large\n";
      } else if (bad_head == http::error::body_limit) {
        refusal.status = 413;
        refusal.body = "the request's body is too large\n";
      } else if (bad_head != beast::error::timeout && bad_head != http::error::end_of_stream &&
                 bad_head.category() == http::make_error_code(http::error::bad_method).category()) {
        refusal.status = 400;
        refusal.body = "this is no HTTP request\n";
      } else {
        co_return false;
      }
      co_await send(stream, refusal, false, false);
      co_return true;
    }
    ++counts_.requests;
    Request request = request_of(parser.get(), door);
    const bool is_head = request.method == "HEAD";
    std::optional<Response> response = responder_.refuse(request);
    bool keep = parser.get().keep_alive() && !stopping_;
    if (response) {
      keep = keep && parser.is_done();  // a body that nobody reads would be taken for a request
    } else {
      lowest.expires_after(std::chrono::seconds(limits_.body_s));
      if (!parser.is_done()) {
        const auto [bad_body, bytes] = co_await http::async_read(stream, buffer, parser, kToken);
        if (bad_body) {
          count_failure(bad_body);
          if (bad_body != http::error::body_limit) co_return false;
          Response large;
          large.status = 413;
          large.type = "text/plain";
          large.body = "the request's body is too large\n";
          co_await send(stream, large, is_head, false);
          co_return true;
        }
      }
      request.body = std::move(parser.get().body());
      lowest.expires_never();
      response = co_await respond(stream, std::move(request));
      if (!response) co_return false;
      keep = keep && !stopping_;
    }
    if (response->stream) {
      co_await send_stream(stream, *response);
      co_return false;
    }
    const bool holds = response->until_closed != nullptr;
    if (!co_await send(stream, *response, is_head, keep || holds)) co_return false;
    if (holds) {
      co_await wait_for_bytes(stream, buffer, response->until_closed_s);
      co_return false;
    }
    if (!keep) co_return !parser.is_done();
  }
}

// Reads on, and forgets it: closing a socket in which unread bytes lie would break the connection
// before the answer is heard.
template <class Stream>
asio::awaitable<void> HttpServer::Loop::linger(Stream& lowest) {
  lowest.expires_after(std::chrono::seconds(limits_.linger_s));
  const auto place = waiting_.insert(waiting_.end(), [&lowest] { lowest.cancel(); });
  std::vector<char> unread(kReadBytes);
  uint64_t taken = 0;
  while (!stopping_ && taken < limits_.linger_bytes) {
    const auto [error, bytes] = co_await lowest.async_read_some(asio::buffer(unread), kToken);
    if (error) break;
    taken += bytes;
  }
  waiting_.erase(place);
}

template <class Stream>
asio::awaitable<void> HttpServer::Loop::talk(Stream stream, Door door) {
  ++counts_.connections_open;
  const bool still_sends = co_await talk_on(stream, door);
  if (!still_sends) --counts_.connections_open;
  auto& lowest = beast::get_lowest_layer(stream);
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    lowest.expires_after(std::chrono::seconds(2));
    co_await stream.async_shutdown(kToken);
  }
  error_code ignored;
  lowest.socket().shutdown(std::decay_t<decltype(lowest.socket())>::shutdown_send, ignored);
  if (still_sends) {
    co_await linger(lowest);
    --counts_.connections_open;
  }
}

asio::awaitable<void> HttpServer::Loop::greet_tls(beast::tcp_stream plain) {
  TlsStream stream(std::move(plain), *tls_);
  beast::get_lowest_layer(stream).expires_after(std::chrono::seconds(limits_.header_s));
  // It takes a place from the start: those that never greet are among the most that there may be.
  ++counts_.connections_open;
  const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kToken);
  --counts_.connections_open;
  if (!error) co_await talk(std::move(stream), Door{Way::kTls});
}

asio::awaitable<void> HttpServer::Loop::accept_tcp(tcp::acceptor& acceptor) {
  while (!stopping_) {
    auto [error, socket] = co_await acceptor.async_accept(kToken);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // No descriptors left, most likely; others will be closed.
      asio::steady_timer wait(io_, std::chrono::milliseconds(100));
      co_await wait.async_wait(kToken);
      continue;
    }
    ++counts_.connections;
    if (counts_.connections_open >= limits_.connections) {
      ++counts_.connections_refused;
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    beast::tcp_stream stream(std::move(socket));
    if (tls_) {
      asio::co_spawn(io_, greet_tls(std::move(stream)), asio::detached);
    } else {
      asio::co_spawn(io_, talk(std::move(stream), Door{Way::kLoopback}), asio::detached);
    }
  }
}

asio::awaitable<void> HttpServer::Loop::accept_socket(stream_protocol::acceptor& acceptor,
                                                      size_t number) {
  while (!stopping_) {
    auto [error, socket] = co_await acceptor.async_accept(kToken);
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      asio::steady_timer wait(io_, std::chrono::milliseconds(100));
      co_await wait.async_wait(kToken);
      continue;
    }
    ++counts_.connections;
    if (!is_peer_allowed(socket)) {
      ++counts_.peers_refused;
      continue;
    }
    if (counts_.connections_open >= limits_.connections) {
      ++counts_.connections_refused;
      continue;
    }
    asio::co_spawn(io_, talk(SocketStream(std::move(socket)), Door{Way::kSocket, number}),
                   asio::detached);
  }
}

void HttpServer::Loop::begin_stop() {
  if (stopping_) return;
  stopping_ = true;
  error_code ignored;
  for (auto& acceptor : tcp_) acceptor.close(ignored);
  for (auto& acceptor : sockets_) acceptor.close(ignored);
  const Waiting waiting = waiting_;
  for (const auto& wake : waiting) wake();
  stop_deadline_.emplace(io_, std::chrono::seconds(limits_.stop_s));
  stop_deadline_->async_wait([this](const error_code& error) {
    if (!error) io_.stop();
  });
}

Status HttpServer::Loop::run(const std::vector<int>& signals) {
  for (auto& acceptor : tcp_) asio::co_spawn(io_, accept_tcp(acceptor), asio::detached);
  size_t number = 0;
  for (auto& acceptor : sockets_) {
    asio::co_spawn(io_, accept_socket(acceptor, number++), asio::detached);
  }
  asio::signal_set awaited(io_);
  for (const int signal : signals) awaited.add(signal);
  awaited.async_wait([this](const error_code& error, int) {
    if (!error) begin_stop();
  });
  // Without open connections only the deadline would keep the loop.
  while (!io_.stopped()) {
    if (io_.run_one() == 0) break;
    if (stopping_ && counts_.connections_open == 0) break;
  }
  for (const auto& path : socket_paths_) unlink(path.c_str());
  return {};
}

HttpServer::HttpServer(Responder& responder, const ServerLimits& limits)
    : loop_(std::make_unique<Loop>(responder, limits)) {}
HttpServer::~HttpServer() = default;
Result<uint16_t> HttpServer::listen(const std::string& address, uint16_t port,
                                    const std::optional<TlsFiles>& tls) {
  return loop_->listen(address, port, tls);
}
Status HttpServer::listen_socket(const std::filesystem::path& path) {
  return loop_->listen_socket(path);
}
Status HttpServer::run(const std::vector<int>& signals) { return loop_->run(signals); }
void HttpServer::stop() { loop_->stop(); }
const ServerCounts& HttpServer::counts() const { return loop_->counts(); }
size_t HttpServer::queued() const { return loop_->queued(); }

}  // namespace headrace::serve
