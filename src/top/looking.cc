#include "top/looking.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "query/identify.h"
#include "top/questions.h"

namespace headrace::top {
namespace {

constexpr int64_t kEveryMs = 1000;

}  // namespace

Looking::Looking(std::function<Directory()> where, std::string name, std::function<void()> told)
    : name_(std::move(name)),
      told_(std::move(told)),
      reader_(std::move(where)),
      is_named_(name_.empty()),
      thread_([this] { run(); }) {}

Looking::~Looking() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Picture Looking::picture(const Scope& scope, int64_t now_ns) const {
  const std::lock_guard lock(folder_mutex_);
  return make_picture(folder_, scope, now_ns);
}

Scope Looking::above(const Scope& scope) const {
  const std::lock_guard lock(folder_mutex_);
  return top::above(folder_, scope);
}

void Looking::set_filter(const std::string& text) {
  {
    const std::lock_guard lock(mutex_);
    filter_ = text;
  }
  changed_.notify_all();
}

void Looking::ask(const Question& question) {
  {
    const std::lock_guard lock(mutex_);
    question_ = question;
  }
  changed_.notify_all();
}

Looking::News Looking::take_news() {
  const std::lock_guard lock(mutex_);
  News out = news_;
  news_.scope.reset();
  news_.answer.reset();
  return out;
}

void Looking::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    look(lock);
    lock.unlock();
    told_();
    lock.lock();
    changed_.wait_for(lock, std::chrono::milliseconds(rest_ms_),
                      [this] { return stopping_ || filter_ || question_; });
  }
}

void Looking::look(std::unique_lock<std::mutex>& lock) {
  const std::optional<std::string> filter = std::exchange(filter_, std::nullopt);
  const std::optional<Question> question = std::exchange(question_, std::nullopt);
  lock.unlock();
  if (filter) reader_.set_filter(*filter);
  std::optional<Scope> scope;
  std::optional<TextPage> answer;
  Status named;
  std::function<void(const query::Session&)> ask;
  if (!is_named_ || question) {
    ask = [&](const query::Session& session) {
      if (question) answer = answer_to(session, *question, question->columns);
      if (is_named_) return;
      const Result<Scope> found = scope_named(session, name_);
      if (found.ok()) {
        scope = *found;
      } else {
        named = found.status();
      }
    };
  }
  const Result<Look> look = reader_.look(folder_, folder_mutex_, ask);
  rest_ms_ = look.ok() ? look->rest_ms() : kEveryMs;
  lock.lock();
  if (scope) is_named_ = true;
  const Status& failed = look.ok() ? named : look.status();
  const bool is_waited_for = failed.ok() || failed.code() == StatusCode::kNotFound ||
                             failed.code() == StatusCode::kUnavailable;
  if (!is_waited_for) news_.ended = failed;
  if (!failed.ok() || !look.ok() || look->is_news) {
    news_.trouble = !failed.ok() ? failed.message() : look->note;
  }
  news_.filter_trouble = reader_.filter_trouble();
  if (scope) news_.scope = scope;
  if (answer) news_.answer = std::move(answer);
}

}  // namespace headrace::top
