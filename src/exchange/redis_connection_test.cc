#include "exchange/redis_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/redis_server_for_test.h"

namespace headrace::exchange {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = RedisReply::Kind;

// A server that says this to every command but PING.
RedisServerForTest::Answer saying(const std::string& bytes) {
  return [bytes](const Command& command) { return command[0] == "PING" ? "+PONG\r\n" : bytes; };
}

TEST(RedisAddress, HasPartsWithDefaults) {
  Result<RedisAddress> address = RedisAddress::parse("redis://");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->text(), "redis://127.0.0.1:6379");
  address = RedisAddress::parse("redis://me:se@cret@node7:7000/my channel");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->user, "me");
  EXPECT_EQ(address->password, "se@cret");
  EXPECT_EQ(address->text(), "redis://node7:7000/my channel");
  address = RedisAddress::parse("redis://:secret@node7");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->user, "");
  EXPECT_EQ(address->password, "secret");
  address = RedisAddress::parse("redis://[::1]:7000/c");
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->host, "::1");
  EXPECT_EQ(address->port, "7000");
}

TEST(RedisAddress, OthersAreRefused) {
  for (const char* url : {"", "http://node7", "node7:6379", "redis://node7:port", "redis://node7:0",
                          "redis://node7:65536", "redis://node7:", "redis://[::1"}) {
    const Result<RedisAddress> address = RedisAddress::parse(url);
    EXPECT_EQ(address.status().code(), StatusCode::kInvalidArgument) << url;
  }
  EXPECT_EQ(RedisAddress::parse("rediss://node7").status().code(), StatusCode::kUnsupported);
}

TEST(RedisConnection, ReadsEachKindOfReplyHoweverItIsCutUp) {
  RedisServerForTest server(
      saying("+text\r\n:-12\r\n$-1\r\n*-1\r\n$0\r\n\r\n"
             "*3\r\n$4\r\na\r\nb\r\n:7\r\n*1\r\n+in\r\n-ERR no\r\n"));
  server.send_in_pieces_of(1);
  Result<RedisConnection> connection = RedisConnection::open(server.address());
  ASSERT_TRUE(connection.ok()) << connection.status().message();
  ASSERT_TRUE(connection->send({"ALL"}).ok());
  std::vector<RedisReply> replies;
  while (replies.size() < 7) {
    Result<std::optional<RedisReply>> reply = connection->next(RedisConnection::kPatience);
    ASSERT_TRUE(reply.ok()) << reply.status().message();
    ASSERT_TRUE(*reply) << replies.size();
    replies.push_back(**reply);
  }
  EXPECT_EQ(replies[0].text, "text");
  EXPECT_EQ(replies[1].kind, Kind::kInteger);
  EXPECT_EQ(replies[1].integer, -12);
  EXPECT_EQ(replies[2].kind, Kind::kNil);
  EXPECT_EQ(replies[3].kind, Kind::kNil);
  EXPECT_EQ(replies[4].kind, Kind::kText);
  EXPECT_EQ(replies[4].text, "");
  ASSERT_EQ(replies[5].items.size(), 3U);
  EXPECT_EQ(replies[5].items[0].text, "a\r\nb");
  EXPECT_EQ(replies[5].items[1].integer, 7);
  EXPECT_EQ(replies[5].items[2].items[0].text, "in");
  EXPECT_EQ(replies[6].kind, Kind::kError);
}

TEST(RedisConnection, SendsACommandWhole) {
  RedisServerForTest server;
  Result<RedisConnection> connection = RedisConnection::open(server.address());
  ASSERT_TRUE(connection.ok());
  const std::string big(1 << 20, 'x');
  const Result<RedisReply> given = connection->ask({"SREM", "a \r\n b", big});
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given->integer, 1);
  EXPECT_THAT(server.commands(), ElementsAre(ElementsAre("SREM", "a \r\n b", big)));
}

