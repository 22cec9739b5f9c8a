// A scratch tree of small files, for tests of what reads /proc and /sys. Gone with its object.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

namespace headrace::telemetry {

class Tree {
 public:
  Tree() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-tree-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) root_ = name;
  }
  ~Tree() {
    std::error_code error;
    std::filesystem::remove_all(root_, error);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // Overwrites in place, as the kernel's files change under an open descriptor.
  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path full = root_ / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << text;
  }
  std::string path(const std::string& inside = {}) const { return root_ / inside; }

 private:
  std::filesystem::path root_;
};

}  // namespace headrace::telemetry
