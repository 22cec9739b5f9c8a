#include "box/notify_proc.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace headrace::box {
namespace {

std::string proc_path(pid_t pid, const char* name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

std::string fd_path(pid_t tid, int fd) {
  return "/proc/" + std::to_string(tid) + "/fd/" + std::to_string(fd);
}

std::string read_whole(const std::string& path) {
  std::string out;
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return out;
  std::array<char, 4096> part{};
  ssize_t got = 0;
  while ((got = read(file, part.data(), part.size())) > 0) {
    out.append(part.data(), static_cast<size_t>(got));
    if (out.size() > (4U << 20)) break;
  }
  close(file);
  return out;
}

// The number behind "\nname" in a file of lines.
int64_t number_after(const std::string& text, const char* name, int base = 10) {
  const size_t found = text.find(name);
  if (found == std::string::npos) return -1;
  return std::strtoll(text.c_str() + found + std::strlen(name), nullptr, base);
}

int64_t ns_of(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

std::optional<ProcStat> read_proc_stat(pid_t pid) {
  const std::string text = read_proc_file(pid, "stat");
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  // Fields from the third on; man 5 proc_pid_stat numbers them from 1.
  std::array<std::string, 53> fields;
  size_t at = name_end + 2;
  for (size_t i = 3; i < fields.size() && at < text.size(); ++i) {
    const size_t end = std::min(text.find_first_of(" \n", at), text.size());
    fields[i] = text.substr(at, end - at);
    at = end + 1;
  }
  ProcStat out;
  out.parent = static_cast<pid_t>(std::atoll(fields[4].c_str()));
  out.user_ticks = std::strtoull(fields[14].c_str(), nullptr, 10);
  out.system_ticks = std::strtoull(fields[15].c_str(), nullptr, 10);
  out.start_time_ticks = std::strtoull(fields[22].c_str(), nullptr, 10);
  // Start of code, of stack, of heap, of arguments.
  if (fields[48] != "0" && !fields[48].empty()) {
    out.image = fields[26] + " " + fields[28] + " " + fields[47] + " " + fields[48];
  }
  return out;
}

pid_t process_of(pid_t tid) {
  const int64_t pid = number_after(read_proc_file(tid, "status"), "\nTgid:");
  return pid > 0 ? static_cast<pid_t>(pid) : 0;
}

std::vector<Descriptor> list_descriptors(pid_t tid, bool* hidden) {
  std::vector<Descriptor> out;
  DIR* const folder = opendir(proc_path(tid, "fd").c_str());
  if (folder == nullptr) {
    if (hidden != nullptr) *hidden = true;
    return out;
  }
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    Descriptor one;
    one.fd = std::atoi(entry->d_name);
    if (fstatat(dirfd(folder), entry->d_name, &one.facts, 0) == 0) out.push_back(one);
  }
  closedir(folder);
  std::sort(out.begin(), out.end(),
            [](const Descriptor& a, const Descriptor& b) { return a.fd < b.fd; });
  return out;
}

bool stat_descriptor(pid_t tid, int fd, struct stat* facts) {
  return stat(fd_path(tid, fd).c_str(), facts) == 0;
}

DescriptorMode read_descriptor_mode(pid_t tid, int fd) {
  const std::string text = read_whole(proc_path(tid, "fdinfo/") + std::to_string(fd));
  DescriptorMode out;
  out.position = number_after(text, "pos:");
  const int64_t flags = number_after(text, "\nflags:", 8);
  out.flags = flags > 0 ? static_cast<uint32_t>(flags) : 0;
  return out;
}

std::string read_link(const std::string& path) {
  std::array<char, 4096> target{};
  const ssize_t got = readlink(path.c_str(), target.data(), target.size());
  return got > 0 ? std::string(target.data(), static_cast<size_t>(got)) : std::string();
}

std::string descriptor_path(pid_t tid, int fd) { return read_link(fd_path(tid, fd)); }

std::string read_proc_file(pid_t pid, const char* name) { return read_whole(proc_path(pid, name)); }

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> out;
  DIR* const folder = opendir(proc_path(pid, "task").c_str());
  if (folder == nullptr) return out;
  while (const dirent* const entry = readdir(folder)) {
    if (entry->d_name[0] == '.') continue;
    const std::string name = std::string("task/") + entry->d_name + "/children";
    const std::string text = read_proc_file(pid, name.c_str());
    const char* at = text.c_str();
    char* end = nullptr;
    for (long child = std::strtol(at, &end, 10); end != at; child = std::strtol(at, &end, 10)) {
      out.push_back(static_cast<pid_t>(child));
      at = end;
    }
  }
  closedir(folder);
  return out;
}

unsigned thread_count(pid_t pid) {
  struct stat facts {};
  if (stat(proc_path(pid, "task").c_str(), &facts) != 0 || facts.st_nlink < 2) return 0;
  return static_cast<unsigned>(facts.st_nlink) - 2;
}

ExitBody read_totals(pid_t pid) {
  ExitBody out;
  std::memset(&out, 0xFF, sizeof out);  // -1 in all
  if (const std::optional<ProcStat> facts = read_proc_stat(pid)) {
    static const int64_t tick_us = 1'000'000 / sysconf(_SC_CLK_TCK);
    out.user_us = static_cast<int64_t>(facts->user_ticks) * tick_us;
    out.system_us = static_cast<int64_t>(facts->system_ticks) * tick_us;
  }
  const std::string io = "\n" + read_proc_file(pid, "io");
  out.read_bytes = number_after(io, "\nrchar:");
  out.written_bytes = number_after(io, "\nwchar:");
  out.storage_read_bytes = number_after(io, "\nread_bytes:");
  out.storage_written_bytes = number_after(io, "\nwrite_bytes:");
  const int64_t resident = number_after(read_proc_file(pid, "status"), "\nVmHWM:");
  if (resident >= 0) out.max_rss_bytes = resident * 1024;
  return out;
}

bool read_memory(pid_t tid, uint64_t address, void* out, size_t size) {
  const iovec here{out, size};
  const iovec there{reinterpret_cast<void*>(address), size};  // NOLINT: another process's address
  return process_vm_readv(tid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

std::optional<std::string> read_text(pid_t tid, uint64_t address) {
  constexpr uint64_t kPage = 4096;
  std::string out;
  std::array<char, kPage> page{};
  while (out.size() < kLongestPath) {
    // One page at a time: what lies behind the text may not be mapped.
    const size_t size = kPage - (address + out.size()) % kPage;
    if (!read_memory(tid, address + out.size(), page.data(), size)) return std::nullopt;
    const size_t text = strnlen(page.data(), size);
    out.append(page.data(), text);
    if (text < size) return out;
  }
  return out.substr(0, kLongestPath);
}

FileBody file_body(const struct stat& facts) {
  FileBody out{};
  out.dev = facts.st_dev;
  out.ino = facts.st_ino;
  out.size_bytes = facts.st_size;
  out.mtime_ns = ns_of(facts.st_mtim);
  out.ctime_ns = ns_of(facts.st_ctim);
  out.mode = facts.st_mode;
  out.position = -1;
  out.links = facts.st_nlink;
  return out;
}

}  // namespace headrace::box
