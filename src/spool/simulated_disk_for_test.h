// For tests: a disk in memory that can lose its power.
//
//   SimulatedDisk disk(seed);
//   SegmentWriter writer({"/disk/.headrace"}, 9, preamble, policy, disk);
//   disk.cut_power_after(120);                        // calls from now
//   ... every later call fails with EIO and changes nothing ...
//   for (auto& [path, bytes] : disk.after_power_cut()) ...
//
// What a sync has put on the medium stays. Of the rest each 512-byte sector is, by chance, old,
// new, or as it was between two writes; a file's size may be ahead of its data, which then reads as
// zeros, noise, or what the blocks held before; names that no folder sync covered are there, gone,
// or, for a rename, both. A sync that fails forgets: what it did not write is never written later.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace headrace {

class SimulatedDisk : public FileSystem {
 public:
  explicit SimulatedDisk(uint64_t seed) : random_(seed) { folders_["/"] = true; }

  // Asked before each call with its name; what is not 0 is the errno that it fails with.
  std::function<int(const std::string& call)> fault;
  void cut_power_after(uint64_t calls) { calls_left_ = calls; }
  bool has_power() const { return has_power_; }
  uint64_t calls() const { return calls_; }

  int create(const char* path) override {
    if (const int error = enter("create")) return error;
    if (names_.contains(path)) return -EEXIST;
    if (!folders_.contains(folder_of(path))) return -ENOENT;
    nodes_.emplace_back();
    const size_t node = nodes_.size() - 1;
    names_[path] = node;
    pending_.push_back({folder_of(path), "", path, node});
    fds_.push_back(node);
    return static_cast<int>(fds_.size() - 1);
  }
  int close(int) override { return 0; }
  ssize_t write(int fd, const void* from, size_t bytes) override {
    const int error = enter("write");
    if (error != 0 && has_power_) return error;
    // Some of a write that fails may be there: the lack of space or power met it half-way.
    if (error != 0) bytes = chance(2) ? random_() % (bytes + 1) : 0;
    if (error == 0 && bytes > 1 && chance(8)) bytes = 1 + random_() % bytes;
    Node& node = nodes_[fds_[static_cast<size_t>(fd)]];
    if (error == 0 || !image_taken_) {
      node.unsynced.push_back({node.bytes.size(), bytes});
      node.bytes.append(static_cast<const char*>(from), bytes);
    }
    return error != 0 ? error : static_cast<ssize_t>(bytes);
  }
  int sync(int fd) override {
    const int error = enter("sync");
    Node& node = nodes_[fds_[static_cast<size_t>(fd)]];
    if (error == 0 || (has_power_ && chance(3))) {
      node.durable = node.bytes;
      node.unsynced.clear();
    } else if (has_power_) {
      node.durable = image_of(node);  // some sectors made it
      node.unsynced.clear();          // and the others count as written
    }
    return error;
  }
  int sync_folder(const char* path) override {
    if (const int error = enter("sync_folder")) return error;
    const std::string folder = path;
    std::erase_if(pending_, [&](const NameChange& change) {
      if (change.folder != folder) return false;
      apply(change, durable_names_, durable_folders_);
      return true;
    });
    return 0;
  }
  int reserve(int, uint64_t, uint64_t) override { return enter("reserve"); }
  int truncate(int fd, uint64_t bytes) override {
    if (const int error = enter("truncate")) return error;
    Node& node = nodes_[fds_[static_cast<size_t>(fd)]];
    if (bytes < node.bytes.size()) {
      node.bytes.resize(bytes);
      for (Write& one : node.unsynced) {
        one.bytes = one.at >= bytes ? 0 : std::min<uint64_t>(one.bytes, bytes - one.at);
      }
    }
    return 0;
  }
  int rename(const char* from, const char* to) override {
    if (const int error = enter("rename")) return error;
    const auto found = names_.find(from);
    if (found == names_.end()) return -ENOENT;
    if (names_.contains(to)) return -EEXIST;
    const size_t node = found->second;
    names_.erase(found);
    names_[to] = node;
    pending_.push_back({folder_of(to), from, to, node});
    return 0;
  }
  int unlink(const char* path) override {
    if (const int error = enter("unlink")) return error;
    if (names_.erase(path) == 0) return -ENOENT;
    pending_.push_back({folder_of(path), path, "", 0});
    return 0;
  }
  int make_folder(const char* path) override {
    if (const int error = enter("make_folder")) return error;
    if (folders_.contains(path)) return -EEXIST;
    if (!folders_.contains(folder_of(path))) return -ENOENT;
    folders_[path] = true;
    pending_.push_back({folder_of(path), "", path, kFolder});
    return 0;
  }
  bool is_own_folder(const char* path) override { return folders_.contains(path); }
  int read(const char* path, std::string& out) override {
    const auto found = names_.find(path);
    if (found == names_.end()) return -ENOENT;
    out += nodes_[found->second].bytes;
    return 0;
  }
  int list(const char* folder, std::vector<Entry>& out) override {
    if (const int error = enter("list")) return error;
    for (const auto& [path, node] : names_) {
      if (folder_of(path) != folder) continue;
      out.push_back({path.substr(path.rfind('/') + 1), nodes_[node].bytes.size()});
    }
    return 0;
  }

