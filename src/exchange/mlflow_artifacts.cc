#include "exchange/mlflow_artifacts.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>
#include <vector>

namespace headrace::exchange {
namespace {

// Of a URI's path: %20 is a blank.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    const char* from = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(from, from + 2, value, 16).ptr == from + 2) {
      out += static_cast<char>(value);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

std::filesystem::path artifact_folder(const std::string& location,
                                      const std::filesystem::path& base) {
  const std::string_view text = location;
  if (text.empty()) return {};
  if (text.starts_with("file:")) {
    std::string_view rest = text.substr(5);
    if (rest.starts_with("//")) {
      rest.remove_prefix(2);
      const size_t slash = rest.find('/');
      const std::string_view host = rest.substr(0, slash);
      if (slash == std::string_view::npos || (!host.empty() && host != "localhost")) return {};
      rest.remove_prefix(slash);
    }
    return unescaped(rest);
  }
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.find('/') > colon) return {};
  return base / location;
}

Status each_artifact(const std::filesystem::path& folder,
                     const std::function<Status(const Artifact&)>& artifact) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (folder.empty() || !fs::is_directory(folder, error)) return ok_status();
  std::vector<fs::path> paths;
  const auto options = fs::directory_options::skip_permission_denied;
  fs::recursive_directory_iterator entries(folder, options, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code gone;  // meanwhile
    if (entries->is_regular_file(gone)) paths.push_back(entries->path());
  }
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    const uint64_t size_bytes = fs::file_size(path, error);
    if (error) continue;
    const fs::file_time_type written = fs::last_write_time(path, error);
    if (error) continue;
    HEADRACE_RETURN_IF_ERROR(artifact({path.lexically_relative(folder).string(), path, size_bytes,
                                       written.time_since_epoch().count()}));
  }
  return ok_status();
}

}  // namespace headrace::exchange
