# headrace_served_page(<target>): compiles the page that `headrace serve` shows into a target: a
# folder with index.html and assets/, each file packed by gzip.
#
# Node builds it from web/. Without Node a folder built elsewhere is taken (HEADRACE_SERVED_PAGE), and
# without that a page of links.
function(headrace_served_page target)
  set(HEADRACE_SERVED_PAGE "${PROJECT_SOURCE_DIR}/web/dist/page" CACHE PATH
      "The served page, where there is no Node")
  set(embed "${PROJECT_SOURCE_DIR}/cmake/EmbedFolder.cmake")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/page_files.cc")
  find_program(HEADRACE_NODE node HINTS "${PROJECT_SOURCE_DIR}/.venv/bin")
  if(HEADRACE_NODE)
    set(web "${PROJECT_SOURCE_DIR}/web")
    set(folder "${CMAKE_CURRENT_BINARY_DIR}/page")
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*.ts" "${web}/src/*.css"
         "${web}/src/*.svelte")
    add_custom_command(
      OUTPUT "${folder}/index.html"
      COMMAND "${HEADRACE_NODE}" "${web}/script/build_page.mjs" "${folder}"
      DEPENDS ${sources} "${web}/index.html" "${web}/script/build_page.mjs"
              "${web}/package-lock.json"
      COMMENT "Building the served page"
      VERBATIM)
  elseif(EXISTS "${HEADRACE_SERVED_PAGE}/index.html")
    set(folder "${HEADRACE_SERVED_PAGE}")
  else()
    set(folder "${PROJECT_SOURCE_DIR}/src/serve/first_page")
  endif()
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-Dfolder=${folder}" "-Dsource=${source}" -P "${embed}"
    DEPENDS "${folder}/index.html" "${embed}"
    COMMENT "Embedding the served page"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
endfunction()
