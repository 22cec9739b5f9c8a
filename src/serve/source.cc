#include "serve/source.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

namespace headrace::serve {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = ".headrace";

std::string name_of(const fs::path& root) {
  const fs::path named = root.filename() == kFolder ? root.parent_path() : root;
  std::string out = fs::is_directory(root) ? named.filename().string() : named.stem().string();
  for (char& c : out) {
    const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == '-';
    if (!stays) c = '-';
  }
  // Neither "." nor "..", which addresses take for something else.
  const bool is_dots = out.find_first_not_of('.') == std::string::npos;
  return is_dots ? "store" : out;
}

}  // namespace

Result<std::vector<SourceSpec>> find_sources(const std::vector<fs::path>& paths) {
  std::vector<SourceSpec> out;
  std::set<fs::path> roots;
  std::set<std::string> names;
  for (const fs::path& path : paths) {
    std::error_code error;
    const bool is_file_name = path.extension() == ".duckdb";
    if (is_file_name && !fs::is_regular_file(path, error)) {
      return not_found("there is no store " + path.string());
    }
    const bool has_one = fs::is_directory(path / kFolder, error);
    fs::path root = fs::absolute(has_one ? path / kFolder : path, error).lexically_normal();
    if (root.filename().empty()) root = root.parent_path();
    if (!roots.insert(root).second) return invalid_argument(root.string() + " is named twice");
    const std::string plain = name_of(root);
    std::string name = plain;
    for (int n = 2; !names.insert(name).second; ++n) name = plain + "-" + std::to_string(n);
    out.push_back({std::move(name), std::move(root)});
  }
  return out;
}

Source::Source(SourceSpec spec, LiveStoreOptions options,
               std::function<void(Source&, const std::string&)> ask_ahead)
    : spec_(std::move(spec)),
      ahead_([this, ask_ahead = std::move(ask_ahead)](
                 const std::string& target) { ask_ahead(*this, target); },
             [this] {
               const auto view = live_.view();
               return view.ok() ? opening_questions((*view)->session).value_or({})
                                : std::vector<std::string>();
             }),
      live_(Directory{spec_.root}, watched_by(std::move(options)), [this](const Change& change) {
        events_.publish(change);
        ahead_.changed();
      }) {}

LiveStoreOptions Source::watched_by(LiveStoreOptions options) {
  options.is_watched = [this] { return events_.has_readers() || ahead_.is_looked_at(); };
  return options;
}

Source::~Source() {
  ahead_.stop();
  live_.stop();
}

}  // namespace headrace::serve
