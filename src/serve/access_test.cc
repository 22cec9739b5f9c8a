#include "serve/access.h"

#include <gtest/gtest.h>

namespace headrace::serve {
namespace {

Request request(const std::string& method, const std::string& target, std::vector<Header> headers) {
  Request out;
  out.method = method;
  out.target = target;
  out.headers = std::move(headers);
  return out;
}

int status_of(Access& access, const Request& asked) {
  const std::optional<Response> refusal = access.refuse(asked);
  return refusal ? refusal->status : 0;
}

std::string cookie_of(Access& access) {
  const auto opened =
      access.refuse(request("GET", access.new_ticket_path(), {{"host", "127.0.0.1:8437"}}));
  for (const Header& header : opened->headers) {
    if (header.name == "Set-Cookie") return header.value.substr(0, header.value.find(';'));
  }
  return "";
}

class AccessTest : public ::testing::Test {
 protected:
  Access access_{{.port = 8437, .hosts = {"node7.example.org"}, .token = "0123456789abcdef"}};
  const std::string cookie_ = cookie_of(access_);
  const Header host_{"host", "127.0.0.1:8437"};
};

TEST_F(AccessTest, ATicketGivesACookieOnce) {
  const Request asked = request("GET", access_.new_ticket_path(), {host_});
  const auto first = access_.refuse(asked);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->status, 200);
  bool is_guarded = false;
  for (const Header& header : first->headers) {
    is_guarded |= header.name == "Set-Cookie" &&
                  header.value.find("; HttpOnly; SameSite=Strict") != std::string::npos;
  }
  EXPECT_TRUE(is_guarded);
  EXPECT_EQ(status_of(access_, asked), 403);
}

TEST_F(AccessTest, OldTicketsEnd) {
  const std::string first = access_.new_ticket_path();
  for (int i = 0; i < 16; ++i) (void)access_.new_ticket_path();
  EXPECT_EQ(status_of(access_, request("GET", first, {host_})), 403);
}

TEST_F(AccessTest, NothingIsAnsweredWithoutASecret) {
  EXPECT_EQ(status_of(access_, request("GET", "/api/v1/tasks", {host_})), 401);
  EXPECT_EQ(status_of(access_, request("GET", "/metrics", {host_})), 401);
  EXPECT_EQ(status_of(access_, request("GET", "/", {host_, {"accept", "text/html"}})), 401);
  EXPECT_EQ(status_of(access_, request("GET", "/healthz", {host_})), 0);
  const std::string wrong = "headrace-8437=" + std::string(64, '0');
  EXPECT_EQ(status_of(access_, request("GET", "/", {host_, {"cookie", wrong}})), 401);
  EXPECT_EQ(status_of(access_, request("GET", "/", {host_, {"cookie", "a=b; " + cookie_}})), 0);
  EXPECT_EQ(status_of(access_, request("GET", "/", {host_, {"authorization", "Bearer x"}})), 401);
  EXPECT_EQ(status_of(access_,
                      request("GET", "/", {host_, {"authorization", "Bearer 0123456789abcdef"}})),
            0);
}

TEST_F(AccessTest, WithoutATokenNoneIsRight) {
  Access bare({.port = 1});
  EXPECT_EQ(status_of(bare, request("GET", "/", {host_, {"authorization", "Bearer "}})), 401);
}

TEST_F(AccessTest, OnlyItsOwnNamesAreAnswered) {
  const Header cookie{"cookie", cookie_};
  for (const char* name : {"evil.example:8437", "127.0.0.1.evil.example", "localhost.evil.example",
                           "", "[::1", "a:b:c", "169.254.169.254"}) {
    EXPECT_EQ(status_of(access_, request("GET", "/", {{"host", name}, cookie})), 421) << name;
  }
  for (const char* name :
       {"localhost:9999", "LOCALHOST", "[::1]:8437", "127.0.0.1", "node7.example.org:8437"}) {
    EXPECT_EQ(status_of(access_, request("GET", "/", {{"host", name}, cookie})), 0) << name;
  }
}

TEST_F(AccessTest, OtherPagesMayNotAsk) {
  const Header cookie{"cookie", cookie_};
  for (const char* origin : {"http://evil.example", "null", "https://127.0.0.1:8437",
                             "http://127.0.0.1:1", "http://localhost:8437"}) {
    EXPECT_EQ(
        status_of(access_, request("GET", "/api/v1/events", {host_, cookie, {"origin", origin}})),
        403)
        << origin;
  }
  for (const char* site : {"cross-site", "same-site", "nonsense"}) {
    EXPECT_EQ(status_of(access_,
                        request("GET", "/api/v1/tasks", {host_, cookie, {"sec-fetch-site", site}})),
              403)
        << site;
  }
  EXPECT_EQ(status_of(access_, request("GET", "/api/v1/tasks",
                                       {host_,
                                        cookie,
                                        {"origin", "http://127.0.0.1:8437"},
                                        {"sec-fetch-site", "same-origin"}})),
            0);
}

TEST_F(AccessTest, ALinkElsewhereMayLeadHere) {
  EXPECT_EQ(status_of(access_, request("GET", "/campaign/sweep",
                                       {host_,
                                        {"cookie", cookie_},
                                        {"sec-fetch-site", "cross-site"},
                                        {"sec-fetch-mode", "navigate"},
                                        {"sec-fetch-dest", "document"}})),
            0);
  // But not a frame around it.
  EXPECT_EQ(status_of(access_, request("GET", "/campaign/sweep",
                                       {host_,
                                        {"cookie", cookie_},
                                        {"sec-fetch-site", "cross-site"},
                                        {"sec-fetch-mode", "navigate"},
                                        {"sec-fetch-dest", "iframe"}})),
            403);
}

TEST_F(AccessTest, AChangeMustSayItsOrigin) {
  const Header cookie{"cookie", cookie_};
  const Header own{"origin", "http://127.0.0.1:8437"};
  EXPECT_EQ(status_of(access_, request("POST", "/api/v1/sql", {host_, cookie})), 403);
  EXPECT_EQ(status_of(access_, request("POST", "/api/v1/sql", {host_, cookie, own})), 0);
}

TEST_F(AccessTest, TheSocketIsThisUsers) {
  Request asked = request("POST", "/fold", {});
  asked.way = Way::kSocket;
  EXPECT_EQ(status_of(access_, asked), 0);
}

TEST(Secrets, DifferAndCompare) {
  const std::string secret = draw_secret();
  EXPECT_EQ(secret.size(), 64U);
  EXPECT_NE(secret, draw_secret());
  EXPECT_TRUE(is_same_secret(secret, secret));
  EXPECT_FALSE(is_same_secret(secret, secret.substr(1)));
  EXPECT_FALSE(is_same_secret("", ""));
}

}  // namespace
}  // namespace headrace::serve
