// The seam to the file system: everything that writes segments goes through it, so that a test can
// make the Nth call fail, or forget what a power cut would.
//
//   FileSystem& files = FileSystem::current();
//   const int fd = files.create(path);
//   if (fd < 0) return io_error("cannot create " + path, -fd);
//
// A call returns what the system call returns, or minus errno: whoever calls decides by the number,
// and failing costs no memory. Off the hot path: a virtual call each. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace headrace {

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // A new file for writing; -EEXIST when the name is taken. Never follows a link.
  virtual int create(const char* path);
  virtual int close(int fd);
  // May write less than asked, as write(2).
  virtual ssize_t write(int fd, const void* from, size_t bytes);
  // Data and size are on the medium when it returns 0.
  virtual int sync(int fd);
  // The folder's names are.
  virtual int sync_folder(const char* path);
  // Takes the blocks [from, from + bytes) without growing the file. -EOPNOTSUPP where unknown.
  virtual int reserve(int fd, uint64_t from, uint64_t bytes);
  // Sets the size; gives blocks beyond it back.
  virtual int truncate(int fd, uint64_t bytes);
  // -EEXIST when `to` is taken.
  virtual int rename(const char* from, const char* to);
  virtual int link(const char* from, const char* to);
  virtual int unlink(const char* path);
  // -EEXIST when it is there already.
  virtual int make_folder(const char* path);
  // A folder, no link, that belongs to this user.
  virtual bool is_own_folder(const char* path);
  // All of a file, appended to `out`.
  virtual int read(const char* path, std::string& out);

  struct Entry {
    std::string name;
    uint64_t size_bytes = 0;
  };
  // The plain files of a folder.
  virtual int list(const char* folder, std::vector<Entry>& out);

  struct Facts {
    uint64_t magic = 0;       // statfs f_type
    uint64_t free_bytes = 0;  // to this user
    bool read_only = false;
  };
  virtual int facts(const char* path, Facts* out);

  // The process's: the real one unless a test put another in its place.
  static FileSystem& current();
  // `other` must outlive its use; null puts the real one back. Returns what was there.
  static FileSystem* replace_for_test(FileSystem* other);
};

// Whether a file system (statfs f_type) is shared between machines or served by a program: there no
// memory may be shared through a file, and locks mean nothing. FUSE counts as such.
bool is_network_file_system(uint64_t magic);
// Of the file system that holds `path`; true when that cannot be told.
bool is_on_network(const char* path);

}  // namespace headrace
