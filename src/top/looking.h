// A thread that looks at a folder at most once a second, so that keys never wait for the store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/status.h"
#include "spool/directory.h"
#include "top/folder_reader.h"
#include "top/picture.h"
#include "top/view.h"

namespace headrace::top {

class Looking {
 public:
  // `where`: the folder, see FolderReader. `name`: of a campaign or workflow to look at, "" for
  // everything; it may appear later. `told` is called, on the thread, after each look and answer.
  Looking(std::function<Directory()> where, std::string name, std::function<void()> told);
  ~Looking();
  Looking(const Looking&) = delete;
  Looking& operator=(const Looking&) = delete;

  Picture picture(const Scope& scope, int64_t now_ns) const;
  Scope above(const Scope& scope) const;

  void set_filter(const std::string& text);
  // One at a time: a later one takes the place of one that waits.
  void ask(const Question& question);

  struct News {
    std::string trouble{};             // why less is shown than there is, or ""
    Status ended{};                    // an error that no waiting mends
    std::optional<Scope> scope{};      // what the name means, once it is known
    std::optional<TextPage> answer{};  // to the question
    std::string filter_trouble{};
  };
  // Since the last call.
  News take_news();

 private:
  void run();
  void look(std::unique_lock<std::mutex>& lock);

  const std::string name_;
  const std::function<void()> told_;
  FolderReader reader_;  // of the thread alone
  mutable std::mutex folder_mutex_;
  Folder folder_;
  std::mutex mutex_;
  std::condition_variable changed_;
  News news_;
  std::optional<std::string> filter_;
  std::optional<Question> question_;
  bool is_named_ = false;
  bool stopping_ = false;
  int64_t rest_ms_ = 0;
  std::thread thread_;  // last
};

}  // namespace headrace::top
