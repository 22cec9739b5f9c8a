// What is costly to read and asked for again and again: the tasks of a timeline, say. Kept from one
// view of the store to the next, so that whoever keeps something can go on from where it was.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace headrace::serve {

// Whole answers by what was asked, as long as the store is the same one: a page that is opened
// again, or by several people, costs nothing. At most 32 MB.
class KeptBodies {
 public:
  struct Body {
    std::string type;
    std::string bytes;
    std::string total;  // X-Total; "" for none
  };
  std::shared_ptr<const Body> find(const std::string& question, const std::string& watermark) {
    const std::lock_guard lock(mutex_);
    if (watermark != watermark_) return nullptr;
    const auto found = bodies_.find(question);
    return found == bodies_.end() ? nullptr : found->second;
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
};

class KeptAnswers {
 public:
  KeptBodies& bodies() { return bodies_; }
  // The kept thing of that name and watermark; else what `make` makes of the one that an earlier
  // view kept (null when there is none). Only one thread makes at a time; the four that were asked
  // for last are kept.
  template <typename T>
  std::shared_ptr<const T> get(
      const std::string& name, const std::string& watermark,
      const std::function<std::shared_ptr<const T>(std::shared_ptr<const T>)>& make) {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<const T> earlier;
    for (auto kept = kept_.begin(); kept != kept_.end(); ++kept) {
      if (kept->name != name) continue;
      earlier = std::static_pointer_cast<const T>(kept->what);
      if (kept->watermark == watermark) {
        kept_.splice(kept_.begin(), kept_, kept);
        return earlier;
      }
      kept_.erase(kept);
      break;
    }
    std::shared_ptr<const T> made = make(std::move(earlier));
    if (made == nullptr) return nullptr;
    kept_.push_front({name, watermark, made});
    if (kept_.size() > kMost) kept_.pop_back();
    return made;
  }

 private:
  static constexpr size_t kMost = 4;
  struct Kept {
    std::string name;
    std::string watermark;
    std::shared_ptr<const void> what;
  };
  KeptBodies bodies_;
  std::mutex mutex_;
  std::list<Kept> kept_;
};

}  // namespace headrace::serve
