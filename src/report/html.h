// The page around the data: web/'s script and styles inline, one file that asks for nothing.
#pragma once

#include <string>
#include <string_view>

namespace headrace::report {

// What web/script/build.mjs made: HTML with one place for the data. Compiled in.
std::string_view page_shell();

// `json` in a form that is safe inside <script type="application/json">: no byte of it can end the
// element or start markup, whatever strings it holds. It stays the same JSON.
std::string html_safe_json(std::string_view json);

// The whole file.
std::string page_html(std::string_view json);

}  // namespace headrace::report
