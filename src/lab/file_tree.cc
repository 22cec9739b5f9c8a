#include "lab/file_tree.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace::lab {

FileTree::~FileTree() {
  for (auto& [path, file] : files_) {
    if (file.fd >= 0) close(file.fd);
  }
}

void FileTree::note(const std::string& path, int error_number) {
  if (status_.ok()) status_ = io_error("cannot emulate " + root_ + "/" + path, error_number);
}

bool FileTree::open(const std::string& path, File& file) {
  const std::filesystem::path full = std::filesystem::path(root_) / path;
  std::error_code error;
  std::filesystem::create_directories(full.parent_path(), error);
  file.fd = ::open(full.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (file.fd < 0) note(path, errno);
  return file.fd >= 0;
}

void FileTree::put(const std::string& path, std::string_view text) {
  File& file = files_[path];
  if (file.error == EIO) unlink((root_ + "/" + path).c_str());
  if (file.error == EIO && file.fd >= 0) {
    // Whoever held it open before must open it anew, as after a driver's reload.
    close(file.fd);
    file.fd = -1;
  }
  if (file.fd < 0 && !open(path, file)) return;
  if (file.error == EACCES) fchmod(file.fd, 0644);
  if (file.error == 0 && file.text == text) return;
  file.error = 0;
  file.text = text;
  // Text first, then its end: a reader in between sees more than a number, never half of one.
  if (pwrite(file.fd, text.data(), text.size(), 0) < 0 ||
      ftruncate(file.fd, static_cast<off_t>(text.size())) != 0) {
    note(path, errno);
  }
}

void FileTree::fail(const std::string& path, int error_number) {
  File& file = files_[path];
  if (file.error == error_number) return;
  if (file.fd < 0 && !open(path, file)) return;
  file.error = error_number;
  if (ftruncate(file.fd, 0) != 0) note(path, errno);
  if (error_number == EACCES) {
    fchmod(file.fd, 0);
  } else if (error_number == EIO) {
    // Address 0 of a process's memory is never there: reading it is EIO, as from a broken device.
    const std::string full = root_ + "/" + path;
    if (unlink(full.c_str()) != 0 || symlink("/proc/self/mem", full.c_str()) != 0) {
      note(path, errno);
    }
  } else {
    unlink((root_ + "/" + path).c_str());
    close(file.fd);
    file.fd = -1;
    file.error = 0;
    file.text.clear();
  }
}

void FileTree::link(const std::string& path, const std::string& target) {
  const std::filesystem::path full = std::filesystem::path(root_) / path;
  std::error_code error;
  std::filesystem::create_directories(full.parent_path(), error);
  if (symlink(target.c_str(), full.c_str()) != 0 && errno != EEXIST) note(path, errno);
}

}  // namespace headrace::lab
