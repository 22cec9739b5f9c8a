// For tests: a folder that is gone again at the end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace headrace::run {

class FolderForTest {
 public:
  FolderForTest() {
    char pattern[] = "/tmp/headrace-run-XXXXXX";
    if (const char* made = mkdtemp(pattern)) path_ = made;
  }
  ~FolderForTest() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FolderForTest(const FolderForTest&) = delete;
  FolderForTest& operator=(const FolderForTest&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace headrace::run
