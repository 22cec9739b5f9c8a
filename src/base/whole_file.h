// A file that appears under its name only when it is whole, so that no reader sees half of it.
//
//   Result<WholeFile> file = WholeFile::open("report.html");
//   file->write(text);
//   Status status = file->finish();
//
// What stands under the name already and is no plain file (a device, a pipe, a link) is written
// into and stays what it is.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>

#include "base/status.h"

namespace headrace {

// Where bytes for `path` go first: beside it, or into itself where it is no plain file.
std::filesystem::path written_first(const std::filesystem::path& path);
// Gives what was written there its name. Errors: kIo.
Status name_whole(const std::filesystem::path& first, const std::filesystem::path& path);

// Not shared by threads. One that is not finished leaves nothing behind.
class WholeFile {
 public:
  // Errors: kIo when no file can be made there.
  static Result<WholeFile> open(const std::filesystem::path& path);
  WholeFile(WholeFile&&) noexcept = default;
  WholeFile& operator=(WholeFile&&) = delete;
  ~WholeFile();

  // False once something could not be written, which finish() then says.
  bool write(std::string_view bytes);
  Status finish();

 private:
  struct Close {
    void operator()(FILE* file) const { static_cast<void>(std::fclose(file)); }
  };
  WholeFile(std::filesystem::path path, std::filesystem::path first, FILE* file)
      : path_(std::move(path)), first_(std::move(first)), file_(file) {}
  std::filesystem::path path_;
  std::filesystem::path first_;
  std::unique_ptr<FILE, Close> file_;
  int error_ = 0;
};

}  // namespace headrace
