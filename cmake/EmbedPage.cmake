# Writes a source file that holds the page's bytes:  cmake -Dpage=FILE -Dsource=FILE -P EmbedPage.cmake
file(READ "${page}" bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE "${source}"
"// Made from the page that web/ builds; see cmake/HeadracePage.cmake.
#include \"report/html.h\"

namespace headrace::report {

std::string_view page_shell() {
  static constexpr unsigned char kPage[] = {
${bytes}};
  return {reinterpret_cast<const char*>(kPage), sizeof kPage};
}

}  // namespace headrace::report
")