  // What is found when the power is back: files by path.
  std::map<std::string, std::string> after_power_cut() {
    image_taken_ = true;
    std::map<std::string, size_t> names = durable_names_;
    std::map<std::string, bool> folders = durable_folders_;
    folders["/"] = true;
    const int journal = static_cast<int>(random_() % 3);  // all late, in order, or as it came
    const size_t kept = pending_.empty() ? 0 : random_() % (pending_.size() + 1);
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (journal == 0 || (journal == 1 && i >= kept) || (journal == 2 && chance(2))) continue;
      NameChange change = pending_[i];
      if (!change.from.empty() && chance(6)) change.from.clear();  // both names, for once
      apply(change, names, folders);
    }
    std::map<std::string, std::string> out;
    for (const auto& [path, node] : names) {
      bool reachable = true;
      for (std::string at = folder_of(path); reachable; at = folder_of(at)) {
        reachable = folders.contains(at);
        if (at == "/") break;
      }
      if (reachable) out[path] = image_of(nodes_[node]);
    }
    return out;
  }

 private:
  static constexpr size_t kSector = 512;
  static constexpr size_t kFolder = SIZE_MAX;
  struct Write {
    uint64_t at;
    uint64_t bytes;
  };
  struct Node {
    std::string bytes;    // as a reader sees it now
    std::string durable;  // as the last sync left it
    std::vector<Write> unsynced;
  };
  struct NameChange {
    std::string folder;
    std::string from;  // empty: a creation
    std::string to;    // empty: a removal
    size_t node;
  };

  static std::string folder_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
  }
  static void apply(const NameChange& change, std::map<std::string, size_t>& names,
                    std::map<std::string, bool>& folders) {
    if (change.node == kFolder) {
      folders[change.to] = true;
      return;
    }
    if (!change.from.empty()) names.erase(change.from);
    if (!change.to.empty()) names[change.to] = change.node;
  }
  bool chance(unsigned one_in) { return random_() % one_in == 0; }
  int enter(const char* call) {
    ++calls_;
    if (has_power_ && calls_left_-- == 0) has_power_ = false;
    if (!has_power_) return -EIO;
    return fault ? -fault(call) : 0;
  }
  // What blocks hold that were never written here.
  char filler(unsigned kind, const Node& node, uint64_t at) {
    if (kind == 0) return '\0';
    if (kind == 1) return static_cast<char>(random_());
    // Another file's, from when the block was its.
    const Node& other = nodes_[(static_cast<size_t>(&node - nodes_.data()) + kind) % nodes_.size()];
    return at < other.durable.size() ? other.durable[at] : '\0';
  }
  std::string image_of(const Node& node) {
    uint64_t size = node.durable.size();
    for (const Write& one : node.unsynced) {
      if (chance(2))
        size = std::max(size, one.at + (chance(4) ? random_() % (one.bytes + 1) : one.bytes));
    }
    if (node.bytes.size() < size) size = std::max(node.bytes.size(), node.durable.size());
    std::string out = node.durable;
    const unsigned kind = static_cast<unsigned>(random_() % 4);
    const uint64_t known = out.size();
    out.resize(size);
    for (uint64_t at = known; at < size; ++at) out[at] = filler(kind, node, at);
    const uint64_t kept_of = 1 + random_() % 4;  // how much of the late data made it
    for (uint64_t sector = 0; sector < size; sector += kSector) {
      for (const Write& one : node.unsynced) {
        const uint64_t from = std::max(sector, one.at);
        const uint64_t to = std::min({sector + kSector, one.at + one.bytes, size});
        if (from >= to) continue;
        if (random_() % 4 >= kept_of) break;  // the sector stays as it was before this write
        std::memcpy(out.data() + from, node.bytes.data() + from, to - from);
      }
    }
    return out;
  }

  std::mt19937_64 random_;
  std::vector<Node> nodes_;
  std::vector<size_t> fds_;
  std::map<std::string, size_t> names_;
  std::map<std::string, size_t> durable_names_;
  std::map<std::string, bool> folders_;
  std::map<std::string, bool> durable_folders_;
  std::vector<NameChange> pending_;
  uint64_t calls_ = 0;
  uint64_t calls_left_ = UINT64_MAX;
  bool has_power_ = true;
  bool image_taken_ = false;
};

}  // namespace headrace
