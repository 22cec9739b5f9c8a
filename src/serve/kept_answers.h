// What is costly to read and asked for again and again: the tasks of a timeline, say. Kept from one
// view of the store to the next, so that whoever keeps something can go on from where it was.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>

namespace headrace::serve {

class KeptAnswers {
 public:
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
  std::mutex mutex_;
  std::list<Kept> kept_;
};

}  // namespace headrace::serve
