#include "serve/port_owner.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <unistd.h>
#include <vector>

namespace headrace::serve {
namespace {

struct Listener {
  std::string inode;
  std::string uid;
};

// Columns of /proc/net/tcp, see proc_pid_net(5): sl local_address rem_address st ... uid ... inode.
std::optional<Listener> listener_in(const std::string& file, uint16_t port) {
  std::ifstream lines(file);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::vector<std::string> w;
    for (std::string word; words >> word && w.size() < 10;) w.push_back(word);
    if (w.size() < 10 || w[3] != "0A") continue;  // TCP_LISTEN
    const size_t colon = w[1].rfind(':');
    if (colon == std::string::npos) continue;
    if (std::strtoul(w[1].c_str() + colon + 1, nullptr, 16) == port) return Listener{w[9], w[7]};
  }
  return std::nullopt;
}

bool holds(const std::filesystem::path& process, const std::string& inode) {
  std::error_code error;
  const std::string wanted = "socket:[" + inode + "]";
  for (std::filesystem::directory_iterator fd(process / "fd", error), end; !error && fd != end;
       fd.increment(error)) {
    std::error_code unreadable;
    if (std::filesystem::read_symlink(fd->path(), unreadable) == wanted) return true;
  }
  return false;
}

}  // namespace

std::string port_owner(uint16_t port, const std::string& proc_root) {
  std::optional<Listener> found = listener_in(proc_root + "/net/tcp", port);
  if (!found) found = listener_in(proc_root + "/net/tcp6", port);
  if (!found) return "";
  std::error_code error;
  for (std::filesystem::directory_iterator process(proc_root, error), end; !error && process != end;
       process.increment(error)) {
    const std::string name = process->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (!holds(process->path(), found->inode)) continue;
    std::string program;
    std::getline(std::ifstream(process->path() / "comm"), program);
    return "pid " + name + (program.empty() ? "" : " (" + program + ")");
  }
  return "a process of user " + found->uid;
}

}  // namespace headrace::serve
