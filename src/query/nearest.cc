#include "query/nearest.h"

#include <algorithm>
#include <optional>

#include "base/ascii_case.h"
#include "query/json.h"

namespace headrace::query {
namespace {

// Smaller is nearer; nothing when it is not near at all.
std::optional<size_t> nearness(const std::string& name, const std::string& other) {
  const size_t distance = edit_distance(name, other);
  if (distance <= std::max<size_t>(1, name.size() / 3) && distance < name.size()) return distance;
  const bool contained = other.find(name) != std::string::npos ||
                         (other.size() >= 3 && name.find(other) != std::string::npos);
  if (name.size() >= 2 && contained) return name.size() + distance;
  return std::nullopt;
}

}  // namespace

size_t edit_distance(std::string_view a_text, std::string_view b_text) {
  const std::string a = lower_case(a_text);
  const std::string b = lower_case(b_text);
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::vector<std::string> nearest_names(std::string_view name, const std::vector<std::string>& known,
                                       size_t limit) {
  const std::string wanted = lower_case(name);
  std::vector<std::pair<size_t, std::string>> near;
  for (const std::string& other : known) {
    if (other.empty() || other.size() > 256) continue;
    if (const auto distance = nearness(wanted, lower_case(other)))
      near.emplace_back(*distance, other);
  }
  std::sort(near.begin(), near.end());
  near.erase(std::unique(near.begin(), near.end()), near.end());
  std::vector<std::string> out;
  for (auto& [distance, other] : near) {
    if (out.size() == limit) break;
    out.push_back(std::move(other));
  }
  return out;
}

std::string in_one_line(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_control = (c >= 0 && c < ' ') || c == 0x7F;
    if (!is_control) {
      out += c;
      continue;
    }
    const std::string quoted = json_quoted({&c, 1});
    out += quoted.substr(1, quoted.size() - 2);
  }
  return out;
}

std::string did_you_mean(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  std::string out = "; did you mean ";
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
    out += in_one_line(names[i]);
  }
  return out + "?";
}

std::string listed(const std::vector<std::string>& names, size_t limit) {
  std::string out;
  const size_t shown = std::min(names.size(), limit);
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += in_one_line(names[i]);
  }
  if (shown < names.size()) out += " and " + std::to_string(names.size() - shown) + " more";
  return out;
}

}  // namespace headrace::query
