#include "serve/http_server.h"

#include <arpa/inet.h>
#include <chrono>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace headrace::serve {
namespace {

class Echo : public Responder {
 public:
  std::optional<Response> refuse(const Request& head) override {
    if (head.target != "/refused") return std::nullopt;
    Response out;
    out.status = 403;
    return out;
  }
  Response answer(const Request& request) override {
    Response out;
    // Goes on until nobody wants it.
    while (request.target == "/endless" && !request.interrupt->is_stopped()) {
      std::this_thread::yield();
    }
    out.type = "text/plain";
    out.body = request.method + " " + request.target + " " + request.body;
    return out;
  }
};

// A connection of a test, closed at its end.
class Client {
 public:
  explicit Client(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
    const timeval most{20, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool say(const std::string& text) const {
    return send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(text.size());
  }
  // Until the other side closes, or this text has come.
  std::string hear(const std::string& until = "") const {
    std::string out;
    char bytes[4096];
    while (until.empty() || out.find(until) == std::string::npos) {
      const ssize_t n = recv(socket_, bytes, sizeof bytes, 0);
      if (n <= 0) break;
      out.append(bytes, static_cast<size_t>(n));
    }
    return out;
  }

 private:
  int socket_;
};

class HttpServerTest : public ::testing::Test {
 protected:
  static ServerLimits limits() {
    ServerLimits out;
    out.connections = 4;
    out.header_bytes = 1024;
    out.body_bytes = 100;
    out.header_s = 1;
    out.body_s = 1;
    out.idle_s = 1;
    out.workers = 2;
    out.linger_bytes = 4 << 20;
    return out;
  }
  HttpServerTest() : server_(echo_, limits()) {
    const Result<uint16_t> port = server_.listen("127.0.0.1", 0, std::nullopt);
    EXPECT_TRUE(port.ok()) << port.status().message();
    port_ = port.value_or(0);
    thread_ = std::thread([this] { EXPECT_TRUE(server_.run({}).ok()); });
  }
  ~HttpServerTest() override {
    server_.stop();
    thread_.join();
  }
  static std::string request(const std::string& method, const std::string& target,
                             const std::string& body = "") {
    return method + " " + target +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }

  Echo echo_;
  HttpServer server_;
  uint16_t port_ = 0;
  std::thread thread_;
};

TEST_F(HttpServerTest, AnswersOneAfterAnother) {
  const Client client(port_);
  client.say(request("GET", "/a") + request("POST", "/b", "text"));
  const std::string heard = client.hear("POST /b text");
  EXPECT_NE(heard.find("GET /a "), std::string::npos) << heard;
  EXPECT_NE(heard.find("POST /b text"), std::string::npos) << heard;
  client.say(request("HEAD", "/c"));
  const std::string head = client.hear("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 8\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("HEAD /c"), std::string::npos);
}

TEST_F(HttpServerTest, EndsWhatAClientLeft) {
  const auto left = [this] { return server_.counts().requests_left.load(); };
  // More than there are workers, so that some leave while they wait.
  for (uint64_t round = 0; round < 2; ++round) {
    {
      std::vector<std::unique_ptr<Client>> clients;
      for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<Client>(port_));
        clients.back()->say(request("GET", "/endless"));
      }
      while (server_.counts().requests < 3 * (round + 1)) std::this_thread::yield();
    }
    while (left() < 3 * (round + 1)) std::this_thread::yield();
  }
  const Client client(port_);
  client.say(request("GET", "/a"));
  EXPECT_NE(client.hear("GET /a ").find("200"), std::string::npos);
}

TEST_F(HttpServerTest, ARefusedBodyIsNotReadAsARequest) {
  const Client client(port_);
  client.say(request("POST", "/refused", request("GET", "/smuggled")));
  const std::string heard = client.hear();
  EXPECT_NE(heard.find("HTTP/1.1 403"), std::string::npos);
  EXPECT_EQ(heard.find("/smuggled"), std::string::npos) << heard;
}

TEST_F(HttpServerTest, LetsSlowOnesGo) {
  const Client header(port_);
  header.say("GET / HTTP/1.1\r\nHost: loc");
  const Client body(port_);
  body.say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nab");
  const Client idle(port_);
  EXPECT_EQ(header.hear(), "");
  EXPECT_EQ(body.hear(), "");
  EXPECT_EQ(idle.hear(), "");
  // Counted once the connection has been closed, which is what was heard.
  const auto most = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (server_.counts().requests_timed_out < 2 && std::chrono::steady_clock::now() < most) {
    std::this_thread::yield();
  }
  EXPECT_GE(server_.counts().requests_timed_out, 2U);
}

TEST_F(HttpServerTest, RefusesWhatIsTooLargeOrNoHttp) {
  const Client header(port_);
  header.say("GET / HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n\r\n");
  EXPECT_NE(header.hear().find("HTTP/1.1 431"), std::string::npos);
  const Client body(port_);
  body.say(request("POST", "/", std::string(101, 'a')));
  EXPECT_NE(body.hear().find("HTTP/1.1 413"), std::string::npos);
  const Client other(port_);
  other.say("\x16\x03\x01 hello\r\n\r\n");
  EXPECT_NE(other.hear().find("HTTP/1.1 400"), std::string::npos);
  EXPECT_EQ(server_.counts().requests_too_large, 2U);
  EXPECT_EQ(server_.counts().requests_malformed, 1U);
}

TEST_F(HttpServerTest, IsHeardByWhoStillSends) {
  const std::string part(64 << 10, 'a');
  const Client upload(port_);
  upload.say("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000000\r\n\r\n");
  // Read first, so that the refusal is on its way before the rest is sent.
  while (server_.counts().requests_too_large == 0) std::this_thread::yield();
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(upload.say(part)) << i;
  EXPECT_NE(upload.hear().find("HTTP/1.1 413"), std::string::npos);
  // Not for ever: what is beyond the bound breaks the connection.
  bool is_open = true;
  for (int i = 0; i < 1000 && is_open; ++i) is_open = upload.say(part);
  EXPECT_FALSE(is_open);
}

TEST(HttpServer, TurnsAwayWhoWaitedTooLong) {
  Echo echo;
  ServerLimits limits;
  limits.queue_s = 0;
  HttpServer server(echo, limits);
  const Result<uint16_t> port = server.listen("127.0.0.1", 0, std::nullopt);
  ASSERT_TRUE(port.ok()) << port.status().message();
  std::thread thread([&server] { EXPECT_TRUE(server.run({}).ok()); });
  {
    const Client client(*port);
    client.say("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string heard = client.hear("too many questions are waiting");
    EXPECT_NE(heard.find("HTTP/1.1 503"), std::string::npos) << heard;
    EXPECT_NE(heard.find("Retry-After: 1"), std::string::npos) << heard;
  }
  EXPECT_EQ(server.counts().requests_refused, 1U);
  server.stop();
  thread.join();
}

TEST_F(HttpServerTest, TakesSoManyConnections) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(port_));
    clients.back()->say(request("GET", "/"));
    EXPECT_NE(clients.back()->hear("GET / ").find("200"), std::string::npos);
  }
  const Client beyond(port_);
  EXPECT_EQ(beyond.hear(), "");
  EXPECT_EQ(server_.counts().connections_refused, 1U);
}

}  // namespace
}  // namespace headrace::serve
