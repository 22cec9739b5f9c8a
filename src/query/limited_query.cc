#include "query/limited_query.h"

#include <csignal>
#include <cstring>
#include <utility>

#include "query/bounded_process.h"
#include "query/limited_child.h"
#include "query/limited_session.h"
#include "query/limited_wire.h"
#include "query/units.h"
#include "store/interrupt.h"

namespace headrace::query {
namespace {

constexpr uint64_t kLeastMemory = 256'000'000;
constexpr const char* kNarrow =
    "; narrow it with WHERE, join fewer rows, or ask for one part first";

Status check(const LimitedQuestion& question, const QueryLimits& limits) {
  const size_t length = question.sql.size() + question.filter.size();
  if (length > limits.text_bytes) {
    return invalid_argument("the query is " + bytes_text(static_cast<double>(length)) +
                            " of text, and at most " +
                            bytes_text(static_cast<double>(limits.text_bytes)) + " are taken");
  }
  if (limits.memory_bytes < kLeastMemory) {
    return invalid_argument("a query needs at least " +
                            bytes_text(static_cast<double>(kLeastMemory)) +
                            " of memory to begin with");
  }
  if (limits.wall_ms <= 0 || limits.cpu_s <= 0) {
    return invalid_argument("the time that a query may take must be more than 0 s");
  }
  return {};
}

// How a process ended that could not say it itself.
Status end_of(const ProcessEnd& end, const QueryLimits& limits) {
  if (end.is_too_long) return out_of_room(limits);
  if (end.is_out_of_time) {
    return exhausted("the query was stopped after " +
                     duration_text(static_cast<double>(limits.wall_ms) / 1000) + kNarrow);
  }
  if (end.signal == SIGXCPU) {
    return exhausted("the query was stopped after " +
                     duration_text(static_cast<double>(limits.cpu_s)) + " of CPU time" + kNarrow);
  }
  if (end.signal == SIGKILL) {
    return exhausted("the query was stopped by the system, most likely for its memory" +
                     std::string(kNarrow));
  }
  return exhausted("the query brought its process down (" +
                   std::string(end.signal != 0 ? strsignal(end.signal) : "no answer") +
                   "), as one nested too deeply does" + kNarrow);
}

}  // namespace

LimitedQueries::LimitedQueries(std::filesystem::path program, int at_once)
    : program_(std::move(program)), at_once_(at_once) {}

Result<LimitedAnswer> LimitedQueries::run(const LimitedQuestion& question,
                                          const QueryLimits& limits, store::Interrupt* interrupt) {
  HEADRACE_RETURN_IF_ERROR(check(question, limits));
  struct Place {
    LimitedQueries& all;
    bool is_taken = false;
    explicit Place(LimitedQueries& queries) : all(queries) {
      const std::lock_guard lock(all.mutex_);
      is_taken = all.running_ < all.at_once_;
      all.running_ += is_taken ? 1 : 0;
    }
    ~Place() {
      const std::lock_guard lock(all.mutex_);
      all.running_ -= is_taken ? 1 : 0;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
  };
  const Place place(*this);
  if (!place.is_taken) {
    return unavailable(counted(static_cast<uint64_t>(at_once_), "query") +
                       (at_once_ == 1 ? " is" : " are") +
                       " running already; ask again when one has ended");
  }
  Result<ProcessEnd> end = run_bounded(
      program_, kLimitedChildWord, request_text({question, limits}),
      {limits.wall_ms, limits.answer_bytes, interrupt == nullptr ? -1 : interrupt->descriptor()});
  if (!end.ok()) return end.status();
  if (end->is_unwanted) return interrupt->status();
  Result<Verdict> verdict = parse_verdict(end->errors);
  if (end->is_out_of_time || end->is_too_long || !verdict.ok()) return end_of(*end, limits);
  if (!verdict->status.ok()) return verdict->status;
  verdict->answer.bytes = std::move(end->output);
  return std::move(verdict->answer);
}

}  // namespace headrace::query
