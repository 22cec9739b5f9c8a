#include "exchange/flowcept_channel.h"

#include <chrono>
#include <gmock/gmock.h>
#include <mutex>
#include <thread>

#include "exchange/imported_for_test.h"
#include "exchange/redis_server_for_test.h"

namespace headrace::exchange {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

// A map of texts as MessagePack.
std::string message(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out(1, static_cast<char>(0x80 + fields.size()));
  for (const auto& [name, value] : fields) {
    for (const std::string& text : {name, value}) {
      out += '\xd9';
      out += static_cast<char>(text.size());
      out += text;
    }
  }
  return out;
}
std::string task(const std::string& id, const std::string& activity = "work") {
  return message({{"type", "task"},
                  {"task_id", id},
                  {"activity_id", activity},
                  {"status", "FINISHED"},
                  {"started_at", "2023-11-14T22:13:20"}});
}
std::string control(const std::string& info, const std::string& bundle = "") {
  std::vector<std::pair<std::string, std::string>> fields = {
      {"type", "flowcept_control"}, {"info", info}, {"interceptor_instance_id", "77"}};
  if (!bundle.empty()) fields.emplace_back("exec_bundle_id", bundle);
  return message(fields);
}

class FlowceptChannelTest : public ImportTest {
 protected:
  // Follows the server until `is_done`; false when it is not after a while.
  bool follow(const RedisServerForTest& server, const std::function<bool()>& is_done) {
    if (!reader_) {
      Result<OpenedSource> opened = find_importer("flowcept")->open(server.url(), "");
      EXPECT_TRUE(opened.ok()) << opened.status().message();
      if (!opened.ok()) return false;
      Result<collect::Intake> intake = collect::Intake::open(directory(), opened->source);
      EXPECT_TRUE(intake.ok()) << intake.status().message();
      if (!intake.ok()) return false;
      intake_.emplace(std::move(*intake));
      reader_ = std::move(opened->reader);
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!is_done() && std::chrono::steady_clock::now() < until) {
      const Status read = reader_->read(*intake_, never);
      EXPECT_TRUE(read.ok()) << read.message();
    }
    return is_done();
  }
  // Reads what was published by now: what the server says is answered after it.
  bool has_removed(const RedisServerForTest& server, const std::string& set) const {
    for (const Command& command : server.commands()) {
      if (command == Command{"SREM", set, "77"}) return true;
    }
    return false;
  }
  bool drain(RedisServerForTest& server) {
    const std::string bundle = "drain" + std::to_string(drained_++);
    server.publish("interception", control("mq_flush_complete", bundle));
    return follow(server,
                  [&] { return has_removed(server, "pending_mq_flush_complete_" + bundle); });
  }
  std::optional<collect::Intake> intake_;
  std::unique_ptr<ForeignSource> reader_;
  int drained_ = 0;
};

TEST_F(FlowceptChannelTest, WhatIsPublishedIsStored) {
  RedisServerForTest server;
  server.send_in_pieces_of(7);
  ASSERT_TRUE(follow(server, [] { return true; }));
  EXPECT_THAT(server.commands(), ElementsAre(ElementsAre("PSUBSCRIBE", "interception")));
  ASSERT_TRUE(server.publish("interception", task("t1")));
  server.publish("interception", message({{"type", "workflow"},
                                          {"workflow_id", "w 1"},
                                          {"name", "study"},
                                          {"campaign_id", "c"},
                                          {"started_at", "2023-11-14T22:13:20"}}));
  server.publish("interception", task("t2"));
  server.publish("interception", message({{"type", "agent"}, {"agent_id", "a1"}}));
  server.publish("interception", message({{"type", "object"}, {"object_id", "o1"}}));
  server.publish("interception", message({{"type", "flowcept_agent"}, {"info", "monitor"}}));
  ASSERT_TRUE(drain(server));
  const std::vector<std::string> notes = reader_->notes();
  reader_.reset();
  intake_.reset();
  EXPECT_THAT(ask("SELECT coalesce(attributes->>'$.task_id', '') FROM task ORDER BY 1"),
              ElementsAre("t1", "t2"));
  EXPECT_THAT(ask("SELECT name FROM workflow WHERE campaign = 'c'"), ElementsAre("study"));
  EXPECT_THAT(ask("SELECT name FROM object ORDER BY 1"), ElementsAre("a1", "o1"));
  EXPECT_THAT(notes, ElementsAre(HasSubstr("1 messages between agents")));
}

TEST_F(FlowceptChannelTest, AProducerIsAnsweredWhenWhatItSaidIsKept) {
  std::mutex asking;
  std::vector<size_t> kept;
  RedisServerForTest server([&](const Command& command) -> std::string {
    if (command[0] == "PING") return "+PONG\r\n";
    if (command[0] == "PSUBSCRIBE") return "*3\r\n$1\r\np\r\n$1\r\nc\r\n:1\r\n";
    // The spool has the task by now, whoever reads it.
    const std::lock_guard lock(asking);
    if (command[0] == "SREM") kept.push_back(ask("SELECT activity FROM task").size());
    return command[0] == "GET" ? "$-1\r\n" : ":1\r\n";
  });
  ASSERT_TRUE(follow(server, [] { return true; }));
  server.publish("interception", task("t1"));
  server.publish("interception", control("mq_flush_complete", "b"));
  server.publish("interception", control("mq_dao_thread_stopped"));
  server.publish("interception", control("stop_document_inserter", "b"));
  ASSERT_TRUE(follow(server, [&] { return has_removed(server, "started_mq_thread_execution"); }));
  EXPECT_TRUE(has_removed(server, "pending_mq_flush_complete_b"));
  // Said again when that took longer than the channel waits, as on a busy machine.
  const std::lock_guard lock(asking);
  EXPECT_GE(kept.size(), 2U);
  EXPECT_THAT(kept, Each(1U));
}

TEST_F(FlowceptChannelTest, MalformedMessagesGoToQuarantineAndTheirNeighboursAreStored) {
  RedisServerForTest server;
  ASSERT_TRUE(follow(server, [] { return true; }));
  const std::vector<std::string> bad = {"",
                                        "\xc1",
                                        task("cut").substr(0, 20),
                                        "not MessagePack",
                                        message({{"type", "nonsense"}}),
                                        message({{"type", "workflow"}, {"name", "without an id"}}),
                                        message({{"task_id", "late"}, {"started_at", "yesterday"}}),
                                        message({{"type", "agent"}}),
                                        message({{"type", "object"}})};
  server.publish("interception", task("first"));
  for (size_t i = 0; i < bad.size(); ++i) {
    server.publish("interception", bad[i]);
    server.publish("interception", task("after " + std::to_string(i)));
  }
  server.publish("interception", message({{"type", "flowcept_control"}, {"info", "of no kind"}}));
  // What is no message at all says nothing.
  server.say("*2\r\n$8\r\npmessage\r\n$1\r\nx\r\n+odd\r\n:7\r\n");
  ASSERT_TRUE(drain(server));
  reader_.reset();
  intake_.reset();
  EXPECT_EQ(ask("SELECT activity FROM task").size(), bad.size() + 1);
  const std::vector<std::string> reasons = ask("SELECT reason FROM quarantine ORDER BY 1");
  EXPECT_EQ(reasons.size(), bad.size());
  EXPECT_THAT(reasons, Each(HasSubstr(server.url())));
  EXPECT_THAT(reasons, Contains(HasSubstr("message 2: not MessagePack")));
  EXPECT_THAT(reasons, Contains(HasSubstr("unknown type 'nonsense'")));
}

TEST_F(FlowceptChannelTest, ATaskWithoutCampaignIsOfTheOneBesideTheChannel) {
  RedisServerForTest server([](const Command& command) -> std::string {
    if (command[0] == "PING") return "+PONG\r\n";
    if (command[0] == "PSUBSCRIBE") return "*3\r\n$1\r\np\r\n$1\r\nc\r\n:1\r\n";
    return command[0] == "GET" ? bulk("beside") : ":1\r\n";
  });
  ASSERT_TRUE(follow(server, [] { return true; }));
  server.publish("interception", task("t1"));
  ASSERT_TRUE(drain(server));
  EXPECT_THAT(server.commands(), Contains(Command{"GET", "current_campaign_id"}));
  reader_.reset();
  intake_.reset();
  EXPECT_THAT(ask("SELECT attributes->>'$.campaign_id' FROM task"), ElementsAre("beside"));
}

TEST_F(FlowceptChannelTest, AfterAnOutageItListensAgain) {
  RedisServerForTest server;
  ASSERT_TRUE(follow(server, [] { return true; }));
  server.publish("interception", task("before"));
  ASSERT_TRUE(drain(server));
  server.cut();
  ASSERT_TRUE(follow(server, [&] { return server.say(""); }));
  server.publish("interception", task("after"));
  ASSERT_TRUE(drain(server));
  EXPECT_THAT(reader_->notes(), ElementsAre(HasSubstr("the connection was lost 1 times")));
  reader_.reset();
  intake_.reset();
  EXPECT_EQ(ask("SELECT activity FROM task").size(), 2U);
}

TEST_F(FlowceptChannelTest, WhatIsNotRedisIsLostAndSaidInTheNotes) {
  RedisServerForTest server;
  ASSERT_TRUE(follow(server, [] { return true; }));
  server.say("HTTP/1.1 400 Bad Request\r\n\r\n");
  ASSERT_TRUE(follow(server, [&] { return !reader_->notes().empty(); }));
  EXPECT_THAT(reader_->notes()[0], HasSubstr("not Redis's protocol"));
}

TEST_F(FlowceptChannelTest, NoServerIsSaidAtOnce) {
  const Result<OpenedSource> opened = find_importer("flowcept")->open("redis://127.0.0.1:1", "");
  EXPECT_EQ(opened.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(opened.status().message(), HasSubstr("redis://127.0.0.1:1/interception"));
}

}  // namespace
}  // namespace headrace::exchange
