// A few threads and a bounded queue before them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace headrace::serve {

class WorkPool {
 public:
  WorkPool(size_t threads, size_t longest_queue);
  // Runs what is queued, then ends the threads.
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  // False when the queue is full: nothing will run then.
  [[nodiscard]] bool submit(std::function<void()> work);

  size_t queued() const;
  uint64_t refused() const { return refused_; }

 private:
  void work();

  const size_t longest_queue_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool ending_ = false;
  std::atomic<uint64_t> refused_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace headrace::serve
