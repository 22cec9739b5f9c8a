// Taking a request's target apart (RFC 3986; queries as HTML forms write them).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace headrace::serve {

struct Url {
  std::string path;                                          // still encoded
  std::vector<std::pair<std::string, std::string>> query{};  // decoded, in order
};
Url url_of(std::string_view target);

// "%41" is "A"; nothing when a % stands without two digits. `plus_is_space`: in queries.
std::optional<std::string> decoded(std::string_view text, bool plus_is_space);

// The decoded parts of a path between its slashes; nothing for a path that is not understood.
std::optional<std::vector<std::string>> parts_of(std::string_view path);

}  // namespace headrace::serve