TEST(RedisConnection, AnErrorOfTheServersIsToldAndLeavesTheConnection) {
  bool is_first = true;
  RedisServerForTest server([&is_first](const Command& command) -> std::string {
    if (command[0] == "PING") return "+PONG\r\n";
    return std::exchange(is_first, false) ? "-WRONGTYPE it is a set\r\n" : ":3\r\n";
  });
  Result<RedisConnection> connection = RedisConnection::open(server.address());
  ASSERT_TRUE(connection.ok());
  const Result<RedisReply> refused = connection->ask({"GET", "x"});
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("WRONGTYPE it is a set"));
  const Result<RedisReply> given = connection->ask({"SCARD", "x"});
  ASSERT_TRUE(given.ok());
  EXPECT_EQ(given->integer, 3);
}

TEST(RedisConnection, APasswordIsGivenFirstAndARefusalSaysSoWithoutIt) {
  RedisServerForTest server([](const Command& command) -> std::string {
    return command.back() == "right" ? "+OK\r\n"
           : command[0] == "PING"    ? "+PONG\r\n"
                                     : "-WRONGPASS invalid\r\n";
  });
  RedisAddress address = server.address();
  address.password = "right";
  EXPECT_TRUE(RedisConnection::open(address).ok());
  address.user = "me";
  address.password = "wrong";
  const Result<RedisConnection> refused = RedisConnection::open(address);
  EXPECT_EQ(refused.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(refused.status().message(), HasSubstr("WRONGPASS"));
  EXPECT_THAT(refused.status().message(), testing::Not(HasSubstr("wrong")));
  EXPECT_THAT(server.commands(),
              ElementsAre(ElementsAre("AUTH", "right"), ElementsAre("AUTH", "me", "wrong")));
}

TEST(RedisConnection, NothingThereIsUnavailable) {
  RedisAddress address;
  {
    const RedisServerForTest server;
    address = server.address();
  }
  const Result<RedisConnection> connection = RedisConnection::open(address);
  EXPECT_EQ(connection.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(connection.status().message(), HasSubstr(address.text()));
}

TEST(RedisConnection, ACutConnectionIsUnavailableAndHalfAReplyIsNone) {
  RedisServerForTest server(saying("$10\r\nhalf"));
  Result<RedisConnection> connection = RedisConnection::open(server.address());
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(connection->send({"GET", "x"}).ok());
  const Result<std::optional<RedisReply>> none = connection->next(milliseconds(200));
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(*none);
  server.cut();
  const Result<std::optional<RedisReply>> cut = connection->next(RedisConnection::kPatience);
  EXPECT_EQ(cut.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(cut.status().message(), HasSubstr("closed the connection"));
}

TEST(RedisConnection, AHugeTextIsReadWhole) {
  std::string big(24 << 20, 'b');
  big[12345678] = '\r';
  RedisServerForTest server(saying(bulk(big)));
  Result<RedisConnection> connection = RedisConnection::open(server.address());
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE(connection->send({"GET", "x"}).ok());
  const Result<std::optional<RedisReply>> reply = connection->next(milliseconds(60000));
  ASSERT_TRUE(reply.ok());
  ASSERT_TRUE(*reply);
  EXPECT_TRUE((*reply)->text == big);
}

TEST(RedisConnection, WhatIsNotTheProtocolEndsIt) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "*1\r\n";
  for (const std::string& bytes :
       {std::string("HTTP/1.1 400 Bad Request\r\n"), std::string("\r\n"), std::string(":1x\r\n"),
        std::string(":\r\n"), std::string("$-2\r\n"), std::string("$999999999999\r\n"),
        std::string("$x\r\n"), std::string("*-2\r\n"), std::string("*99999999\r\n"), deep,
        // A text that goes on where it should have ended, and a line that never ends.
        std::string("$3\r\nabcdefgh\r\n"), "+" + std::string(200000, 'a')}) {
    RedisServerForTest server(saying(bytes));
    Result<RedisConnection> connection = RedisConnection::open(server.address());
    ASSERT_TRUE(connection.ok());
    const Result<RedisReply> reply = connection->ask({"GET", "x"});
    EXPECT_EQ(reply.status().code(), StatusCode::kUnavailable) << bytes.substr(0, 40);
    EXPECT_THAT(reply.status().message(), HasSubstr("not Redis's protocol")) << bytes.substr(0, 40);
  }
}

}  // namespace
}  // namespace headrace::exchange
