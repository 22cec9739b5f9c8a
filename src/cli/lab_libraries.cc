#include "cli/lab_libraries.h"

#include <cstdlib>
#include <filesystem>
#include <link.h>
#include <system_error>
#include <vector>

namespace headrace::cli {
namespace {

// In a Python package the program lies elsewhere than what belongs to it.
int note_folder_of_duckdb(dl_phdr_info* one, size_t, void* out) {
  const std::string path = one->dlpi_name == nullptr ? "" : one->dlpi_name;
  if (!path.ends_with("/libduckdb.so")) return 0;
  *static_cast<std::filesystem::path*>(out) = std::filesystem::path(path).parent_path();
  return 1;
}

}  // namespace

Result<std::string> find_lab_libraries() {
  namespace fs = std::filesystem;
  std::vector<fs::path> places;
  std::error_code error;
  if (const char* set = std::getenv("HEADRACE_LAB_LIBRARIES"); set != nullptr && *set != '\0') {
    places.emplace_back(set);
  } else {
    const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path().parent_path();
    for (const char* place : {"lib/lab", "lib/headrace/lab", "lib64/headrace/lab"}) {
      places.push_back(beside / place);
    }
    fs::path duckdb;
    dl_iterate_phdr(note_folder_of_duckdb, &duckdb);
    if (!duckdb.empty()) places.push_back(duckdb / "lab");
  }
  std::string looked;
  for (const fs::path& place : places) {
    if (fs::exists(place / "libnvidia-ml.so.1", error)) return fs::absolute(place, error).string();
    looked += (looked.empty() ? "" : ", ") + place.string();
  }
  return not_found(
      "the stand-ins of the vendors' libraries are not there, so that there are no "
      "emulated GPUs but through sysfs; looked at " +
      looked + "; HEADRACE_LAB_LIBRARIES names another folder");
}

}  // namespace headrace::cli
