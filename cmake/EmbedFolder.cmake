# Writes a source file that holds the files of a folder, packed:
#   cmake -Dfolder=FOLDER -Dsource=FILE -P EmbedFolder.cmake
file(GLOB_RECURSE files RELATIVE "${folder}" "${folder}/*")
list(SORT files)
set(arrays)
set(entries)
set(number 0)
foreach(file IN LISTS files)
  set(packed "${source}.${number}.gz")
  file(ARCHIVE_CREATE OUTPUT "${packed}" PATHS "${folder}/${file}" FORMAT raw COMPRESSION GZip
       COMPRESSION_LEVEL 9)
  file(READ "${packed}" bytes HEX)
  file(REMOVE "${packed}")
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char kFile${number}[] = {\n${bytes}};\n")
  string(APPEND entries
    "      {\"${file}\", {reinterpret_cast<const char*>(kFile${number}), sizeof kFile${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${source}"
"// Made from the page that web/ builds; see cmake/HeadraceServedPage.cmake.
#include \"serve/embedded_page.h\"

namespace headrace::serve {
namespace {

${arrays}
}  // namespace

const std::vector<PageFile>& page_files() {
  static const std::vector<PageFile> files = {
${entries}  };
  return files;
}

}  // namespace headrace::serve
")
