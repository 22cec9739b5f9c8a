#include "box/shim_file.h"

#include <cstdlib>
#include <filesystem>
#include <link.h>
#include <system_error>

#include "box/log.h"

namespace headrace::box {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "libheadrace_box.so";

int note_folder_of_duckdb(dl_phdr_info* info, size_t, void* out) {
  const std::string path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
  if (path.ends_with("/libduckdb.so")) *static_cast<fs::path*>(out) = fs::path(path).parent_path();
  return 0;
}

std::string with_addition(const char* name, const std::string& addition, char between) {
  const char* set = std::getenv(name);
  std::string out = std::string(name) + "=";
  if (set != nullptr && *set != '\0') {
    if (std::string_view(set).find(addition) != std::string_view::npos) return out + set;
    out += set;
    out += between;
  }
  return out + addition;
}

}  // namespace

Result<std::string> find_shim() {
  std::vector<fs::path> places;
  if (const char* set = std::getenv("HEADRACE_BOX_LIBRARY"); set != nullptr && *set != '\0') {
    places.emplace_back(set);
  } else {
    std::error_code error;
    const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
    if (!error) {
      places.push_back(beside / "lib" / kName);
      places.push_back(beside / "lib" / "headrace" / kName);
      places.push_back(beside / "lib64" / "headrace" / kName);
    }
    fs::path duckdb;
    dl_iterate_phdr(note_folder_of_duckdb, &duckdb);
    if (!duckdb.empty()) places.push_back(fs::weakly_canonical(duckdb, error) / kName);
  }
  std::string looked;
  for (const fs::path& place : places) {
    std::error_code error;
    if (!fs::is_regular_file(place, error)) {
      looked += (looked.empty() ? "" : ", ") + place.string();
      continue;
    }
    std::string path = fs::canonical(place, error).string();
    if (error) path = place.string();
    if (path.find_first_of(" :\t\n") != std::string::npos) {
      return Status(StatusCode::kUnsupported,
                    "the path " + path +
                        " has a space or colon, which LD_PRELOAD cannot hold; install Headrace "
                        "elsewhere to see the files of programs");
    }
    return path;
  }
  return not_found(std::string(kName) +
                   " is not there, so that files of programs are not seen; looked at " + looked);
}

std::vector<std::string> shim_variables(const std::string& shim, const std::string& log_folder) {
  return {std::string(kLogFolderVariable) + "=" + log_folder,
          with_addition("LD_PRELOAD", shim, ':'),
          with_addition("ASAN_OPTIONS", "verify_asan_link_order=0", ':')};
}

}  // namespace headrace::box
