# headrace_page(<target>): compiles the report's page, which web/ builds with Node, into a target.
# The same build makes the folder that the server shows, see HeadraceServedPage.cmake.
#
# Without Node (or with -DHEADRACE_NODE=OFF) a page built elsewhere is taken: HEADRACE_PAGE.
function(headrace_page target)
  set(web "${PROJECT_SOURCE_DIR}/web")
  set(HEADRACE_PAGE "${web}/dist/report.html" CACHE FILEPATH "The report's page, where there is no Node")
  find_program(HEADRACE_NODE node HINTS "${PROJECT_SOURCE_DIR}/.venv/bin")
  set(embed "${PROJECT_SOURCE_DIR}/cmake/EmbedPage.cmake")
  if(HEADRACE_NODE)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*.ts" "${web}/src/*.css"
         "${web}/src/*.html" "${web}/src/*.svelte")
    set(page "${CMAKE_CURRENT_BINARY_DIR}/page/report.html")
    add_custom_command(
      OUTPUT "${page}" "${CMAKE_CURRENT_BINARY_DIR}/page/page/index.html"
      COMMAND "${HEADRACE_NODE}" "${web}/script/build.mjs" "${CMAKE_CURRENT_BINARY_DIR}/page"
      DEPENDS ${sources} "${web}/script/build.mjs" "${web}/package-lock.json"
      COMMENT "Building the report's page"
      VERBATIM)
    add_custom_target(headrace_pages DEPENDS "${page}")
    add_dependencies(${target} headrace_pages)
    set_property(GLOBAL PROPERTY HEADRACE_SERVED_PAGE "${CMAKE_CURRENT_BINARY_DIR}/page/page")
  elseif(EXISTS "${HEADRACE_PAGE}")
    set(page "${HEADRACE_PAGE}")
  else()
    message(FATAL_ERROR
      "The report's page cannot be built: there is no Node here and no ${HEADRACE_PAGE}.\n"
      "Run ./script/setup, which installs Node into the environment, then configure again.\n"
      "(To build only the capture library, which needs no page: -DHEADRACE_CAPTURE_ONLY=ON)")
  endif()
  set(source "${CMAKE_CURRENT_BINARY_DIR}/page_shell.cc")
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-Dpage=${page}" "-Dsource=${source}" -P "${embed}"
    DEPENDS "${page}" "${embed}"
    VERBATIM)
  target_sources(${target} PRIVATE "${source}")
endfunction()
