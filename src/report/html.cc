#include "report/html.h"

namespace headrace::report {

std::string html_safe_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() + json.size() / 64);
  for (const char c : json) {
    // Outside strings JSON has none of these, so the escape always lands inside one.
    switch (c) {
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      case '&': out += "\\u0026"; break;
      default: out += c;
    }
  }
  return out;
}

std::string page_html(std::string_view json) {
  static constexpr std::string_view kPlace = "%DATA%";
  const std::string_view shell = page_shell();
  const size_t at = shell.find(kPlace);
  std::string out(shell.substr(0, at));
  out += html_safe_json(json);
  out += shell.substr(at + kPlace.size());
  return out;
}

}  // namespace headrace::report
