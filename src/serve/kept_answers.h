// What is costly to read and asked for again and again: the tasks of a timeline, say. Kept from one
// view of the store to the next, so that whoever keeps something can go on from where it was.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unistd.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include "serve/http.h"

namespace headrace::serve {

// Whole answers by what was asked, as long as the store is the same one: a page that is opened
// again, or by several people, costs nothing. At most 32 MB.
class KeptBodies {
 public:
  // Held by who finds an answer to a question, so that the others who ask it at that time wait for
  // this one, and for no other.
  class Making {
   public:
    explicit Making(std::shared_ptr<std::mutex> one) : one_(std::move(one)), lock_(*one_) {}

   private:
    std::shared_ptr<std::mutex> one_;
    std::unique_lock<std::mutex> lock_;  // before one_ goes
  };
  struct Body {
    std::string type;
    std::string bytes;
    std::vector<Header> headers;
  };
  std::shared_ptr<const Body> find(const std::string& question, const std::string& watermark) {
    const std::lock_guard lock(mutex_);
    if (watermark != watermark_) return nullptr;
    const auto found = bodies_.find(question);
    return found == bodies_.end() ? nullptr : found->second;
  }
  // Waits while somebody else makes it: look again then.
  Making making(const std::string& question) {
    std::shared_ptr<std::mutex> one;
    {
      const std::lock_guard lock(mutex_);
      std::erase_if(makers_, [](const auto& maker) { return maker.second.expired(); });
      std::weak_ptr<std::mutex>& maker = makers_[question];
      one = maker.lock();
      if (one == nullptr) maker = one = std::make_shared<std::mutex>();
    }
    return Making(std::move(one));
  }
  void keep(const std::string& question, const std::string& watermark, Body body) {
    const std::lock_guard lock(mutex_);
    if (watermark != watermark_ || bytes_ + body.bytes.size() > kMostBytes) {
      bodies_.clear();
      bytes_ = 0;
      watermark_ = watermark;
    }
    if (body.bytes.size() > kMostBytes) return;
    bytes_ += body.bytes.size();
    bodies_[question] = std::make_shared<const Body>(std::move(body));
  }

 private:
  static constexpr size_t kMostBytes = 32 << 20;
  std::mutex mutex_;
  std::string watermark_;
  size_t bytes_ = 0;
  std::unordered_map<std::string, std::shared_ptr<const Body>> bodies_;
  std::unordered_map<std::string, std::weak_ptr<std::mutex>> makers_;
};

class KeptAnswers {
 public:
  KeptBodies& bodies() { return bodies_; }
  // The kept thing of that name and watermark; else what `make` makes of the one that an earlier
  // view kept (null when there is none). One thread makes a thing, and who wants it too waits for
  // it. Of those that were asked for last, as many are kept as fit into most_bytes() by `bytes_of`.
  template <typename T>
  std::shared_ptr<const T> get(
      const std::string& name, const std::string& watermark,
      const std::function<std::shared_ptr<const T>(std::shared_ptr<const T>)>& make,
      const std::function<size_t(const T&)>& bytes_of) {
    const std::shared_ptr<Kept> kept = place_of(name);
    const std::lock_guard making(kept->making);
    if (kept->what != nullptr && kept->watermark == watermark) {
      return std::static_pointer_cast<const T>(kept->what);
    }
    std::shared_ptr<const T> made = make(std::static_pointer_cast<const T>(kept->what));
    if (made == nullptr) return nullptr;
    kept->what = made;
    kept->watermark = watermark;
    make_room(*kept, bytes_of(*made));
    return made;
  }

 private:
  // A sixteenth of the machine's memory, so that the tasks of two timelines of ten million fit
  // where there is room for them.
  static size_t most_bytes() {
    const auto memory =
        static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    return std::clamp<size_t>(memory / 16, 256 << 20, 1 << 30);
  }
  struct Kept {
    explicit Kept(std::string its_name) : name(std::move(its_name)) {}
    const std::string name;
    std::mutex making;  // holds what and watermark
    std::string watermark;
    std::shared_ptr<const void> what;
    size_t bytes = 0;  // of mutex_
  };

  std::shared_ptr<Kept> place_of(const std::string& name) {
    const std::lock_guard lock(mutex_);
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      if ((*kept)->name != name) continue;
      kept_.splice(kept_.begin(), kept_, kept);
      return kept_.front();
    }
    return kept_.emplace_front(std::make_shared<Kept>(name));
  }
  // The newest one always stays.
  void make_room(Kept& for_it, size_t bytes) {
    const std::lock_guard lock(mutex_);
    for_it.bytes = bytes;
    size_t all = 0;
    for (auto kept = kept_.begin(); kept != kept_.end();) {
      all += (*kept)->bytes;
      const bool fits = all <= most_bytes_ || kept == kept_.begin();
      kept = fits ? std::next(kept) : kept_.erase(kept);
    }
  }

  const size_t most_bytes_ = most_bytes();
  KeptBodies bodies_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Kept>> kept_;
};

}  // namespace headrace::serve
