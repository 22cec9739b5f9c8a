# headrace_page(<target>): compiles the report's page, which web/ builds with Node, into a target.
# The folder that the server shows is HeadraceServedPage.cmake's.
#
# Without Node (or with -DHEADRACE_NODE=OFF) a page built elsewhere is taken: HEADRACE_PAGE.
function(headrace_page target)
  set(web "${PROJECT_SOURCE_DIR}/web")
  set(HEADRACE_PAGE "${web}/dist/report.html" CACHE FILEPATH "The report's page, where there is no Node")
  find_program(HEADRACE_NODE node HINTS "${PROJECT_SOURCE_DIR}/.venv/bin")
  set(embed "${PROJECT_SOURCE_DIR}/cmake/EmbedPage.cmake")
  if(HEADRACE_NODE)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${web}/src/*.ts" "${web}/src/*.css"
         "${web}/src/*.html")
    set(page "${CMAKE_CURRENT_BINARY_DIR}/page/report.html")
    add_custom_command(
      OUTPUT "${page}"
      COMMAND "${HEADRACE_NODE}" "${web}/script/build.mjs" "${CMAKE_CURRENT_BINARY_DIR}/page"
      DEPENDS ${sources} "${web}/script/build.mjs" "${web}/package-lock.json"
      COMMENT "Building the report's page"
      VERBATIM)
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
