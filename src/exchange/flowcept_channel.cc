#include "exchange/flowcept_channel.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "exchange/flowcept_told.h"

namespace headrace::exchange {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPerRead{250};      // after which what came is committed
constexpr milliseconds kPerTry{1000};      // between two attempts to connect again
constexpr milliseconds kPerCampaign{500};  // for which the campaign beside the channel is believed
constexpr milliseconds kPerPing{30000};    // so that a server that went away is noticed

// What a producer waits for: that its name is gone from a set.
struct Answer {
  std::string set;
  std::string member;
};

class Channel final : public ForeignSource {
 public:
  explicit Channel(RedisAddress address) : address_(std::move(address)) {}

  Status connect() {
    Result<RedisConnection> connection = RedisConnection::open(address_);
    if (!connection.ok()) return connection.status();
    HEADRACE_RETURN_IF_ERROR(connection->ask({"PSUBSCRIBE", address_.channel}).status());
    messages_ = std::move(*connection);
    pinged_ = heard_ = steady_clock::now();
    return ok_status();
  }

  Status read(collect::Intake& intake, const std::function<bool()>& stop) override {
    if (!has_read_) telling_.take_kept(intake.position());
    has_read_ = true;
    const auto until = steady_clock::now() + kPerRead;
    while (!stop() && steady_clock::now() < until && (messages_ || connect_again())) {
      const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
      Result<std::optional<RedisReply>> reply = messages_->next(std::max(left, milliseconds(0)));
      if (!reply.ok()) {
        lose(reply.status().message());
      } else if (*reply) {
        heard_ = steady_clock::now();
        HEADRACE_RETURN_IF_ERROR(take(intake, **reply));
      } else {
        HEADRACE_RETURN_IF_ERROR(look_alive());
      }
    }
    HEADRACE_RETURN_IF_ERROR(commit(intake, stop()));
    give_answers();
    return ok_status();
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> out;
    if (outages_ > 0) {
      out.push_back("the connection was lost " + std::to_string(outages_) + " times (" + why_lost_ +
                    "); what was published meanwhile was not heard");
    }
    if (!messages_) out.emplace_back("waiting for the server to come back");
    if (telling_.ignored() > 0) {
      out.push_back(std::to_string(telling_.ignored()) +
                    " messages between agents and monitors were passed over");
    }
    return out;
  }

 private:
  void lose(const std::string& why) {
    why_lost_ = why;
    ++outages_;
    messages_.reset();
    commands_.reset();
    tried_ = steady_clock::now();
  }

  bool connect_again() {
    if (steady_clock::now() - tried_ < kPerTry) return false;
    tried_ = steady_clock::now();
    return connect().ok();
  }

  Status look_alive() {
    const auto now = steady_clock::now();
    if (now - heard_ > 2 * kPerPing) {
      lose("it does not answer");
    } else if (now - pinged_ > kPerPing) {
      pinged_ = now;
      if (const Status sent = messages_->send({"PING"}); !sent.ok()) lose(sent.message());
    }
    return ok_status();
  }

  Status take(collect::Intake& intake, const RedisReply& reply) {
    // [pmessage, pattern, channel, payload]; anything else answers a command of ours.
    if (reply.items.size() != 4 || reply.items[0].text != "pmessage") return ok_status();
    const std::string& bytes = reply.items[3].text;
    ++number_;
    const Result<FlowceptDocument> document = FlowceptDocument::from_msgpack(bytes);
    if (document.ok() && !document->has("campaign_id")) {
      telling_.use_campaign(current_campaign());
    }
    telling_.use_time(now_realtime_ns());
    HEADRACE_RETURN_IF_ERROR(telling_.tell(
        intake, document, bytes, address_.text() + ", message " + std::to_string(number_),
        "message:" + std::to_string(now_realtime_ns()) + ":" + std::to_string(number_)));
    if (telling_.is_control()) take_control(*document);
    // Its producer waits: everything before it is kept, then it is told so.
    if (!answers_.empty() && telling_.is_control()) {
      HEADRACE_RETURN_IF_ERROR(commit(intake, false));
      give_answers();
    }
    return ok_status();
  }

  void take_control(const FlowceptDocument& control) {
    const std::string what = control.text("info").value_or("");
    const std::optional<std::string> bundle = control.text("exec_bundle_id");
    const std::optional<std::string> interceptor = control.text("interceptor_instance_id");
    std::string set;
    if (what == "mq_flush_complete") set = "pending_mq_flush_complete";
    if (what == "mq_dao_thread_stopped") set = "started_mq_thread_execution";
    if (set.empty() || !interceptor) return;
    if (bundle) set += "_" + *bundle;
    answers_.push_back({set, *interceptor});
  }

  Status commit(collect::Intake& intake, bool has_ended) {
    HEADRACE_RETURN_IF_ERROR(telling_.settle(intake, has_ended));
    return intake.commit(telling_.kept());
  }

  bool has_commands() {
    if (commands_) return true;
    Result<RedisConnection> connection = RedisConnection::open(address_);
    if (connection.ok()) commands_ = std::move(*connection);
    return commands_.has_value();
  }

  // What cannot be given now is given on the next read.
  void give_answers() {
    while (!answers_.empty() && has_commands()) {
      const Answer& answer = answers_.front();
      const Result<RedisReply> given = commands_->ask({"SREM", answer.set, answer.member});
      if (!given.ok() && given.status().code() != StatusCode::kInvalidArgument) {
        commands_.reset();
        return;
      }
      answers_.erase(answers_.begin());
    }
  }

  std::string current_campaign() {
    if (steady_clock::now() - asked_ < kPerCampaign) return campaign_;
    asked_ = steady_clock::now();
    if (!has_commands()) return campaign_;
    const Result<RedisReply> told = commands_->ask({"GET", "current_campaign_id"});
    if (told.ok())
      campaign_ = told->text;
    else
      commands_.reset();
    return campaign_;
  }

  RedisAddress address_;
  FlowceptTelling telling_;
  std::optional<RedisConnection> messages_;
  std::optional<RedisConnection> commands_;
  std::vector<Answer> answers_;
  std::string campaign_;
  std::string why_lost_;
  steady_clock::time_point asked_{};
  steady_clock::time_point tried_{};
  steady_clock::time_point pinged_{};
  steady_clock::time_point heard_{};
  uint64_t number_ = 0;
  uint64_t outages_ = 0;
  bool has_read_ = false;
};

}  // namespace

Result<std::unique_ptr<ForeignSource>> flowcept_channel(const RedisAddress& address) {
  auto out = std::make_unique<Channel>(address);
  HEADRACE_RETURN_IF_ERROR(out->connect());
  return std::unique_ptr<ForeignSource>(std::move(out));
}

}  // namespace headrace::exchange
