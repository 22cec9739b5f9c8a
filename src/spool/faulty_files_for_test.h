// For tests: the real file system, with calls that fail when a test says so.
//
//   FaultyFiles files;
//   files.fault = [](std::string_view call, const std::string& path) {
//     return call == "write" ? ENOSPC : 0;
//   };
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/file_system.h"

namespace headrace {

class FaultyFiles : public FileSystem {
 public:
  // 0, or the errno to fail with; `path` is the file's when it was made. May run on any thread.
  std::function<int(std::string_view call, const std::string& path)> fault;

  int create(const char* path) override {
    if (const int error = ask("create", path)) return error;
    const int fd = FileSystem::create(path);
    const std::lock_guard lock(mutex_);
    if (fd >= 0) paths_[fd] = path;
    return fd;
  }
  ssize_t write(int fd, const void* from, size_t bytes) override {
    const int error = ask("write", fd);
    return error != 0 ? error : FileSystem::write(fd, from, bytes);
  }
  int sync(int fd) override {
    const int error = ask("sync", fd);
    return error != 0 ? error : FileSystem::sync(fd);
  }
  int sync_folder(const char* path) override {
    const int error = ask("sync_folder", path);
    return error != 0 ? error : FileSystem::sync_folder(path);
  }
  int reserve(int fd, uint64_t from, uint64_t bytes) override {
    const int error = ask("reserve", fd);
    return error != 0 ? error : FileSystem::reserve(fd, from, bytes);
  }
  int rename(const char* from, const char* to) override {
    const int error = ask("rename", from);
    return error != 0 ? error : FileSystem::rename(from, to);
  }
  int make_folder(const char* path) override {
    const int error = ask("make_folder", path);
    return error != 0 ? error : FileSystem::make_folder(path);
  }

 private:
  int ask(std::string_view call, const std::string& path) { return fault ? -fault(call, path) : 0; }
  int ask(std::string_view call, int fd) {
    std::string path;
    {
      const std::lock_guard lock(mutex_);
      path = paths_[fd];
    }
    return ask(call, path);
  }
  std::mutex mutex_;
  std::map<int, std::string> paths_;
};

}  // namespace headrace
