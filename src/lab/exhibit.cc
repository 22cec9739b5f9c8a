#include "lab/exhibit.h"

namespace headrace::lab {

std::string line_of(uint64_t number, bool torn) {
  std::string text = std::to_string(number);
  if (torn) return text.substr(0, text.size() / 2);
  return text + "\n";
}

}  // namespace headrace::lab
