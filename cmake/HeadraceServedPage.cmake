# headrace_served_page(<target>): compiles the page that `headrace serve` shows into a target: a
# folder with index.html and assets/, each file packed by gzip.
#
# It comes from the build of the report's page (HeadracePage.cmake), which stands before it. Without
# Node a folder built elsewhere is taken (HEADRACE_SERVED_PAGE), and without that a page of links.
function(headrace_served_page target)
  set(HEADRACE_SERVED_PAGE "${PROJECT_SOURCE_DIR}/web/dist/page" CACHE PATH
      "The served page, where there is no Node")
  set(embed "${PROJECT_SOURCE_DIR}/cmake/EmbedFolder.cmake")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/page_files.cc")
  get_property(folder GLOBAL PROPERTY HEADRACE_SERVED_PAGE)
  if(folder)
    add_dependencies(${target} headrace_pages)
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
