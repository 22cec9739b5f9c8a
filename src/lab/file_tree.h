// A folder of small files that stand for a kernel's: changed in place, so that whoever holds one
// open sees it, as with a kernel's files.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace headrace::lab {

class FileTree {
 public:
  explicit FileTree(std::string root) : root_(std::move(root)) {}
  ~FileTree();
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  // From now on `path` reads `text`.
  void put(const std::string& path, std::string_view text);
  // From now on reading `path` fails. EACCES: nobody may open it (root may all the same), EIO: the
  // kernel refuses. Whoever has it open already reads nothing.
  void fail(const std::string& path, int error_number);
  // `path` leads to what stands at `target`.
  void link(const std::string& path, const std::string& target);
  const std::string& root() const { return root_; }
  // The first thing that went wrong with the folder itself.
  const Status& status() const { return status_; }

 private:
  struct File {
    int fd = -1;
    int error = 0;
    std::string text;
  };
  void note(const std::string& path, int error_number);
  bool open(const std::string& path, File& file);

  std::string root_;
  std::map<std::string, File> files_;
  Status status_;
};

}  // namespace headrace::lab
