#include "store/interrupt.h"

#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace headrace::store {
namespace {

thread_local Interrupt* of_thread = nullptr;

}  // namespace

Interrupt::~Interrupt() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Interrupt::stop() {
  std::vector<std::function<void()>> ends;
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_ && descriptor_ >= 0) eventfd_write(descriptor_, 1);
    stopped_ = true;
    ends = ends_;
  }
  for (const auto& end : ends) end();
}

bool Interrupt::is_stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

Status Interrupt::status() const {
  return is_stopped() ? unavailable("whoever asked has gone") : Status();
}

Status Interrupt::watch(std::function<void()> end) {
  HEADRACE_RETURN_IF_ERROR(status());
  const std::lock_guard lock(mutex_);
  ends_.push_back(std::move(end));
  return {};
}

int Interrupt::descriptor() {
  const std::lock_guard lock(mutex_);
  if (descriptor_ < 0) descriptor_ = eventfd(stopped_ ? 1 : 0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor_;
}

Interrupt* Interrupt::of_this_thread() { return of_thread; }

InterruptScope::InterruptScope(std::shared_ptr<Interrupt> interrupt)
    : interrupt_(std::move(interrupt)), outer_(std::exchange(of_thread, interrupt_.get())) {}

InterruptScope::~InterruptScope() { of_thread = outer_; }

}  // namespace headrace::store
