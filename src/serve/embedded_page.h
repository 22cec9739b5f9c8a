// The page that web/ builds, compiled in, packed by gzip: index.html and the files in assets/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/http.h"

namespace headrace::serve {

struct PageFile {
  std::string_view path;    // "index.html", "assets/index-3f2a.js"
  std::string_view packed;  // gzip
};
// Made by cmake/HeadraceServedPage.cmake.
const std::vector<PageFile>& page_files();

// A file of the page by its path; any other path is index.html, which reads the address itself:
// campaigns at /, a campaign at /campaign/ID, and so on. Below /assets/ what is not there is 404.
Response page_response(const Request& request, const std::string& path);

}  // namespace headrace::serve
