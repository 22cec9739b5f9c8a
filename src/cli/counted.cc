#include "cli/counted.h"

#include <algorithm>
#include <cstdio>

#include "query/units.h"

namespace headrace::cli {
namespace {

std::string many_of(const Counted& c) { return c.many.empty() ? query::plural(c.one) : c.many; }

}  // namespace

std::string listed(const std::vector<Counted>& counts) {
  std::vector<std::string> parts;
  for (const Counted& c : counts) {
    if (c.n <= 0) continue;
    parts.push_back(query::grouped(static_cast<uint64_t>(c.n)) + " " +
                    (c.n == 1 ? c.one : many_of(c)));
  }
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  }
  return out.empty() ? "nothing" : out;
}

void print_json(const std::vector<Counted>& counts) {
  std::string out = "{";
  for (const Counted& c : counts) {
    std::string name = many_of(c);
    std::replace(name.begin(), name.end(), ' ', '_');
    out += (out.size() > 1 ? ", \"" : "\"") + name + "\": " + std::to_string(c.n);
  }
  std::printf("%s}\n", out.c_str());
}

}  // namespace headrace::cli
