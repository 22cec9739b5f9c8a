#include "box/file_class.h"

#include <algorithm>
#include <array>

namespace headrace::box {
namespace {

bool is_below(std::string_view path, std::string_view folder) {
  if (folder.empty() || folder == "/") return false;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

template <size_t N>
bool has_any(std::string_view path, const std::array<std::string_view, N>& parts) {
  return std::any_of(parts.begin(), parts.end(), [path](std::string_view part) {
    return path.find(part) != std::string_view::npos;
  });
}

constexpr std::array<std::string_view, 12> kCacheParts = {
    "/__pycache__/",   "/.cache/",        "/.ccache/",          "/hsperfdata_",
    "/.triton/",       "/torchinductor_", "/torch_extensions/", "/.nv/ComputeCache/",
    "/.pytest_cache/", "/.mypy_cache/",   "/.ruff_cache/",      "/.numba_cache/"};
constexpr std::array<std::string_view, 6> kRuntimeParts = {"/site-packages/", "/dist-packages/",
                                                           "/node_modules/",  "/lib/jvm/",
                                                           "/lib/gcc/",       "/pyvenv.cfg"};
constexpr std::array<std::string_view, 13> kSystemFolders = {
    "/etc",  "/usr", "/lib",  "/lib32", "/lib64", "/bin", "/sbin",
    "/boot", "/sys", "/proc", "/dev",   "/run",   "/var"};
constexpr std::array<std::string_view, 3> kTempFolders = {"/tmp", "/var/tmp", "/dev/shm"};

bool is_shared_object(std::string_view path) {
  const size_t name = path.rfind('/') + 1;
  const size_t so = path.find(".so", name);
  if (so == std::string_view::npos) return false;
  const std::string_view rest = path.substr(so + 3);
  return rest.empty() ||
         (rest[0] == '.' && rest.find_first_not_of(".0123456789") == std::string_view::npos);
}

// Of an interpreter installed anywhere: .../lib/python3.11/x.py and its like.
bool is_interpreter_library(std::string_view path) {
  const size_t at = path.find("/lib/python");
  if (at == std::string_view::npos || at + 11 >= path.size()) return false;
  return path[at + 11] >= '0' && path[at + 11] <= '9';
}

}  // namespace

const char* name_of(FileClass file_class) {
  switch (file_class) {
    case FileClass::kUser: return "user";
    case FileClass::kTemp: return "temp";
    case FileClass::kCache: return "cache";
    case FileClass::kRuntime: return "runtime";
    case FileClass::kSystem: return "system";
    case FileClass::kOwn: return "own";
  }
  return "user";
}

FileClass class_of(std::string_view path, const ClassRules& rules) {
  const bool is_own =
      std::any_of(rules.own_folders.begin(), rules.own_folders.end(),
                  [path](const std::string& folder) { return is_below(path, folder); });
  if (is_own || path.find("/.headrace/") != std::string_view::npos) return FileClass::kOwn;
  if (has_any(path, kCacheParts) || path.ends_with(".pyc")) return FileClass::kCache;
  if (has_any(path, kRuntimeParts) || is_interpreter_library(path)) return FileClass::kRuntime;
  if (is_below(path, rules.work_folder) && !is_below(rules.work_folder, "/usr")) {
    return FileClass::kUser;
  }
  for (const std::string_view folder : kTempFolders) {
    if (is_below(path, folder)) return FileClass::kTemp;
  }
  if (is_below(path, rules.temp_folder)) return FileClass::kTemp;
  for (const std::string_view folder : kSystemFolders) {
    if (is_below(path, folder)) {
      return is_shared_object(path) || folder != "/usr" || !path.starts_with("/usr/local/")
                 ? FileClass::kSystem
                 : FileClass::kRuntime;
    }
  }
  return is_shared_object(path) ? FileClass::kRuntime : FileClass::kUser;
}

std::string absolute_path(std::string_view folder, std::string_view path) {
  std::string whole;
  if (path.empty() || path[0] != '/') whole.append(folder).append("/");
  whole.append(path);
  std::vector<std::string_view> parts;
  for (size_t at = 0; at < whole.size();) {
    const size_t end = std::min(whole.find('/', at), whole.size());
    const std::string_view part = std::string_view(whole).substr(at, end - at);
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (!part.empty() && part != ".") {
      parts.push_back(part);
    }
    at = end + 1;
  }
  std::string out;
  for (const std::string_view part : parts) out.append("/").append(part);
  return out.empty() ? "/" : out;
}

}  // namespace headrace::box
