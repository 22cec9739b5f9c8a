// From a process's events to what it had open: for how long, in which mode, with which outcome.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "box/lineage.h"

namespace headrace::box {

using Inode = std::pair<uint64_t, uint64_t>;  // device, number

// A file that a process had open (all its descriptors of it that overlap are one).
struct Access {
  size_t process = 0;
  Uuid task;
  Inode inode;
  int fd = -1;       // that open gave; -1: inherited, or none
  std::string path;  // absolute, as it was called
  bool reads = false;
  bool writes = false;
  bool makes_new = false;  // truncated or created it
  bool keeps_old = false;  // writes, and what was there stays
  bool is_inherited = false;
  bool surely_wrote = false;  // mapped shared, truncated, copied into
  bool moved = false;         // inherited: the offset changed, or nobody can tell
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  FileState at_open;
  FileState at_end;          // unknown where its end was not seen
  bool end_is_sure = false;  // nothing was left in the program's buffers
  const char* how = "file";
};

// A file that got another name, or lost one.
struct NameChange {
  size_t process = 0;
  Uuid task;
  enum Kind : uint8_t { kRename, kLink, kUnlink } kind = kRename;
  Inode inode;
  FileState state;
  std::string from;
  std::string to;
  int64_t at_ns = 0;
  uint64_t links = 0;
};

struct PipeEnd {
  size_t process = 0;
  Uuid task;
  bool writes = false;
  bool is_creator = false;
};

struct Listing {
  size_t process = 0;
  Uuid task;
  std::string path;
};

// The state of a file as someone saw it.
struct Sighting {
  int64_t at_ns = 0;
  FileState state;
};

struct Accesses {
  std::vector<Access> files;
  std::vector<NameChange> names;  // by time
  std::map<Inode, std::vector<PipeEnd>> pipes;
  std::vector<Listing> listings;
  std::map<Inode, std::vector<Sighting>> sightings;  // by time
};

Accesses accesses_of(const std::vector<BoxProcess>& processes);

FileState state_of(const FileBody& body);

}  // namespace headrace::box
