#include "base/liveness.h"

#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace headrace {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Liveness::Liveness(std::string proc_root) : proc_root_(std::move(proc_root)) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  hostname_ = host;
  boot_id_ = read_file(proc_root_ + "/sys/kernel/random/boot_id");
  while (!boot_id_.empty() && boot_id_.back() == '\n') boot_id_.pop_back();
  struct stat facts {};
  if (stat((proc_root_ + "/self/ns/pid").c_str(), &facts) == 0) pid_namespace_ = facts.st_ino;
}

bool Liveness::is_dead(const std::string& hostname, const std::string& boot_id, int64_t pid,
                       int64_t start_time_ticks, uint64_t pid_namespace) const {
  if (hostname != hostname_ || boot_id.empty() || pid <= 0) return false;
  if (boot_id != boot_id_) return !boot_id_.empty();
  if (pid_namespace != 0 && pid_namespace != pid_namespace_) return false;
  const std::string stat = read_file(proc_root_ + "/" + std::to_string(pid) + "/stat");
  // The command, in parentheses, may hold anything; the fields after it are plain: 3 state,
  // 20 number of threads, 22 start time (proc(5)).
  const size_t after = stat.rfind(')');
  if (after == std::string::npos) return true;
  std::istringstream fields(stat.substr(after + 1));
  std::string state;
  std::string threads;
  std::string started;
  fields >> state;
  for (int i = 4; i <= 22; ++i) fields >> (i == 20 ? threads : started);
  // The first thread may have ended while others run on: then it is a zombie and they are not.
  if ((state == "Z" || state == "X") && (threads == "1" || threads == "0")) return true;
  return start_time_ticks > 0 && started != std::to_string(start_time_ticks);
}

}  // namespace headrace
